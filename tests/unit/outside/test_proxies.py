import pytest
from yarl import URL

from feedgate.outside.proxies import InvalidProxy, Proxies

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        pytest.param({}, "https://files.example/", None, id="none"),
        pytest.param({"https": PROXY}, "https://files.example/", PROXY, id="https"),
        pytest.param({"https": PROXY}, "http://files.example/", None, id="other-scheme"),
        pytest.param({"http": PROXY}, "http://files.example/", PROXY, id="http"),
        pytest.param({"all": PROXY}, "https://files.example/", PROXY, id="all"),
        pytest.param({"https": "proxy.example:3128"}, "https://files.example/", PROXY, id="no-scheme"),
        pytest.param({"https": PROXY, "no": "files.example"}, "https://files.example/", None, id="bypassed"),
        pytest.param({"https": PROXY, "no": ".example"}, "https://files.example/", None, id="suffix"),
        pytest.param({"https": PROXY, "no": "example"}, "https://files.example/", None, id="bare-suffix"),
        pytest.param({"https": PROXY, "no": "iles.example"}, "https://files.example/", PROXY, id="no-suffix"),
        pytest.param({"https": PROXY, "no": "*"}, "https://files.example/", None, id="everything"),
        pytest.param(
            {"https": PROXY, "no": "files.example:8443"}, "https://files.example:8443/", None, id="port"
        ),
        pytest.param(
            {"https": PROXY, "no": "files.example:8443"}, "https://files.example/", PROXY, id="other-port"
        ),
        pytest.param(
            {"https": PROXY, "no": "a.example, files.example"}, "https://files.example/", None, id="listed"
        ),
        pytest.param({"https": ""}, "https://files.example/", None, id="empty"),
    ],
)
def test_which_proxy_stands_before_an_address(
    variables: dict[str, str], url: str, expected: str | None
) -> None:
    proxy = Proxies(variables).before(URL(url))

    assert proxy == (None if expected is None else URL(expected))


@pytest.mark.parametrize(
    "raw", ["socks5://proxy.example:1080", "http://", "http://[::1", "http://proxy.example:x"]
)
def test_a_proxy_that_can_not_be_used_is_named_by_its_variable(raw: str) -> None:
    with pytest.raises(InvalidProxy, match="HTTPS_PROXY"):
        Proxies({"https": raw})


def test_a_proxys_password_is_sent_and_never_shown() -> None:
    proxies = Proxies({"https": "http://me:hunter2@proxy.example:3128"})

    proxy = proxies.before(URL("https://files.example/"))

    assert proxy is not None
    assert proxy.password == "hunter2"
    assert "hunter2" not in repr(proxies)


def test_the_environment_is_read_in_small_letters_and_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("no_proxy", "files.example")

    proxies = Proxies.from_environment()

    assert proxies.before(URL("https://files.example/")) is None
    assert proxies.before(URL("https://other.example/")) == URL(PROXY)

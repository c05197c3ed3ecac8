import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.machine.addresses import FeedUrl, InvalidFeedUrl
from feedgate.machine.index_address import IndexUrl, parse_index_url
from feedgate.machine.pip_configuration import set_index_url
from feedgate.machine.snippets import uv_lines
from feedgate.machine.toml_statements import array_of_tables, parse_statements
from tests.unit.machine.conftest import Vm

AZURE = "https://pkgs.dev.azure.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://feeds.example/acme/pip-feed",
        "https://feeds.example/acme/p/pip-feed",
        f"{AZURE}/acme/_packaging/pip-feed/pypi/simple/",
        f"{AZURE}/acme/p/_packaging/pip-feed@Release/pypi/simple",
        f"{AZURE}/acme/_packaging/pip-feed/pypi/upload",
        "https://acme.pkgs.visualstudio.com/p/_packaging/pip-feed/pypi/simple/",
        "https://devops.example/Collection/p/_packaging/pip-feed/pypi/simple/",
    ],
)
def test_what_has_our_paths_is_a_feed(url: str) -> None:
    assert isinstance(parse_index_url(url), FeedUrl)


@pytest.mark.parametrize(
    ("url", "simple_url"),
    [
        pytest.param("http://h:8080/simple/", "http://h:8080/simple/", id="pypiserver"),
        pytest.param("http://h:8080/simple", "http://h:8080/simple/", id="pypiserver-no-slash"),
        pytest.param("https://H:443/root/dev/+simple/", "https://h/root/dev/+simple/", id="devpi"),
        pytest.param("https://h/root/+simple", "https://h/root/+simple/", id="devpi-no-slash"),
        pytest.param(
            "https://h/repository/pypi-all/simple", "https://h/repository/pypi-all/simple/", id="nexus"
        ),
        pytest.param(
            "https://h/artifactory/api/pypi/x/simple",
            "https://h/artifactory/api/pypi/x/simple/",
            id="artifactory",
        ),
        pytest.param(
            "https://h/api/v4/projects/acme%2Fcore/packages/pypi/simple",
            "https://h/api/v4/projects/acme%2Fcore/packages/pypi/simple/",
            id="gitlab",
        ),
        pytest.param("https://h/whl/cu121/", "https://h/whl/cu121/", id="two-parts-and-a-slash"),
        pytest.param("https://h/a/b/c/", "https://h/a/b/c/", id="three-parts-and-a-slash"),
        pytest.param("https://h/a/b/c/d", "https://h/a/b/c/d/", id="four-parts"),
        pytest.param("https://h/pypi", "https://h/pypi/", id="one-part"),
        pytest.param("https://h/mein lager/simple", "https://h/mein%20lager/simple/", id="blank"),
        pytest.param("https://h/lager-ü/x'\"/simple", "https://h/lager-%C3%BC/x'%22/simple/", id="quotes"),
        pytest.param(
            "https://acme.pkgs.visualstudio.com/_packaging/f/pypi/simple/",
            "https://acme.pkgs.visualstudio.com/_packaging/f/pypi/simple/",
            id="azure-older-host",
        ),
        pytest.param(
            "https://acme.pkgs.visualstudio.com/_packaging/f/pypi/upload/",
            "https://acme.pkgs.visualstudio.com/_packaging/f/pypi/simple/",
            id="azure-older-host-upload",
        ),
        pytest.param(
            "https://h/tfs/Collection/p%20q/_packaging/f%40Local",
            "https://h/tfs/Collection/p%20q/_packaging/f%40Local/pypi/simple/",
            id="azure-devops-server",
        ),
    ],
)
def test_any_other_index_is_taken_as_it_is(url: str, simple_url: str) -> None:
    index = parse_index_url(url)

    assert isinstance(index, IndexUrl)
    assert index.simple_url == simple_url
    assert ":" not in index.host


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://h", "names no index"),
        ("https://h/", "names no index"),
        ("https://h//", "names no index"),
        ("https://h/a//simple/", "empty or dots"),
        ("https://h/a/../simple/", "empty or dots"),
        ("https://h/100%/simple/", "can not be read"),
        ("https://h/a%0Ab/simple/", "can not be read"),
        ("https://h/a\\b/simple/", "can not be read"),
        ("https://h/a%7fb/simple/", "can not be read"),
        ("https://h/_packaging/", "no feed's name"),
        ("https://h/_packaging/f/pypi/simple/demo/", "goes on after"),
        ("https://h/_packaging/f/npm/registry/", "goes on after"),
        ("https://h/a/_packaging/f/npm/registry/", "goes on after"),
        ("https://h/simple/?x=1", "query"),
        ("https://user:canary@h/simple/", "credentials"),
        ("ftp://h/simple/", "does not begin with"),
        ("https://[::1]/simple/", "IPv6"),
    ],
)
def test_what_names_no_index_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidFeedUrl, match=reason) as caught:
        parse_index_url(url)

    assert "canary" not in caught.value.message
    assert "/simple/" in caught.value.next_step


@given(path=st.text(st.characters(codec="utf-8"), max_size=12))
def test_whatever_is_taken_stands_in_both_clients_files_as_one_value(
    path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vm = Vm(tmp_path_factory.getbasetemp())
    try:
        url = parse_index_url(f"https://h/{path}/simple/").simple_url
    except InvalidFeedUrl:
        return

    conf = set_index_url(vm.etc("pip.conf"), "", url)
    (table,) = array_of_tables(parse_statements(vm.etc("uv.toml"), uv_lines(url)), ("index",))

    assert conf == f"[global]\nindex-url = {url}\n"
    assert url.isascii()
    assert not set(url) & set(' "\\\r\n\t')
    assert table.text("url") == url
    assert parse_index_url(url).simple_url == url

"""Where the fetcher does and does not connect: real redirects, links and names, in both directions."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import UpstreamUnavailable
from feedgate.model.secret import Secret
from feedgate.outside.egress import EgressDenied, InvalidHost
from feedgate.outside.exchange import RedirectLoop
from feedgate.outside.fetcher import Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.proxies import InvalidProxy, Proxies
from tests.doubles.authority import Authority, make_authority
from tests.doubles.names import Names
from tests.doubles.proxy import Proxy
from tests.doubles.upstream import Redirect, Upstream

NAME = "demo-1.0-py3-none-any.whl"
BODY = b"the bytes of demo"
DIGEST = parse_digest(hashlib.sha256(BODY).hexdigest())
CREDENTIALS = ("reader", Secret("hunter2"))
BASIC = "Basic cmVhZGVyOmh1bnRlcjI="


async def no_nap(_: float) -> None:
    """Wait for nothing."""


def settings(
    upstream: Upstream,
    *allowed_hosts: str,
    proxies: Proxies | None = None,
    credentials: tuple[str, Secret] | None = None,
    authority: Path | None = None,
) -> FetcherSettings:
    return FetcherSettings(
        upstream_url=upstream.url,
        allowed_hosts=allowed_hosts,
        credentials=credentials,
        authority=authority,
        proxies=proxies or Proxies(),
        patience=Patience(attempts=4, sleep=no_nap),
    )


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.add(NAME, BODY)
        yield upstream


@pytest.fixture
async def other() -> AsyncIterator[Upstream]:
    """Somebody else's server on the same machine."""
    async with Upstream() as other:
        other.add(NAME, BODY)
        yield other


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"), "upstream.example", "files.example")


def secure(authority: Authority) -> AbstractAsyncContextManager[Upstream]:
    upstream = Upstream(tls=authority.server)
    upstream.add(NAME, BODY)
    return upstream


async def get(fetcher: Fetcher, url: str) -> bytes:
    answer = await fetcher.get_page(url, name=NAME, headers={})
    assert answer.status == 200
    return answer.body


# ---------------------------------------------------------------------- redirects


async def test_a_redirect_within_the_upstream_is_followed(upstream: Upstream) -> None:
    upstream.fault("demo", Redirect("/simple/real/"))
    upstream.fault("real", Redirect(f"../../files/{NAME}", status=307))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        answer = await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})

    assert answer.body == BODY
    assert answer.url == upstream.file_url(NAME)


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("http://127.0.0.1:{port}/files/{name}", id="loopback"),
        pytest.param("//127.0.0.1:{port}/files/{name}", id="loopback-without-scheme"),
        pytest.param("https://127.0.0.1:{port}/files/{name}", id="loopback-https"),
        pytest.param("https://127.1:{port}/", id="loopback-short"),
        pytest.param("https://2130706433:{port}/", id="loopback-as-a-number"),
        pytest.param("https://localhost:{port}/", id="loopback-by-name"),
        pytest.param("https://[::1]:{port}/", id="loopback-6"),
        pytest.param("https://[::ffff:127.0.0.1]:{port}/", id="loopback-mapped"),
        pytest.param("https://[::ffff:a9fe:a9fe]/", id="cloud-metadata-mapped"),
        pytest.param("https://[64:ff9b::7f00:1]:{port}/", id="loopback-nat64"),
        pytest.param("http://169.254.169.254/latest/", id="cloud-metadata"),
        pytest.param("https://169.254.169.254/latest/", id="cloud-metadata-https"),
        pytest.param("https://168.63.129.16/", id="wire-server"),
        pytest.param("https://10.0.0.1/", id="private"),
        pytest.param("https://0.0.0.0:{port}/", id="unspecified"),
        pytest.param("http://files.example/", id="http-to-anyone"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("ftp://files.example/x", id="ftp"),
        pytest.param("data:text/plain,x", id="data"),
        pytest.param("https://reader:hunter2@files.example/", id="credentials"),
        pytest.param("https://[::1/", id="no-address"),
    ],
)
async def test_a_redirect_to_elsewhere_is_not_followed(upstream: Upstream, other: Upstream, to: str) -> None:
    upstream.fault(NAME, Redirect(to.format(port=other.port, name=NAME)))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        with pytest.raises(EgressDenied) as denied:
            await get(fetcher, upstream.file_url(NAME))

    assert str(denied.value).startswith(f"{NAME}: ")
    assert "hunter2" not in str(denied.value)
    assert len(upstream.log) == 1
    assert other.log == []


async def test_a_redirect_to_a_host_that_the_operator_named_is_followed(
    upstream: Upstream, other: Upstream
) -> None:
    upstream.fault(NAME, Redirect(other.file_url(NAME)))

    async with Fetcher.opened(settings(upstream, other.origin)) as fetcher:
        assert await get(fetcher, upstream.file_url(NAME)) == BODY


async def test_a_named_host_leads_no_further_than_others(upstream: Upstream, other: Upstream) -> None:
    upstream.fault(NAME, Redirect(other.file_url(NAME)))
    other.fault(NAME, Redirect("https://169.254.169.254/"))

    async with Fetcher.opened(settings(upstream, other.origin)) as fetcher:
        with pytest.raises(EgressDenied, match=r"169\.254\.169\.254"):
            await get(fetcher, upstream.file_url(NAME))


async def test_five_redirects_are_followed_and_six_are_not(upstream: Upstream) -> None:
    for hop in range(5):
        upstream.fault(f"hop{hop}", Redirect(f"/simple/hop{hop + 1}/"))
    upstream.fault("hop5", Redirect(f"/files/{NAME}"))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        assert await get(fetcher, f"{upstream.url}hop1/") == BODY
        with pytest.raises(RedirectLoop, match="more than 5 times"):
            await get(fetcher, f"{upstream.url}hop0/")


async def test_a_redirect_to_itself_ends(upstream: Upstream) -> None:
    upstream.fault("demo", Redirect("/simple/demo/"))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        with pytest.raises(RedirectLoop):
            await get(fetcher, f"{upstream.url}demo/")
    assert len(upstream.log) == 6


# ---------------------------------------------------------------------- links


@pytest.mark.parametrize(
    "source",
    [
        "http://169.254.169.254/demo-1.0-py3-none-any.whl",
        "https://169.254.169.254/demo-1.0-py3-none-any.whl",
        "https://[fd00:ec2::254]/demo-1.0-py3-none-any.whl",
        "http://localhost/demo-1.0-py3-none-any.whl",
        "file:///etc/passwd",
        "not an address",
    ],
)
async def test_a_page_that_links_to_a_forbidden_address_brings_nothing(
    upstream: Upstream, tmp_path: Path, source: str
) -> None:
    blobs = Files(tmp_path)

    async with Fetcher.opened(settings(upstream)) as fetcher:
        with pytest.raises(EgressDenied, match=NAME):
            await fetcher.download(Distribution(NAME, DIGEST, source=source), blobs, progress=lambda _: None)
        with pytest.raises(EgressDenied, match=NAME):
            await fetcher.open(source, what=NAME)

    assert not await blobs.has(DIGEST)


async def test_a_signed_link_is_sent_as_it_was_written(upstream: Upstream) -> None:
    link = f"/files/{NAME}?sig=a%2Bb%2fc%3D&se=2026-11-24T08%3A00%3A00Z"
    upstream.fault("demo", Redirect(link))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        await get(fetcher, f"{upstream.url}demo/")

    assert upstream.log[-1].path == link


# ---------------------------------------------------------------------- credentials


async def test_credentials_go_to_the_upstreams_origin(upstream: Upstream) -> None:
    upstream.credentials = ("reader", "hunter2")
    upstream.fault("demo", Redirect(f"/files/{NAME}"))

    async with Fetcher.opened(settings(upstream, credentials=CREDENTIALS)) as fetcher:
        assert await get(fetcher, f"{upstream.url}demo/") == BODY

    assert [seen.headers.get("Authorization") for seen in upstream.log] == [BASIC, BASIC]


async def test_credentials_go_nowhere_else(upstream: Upstream, other: Upstream) -> None:
    upstream.fault(NAME, Redirect(other.file_url(NAME)))
    other.fault(NAME, Redirect(f"{upstream.origin}/files/second"), times=1)
    upstream.fault("second", Redirect(other.file_url(NAME)))

    async with Fetcher.opened(settings(upstream, other.origin, credentials=CREDENTIALS)) as fetcher:
        assert await get(fetcher, upstream.file_url(NAME)) == BODY

    assert [seen.headers.get("Authorization") for seen in upstream.log] == [BASIC, BASIC]
    assert [seen.headers.get("Authorization") for seen in other.log] == [None, None]


async def test_netrc_is_not_read(upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    async with Fetcher.opened(settings(upstream)) as fetcher:
        await get(fetcher, upstream.file_url(NAME))

    assert "Authorization" not in upstream.log[0].headers


# ---------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["10.0.0.1"], id="private"),
        pytest.param(["169.254.169.254"], id="cloud-metadata"),
        pytest.param(["::ffff:127.0.0.1"], id="mapped"),
        pytest.param(["127.0.0.1", "::1"], id="two-of-them"),
        pytest.param(["10.0.0.1", "192.168.0.1", "fd00::1"], id="three-of-them"),
    ],
)
async def test_a_name_is_judged_by_what_it_resolves_to(upstream: Upstream, addresses: list[str]) -> None:
    names = Names({"files.example": [addresses]})

    async with Fetcher.opened(settings(upstream), resolver=names) as fetcher:
        with pytest.raises(EgressDenied, match=r"files\.example \("):
            await get(fetcher, f"https://files.example:{upstream.port}/files/{NAME}")
    assert upstream.log == []


async def test_a_name_that_is_not_found_is_no_answer(upstream: Upstream) -> None:
    async with Fetcher.opened(settings(upstream), resolver=Names({})) as fetcher:
        with pytest.raises(UpstreamUnavailable, match="its name was not found, 4 times"):
            await get(fetcher, "https://files.example/")


async def test_a_gateway_that_answers_for_the_upstream_answers_for_other_names(authority: Authority) -> None:
    async with secure(authority) as gateway:
        names = Names({"upstream.example": [["127.0.0.1"]], "files.example": [["127.0.0.1"]]})
        asked = FetcherSettings(
            patience=Patience(attempts=4),
            upstream_url=f"https://upstream.example:{gateway.port}/simple/",
            authority=authority.path,
            proxies=Proxies(),
        )
        async with Fetcher.opened(asked, resolver=names) as fetcher:
            assert await get(fetcher, f"https://files.example:{gateway.port}/files/{NAME}") == BODY


async def test_a_gateway_answers_at_its_own_port_only(authority: Authority) -> None:
    async with secure(authority) as gateway, secure(authority) as neighbour:
        names = Names({"upstream.example": [["127.0.0.1"]], "files.example": [["127.0.0.1"]]})
        asked = FetcherSettings(
            patience=Patience(attempts=4),
            upstream_url=f"https://upstream.example:{gateway.port}/simple/",
            authority=authority.path,
            proxies=Proxies(),
        )
        async with Fetcher.opened(asked, resolver=names) as fetcher:
            with pytest.raises(EgressDenied, match="loopback"):
                await get(fetcher, f"https://files.example:{neighbour.port}/files/{NAME}")
        assert neighbour.log == []


async def test_the_loopback_upstream_opens_no_other_name_over_http(upstream: Upstream) -> None:
    names = Names({"files.example": [["127.0.0.1"]]})

    async with Fetcher.opened(settings(upstream), resolver=names) as fetcher:
        with pytest.raises(EgressDenied, match="http is only for hosts configured with http"):
            await get(fetcher, f"http://files.example:{upstream.port}/files/{NAME}")
    assert names.asked == []


async def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    authority: Authority,
) -> None:
    async with secure(authority) as gateway:
        names = Names({"upstream.example": [["127.0.0.1"]], "files.example": [["127.0.0.1"], ["127.0.0.2"]]})
        asked = FetcherSettings(
            patience=Patience(attempts=4),
            upstream_url=f"https://upstream.example:{gateway.port}/simple/",
            authority=authority.path,
            proxies=Proxies(),
        )
        address = f"https://files.example:{gateway.port}/files/{NAME}"
        for expected in ("admitted", "denied"):
            async with Fetcher.opened(asked, resolver=names) as fetcher:
                if expected == "admitted":
                    assert await get(fetcher, address) == BODY
                else:
                    with pytest.raises(EgressDenied, match=r"127\.0\.0\.2"):
                        await get(fetcher, address)


async def test_a_gateway_is_looked_up_only_after_a_denial(upstream: Upstream) -> None:
    names = Names({"mirror.example": [["127.0.0.1"]]})

    async with Fetcher.opened(settings(upstream, "mirror.example"), resolver=names) as fetcher:
        await get(fetcher, upstream.file_url(NAME))
        assert names.asked == []
        for _ in range(3):
            with pytest.raises(EgressDenied):
                await get(fetcher, "https://10.0.0.1/")

    assert names.asked == ["mirror.example"]


async def test_a_named_host_that_is_not_found_is_no_gateway(upstream: Upstream) -> None:
    async with Fetcher.opened(settings(upstream, "mirror.example"), resolver=Names({})) as fetcher:
        with pytest.raises(EgressDenied, match="private"):
            await get(fetcher, "https://10.0.0.1/")


# ---------------------------------------------------------------------- proxies


async def test_a_named_http_host_is_asked_through_the_proxy(upstream: Upstream) -> None:
    async with Proxy() as proxy:
        through = Proxies({"http": proxy.url.replace("://", "://me:hunter2@")})
        async with Fetcher.opened(settings(upstream, proxies=through)) as fetcher:
            assert await get(fetcher, upstream.file_url(NAME)) == b"answered by the proxy"

    assert proxy.seen == [f"GET {upstream.file_url(NAME)}"]
    assert proxy.authorizations == ["Basic bWU6aHVudGVyMg=="]
    assert upstream.log == []


async def test_no_proxy_goes_straight(upstream: Upstream) -> None:
    async with Proxy() as proxy:
        past = Proxies({"http": proxy.url, "no": f"127.0.0.1:{upstream.port}"})
        async with Fetcher.opened(settings(upstream, proxies=past)) as fetcher:
            assert await get(fetcher, upstream.file_url(NAME)) == BODY

    assert proxy.seen == []


async def test_another_name_reaches_the_proxy_by_https_alone(upstream: Upstream) -> None:
    async with Proxy() as proxy:
        through = Proxies({"http": proxy.url, "https": proxy.url, "no": "127.0.0.1"})
        async with Fetcher.opened(settings(upstream, proxies=through)) as fetcher:
            with pytest.raises(UpstreamUnavailable, match="the proxy answered 403 Forbidden"):
                await get(fetcher, "https://files.example/x")
            with pytest.raises(EgressDenied):
                await get(fetcher, "http://files.example/x")

    assert set(proxy.seen) == {"CONNECT files.example:443"}


@pytest.mark.parametrize(
    "to",
    [
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost/",
        "http://10.0.0.1/",
    ],
)
async def test_the_proxy_is_not_handed_a_forbidden_address(upstream: Upstream, to: str) -> None:
    upstream.fault(NAME, Redirect(to))
    async with Proxy() as proxy:
        through = Proxies({"all": proxy.url, "no": f"127.0.0.1:{upstream.port}"})
        async with Fetcher.opened(settings(upstream, proxies=through)) as fetcher:
            with pytest.raises(EgressDenied):
                await get(fetcher, upstream.file_url(NAME))

    assert proxy.seen == []


async def test_the_environments_proxy_is_used_unless_told_otherwise(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    async with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        async with Fetcher.opened(
            FetcherSettings(upstream_url=upstream.url, patience=Patience(attempts=4))
        ) as fetcher:
            assert await get(fetcher, upstream.file_url(NAME)) == b"answered by the proxy"


# ---------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "url", ["upstream.example/simple/", "ftp://upstream.example/", "https://me:pw@x.example/"]
)
async def test_an_upstream_that_is_no_address_is_named(url: str) -> None:
    with pytest.raises(InvalidHost):
        async with Fetcher.opened(FetcherSettings(upstream_url=url, patience=Patience(attempts=4))):
            pytest.fail("opened without an upstream")


async def test_a_proxy_that_can_not_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://proxy.example:1080")

    with pytest.raises(InvalidProxy, match="socks5"):
        async with Fetcher.opened(
            FetcherSettings(upstream_url="https://upstream.example/", patience=Patience(attempts=4))
        ):
            pytest.fail("opened with a proxy it can not use")

"""The run's listener, as a client of its own sees it: it leads to the call's index and nowhere else."""

import base64
from collections.abc import AsyncIterator

import pytest

from feedgate.index.loopback import RUN_HOST, Loopback, Mount
from tests.doubles.memory_index import STOCK, MemoryIndex
from tests.doubles.proxy_client import ask, basic

PYTHON = "3.11.7"
PAGE = f"http://{RUN_HOST}/simple/alpha/"


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    async with Loopback() as listening:
        yield listening


def mounts(index: MemoryIndex | None = None) -> dict[str, Mount]:
    return {RUN_HOST: Mount(index or MemoryIndex.of(STOCK))}


@pytest.mark.parametrize(
    ("method", "address"),
    [
        pytest.param("CONNECT", "evil.example:443", id="a-tunnel"),
        pytest.param("CONNECT", f"{RUN_HOST}:443", id="a-tunnel-to-our-own-name"),
        pytest.param("GET", "http://evil.example/simple/alpha/", id="another-host"),
        pytest.param("GET", f"http://{RUN_HOST}:8080/simple/alpha/", id="another-port"),
        pytest.param("GET", f"http://{RUN_HOST}.evil.example/simple/alpha/", id="a-longer-name"),
        pytest.param("GET", f"http://user@{RUN_HOST}/simple/alpha/", id="userinfo"),
        pytest.param("GET", f"https://{RUN_HOST}/simple/alpha/", id="https-in-absolute-form"),
        pytest.param("GET", "http://169.254.169.254/latest/meta-data/", id="a-cloud-metadata-service"),
        pytest.param("POST", "http://evil.example/collect", id="a-post"),
    ],
)
async def test_anything_else_is_403_and_noted(loopback: Loopback, method: str, address: str) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        response = await ask(call, address, method=method, authorized=False, proxy_authorization=basic(call))

    assert response.status == 403
    assert call.escapes == [f"{method} {address}"]
    assert call.asked == set()


async def test_an_attempt_to_get_out_is_noted_at_the_call_that_made_it(loopback: Loopback) -> None:
    with (
        loopback.call(mounts(), python="3.11.7") as guilty,
        loopback.call(mounts(), python="3.12.1") as innocent,
    ):
        await ask(guilty, "http://evil.example/")

    assert guilty.escapes == ["GET http://evil.example/"]
    assert innocent.escapes == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "evil.example", ""])
async def test_a_question_in_origin_form_needs_our_host(loopback: Loopback, host: str) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        foreign = await ask(call, "/simple/alpha/", host=host)
        ours = await ask(call, "/simple/alpha/")

    assert (foreign.status, ours.status) == (403, 200)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param("", id="empty"),
        pytest.param("Basic", id="no-credentials"),
        pytest.param("Basic !!!", id="not-base64"),
        pytest.param("Basic /////w==", id="not-utf-8"),
        pytest.param("Bearer abc", id="another-scheme"),
        pytest.param(f"Basic {base64.b64encode(b'run:wrong').decode()}", id="a-wrong-password"),
        pytest.param(f"Basic {base64.b64encode(b'run:').decode()}", id="no-password"),
        pytest.param(f"Basic {base64.b64encode(b'run').decode()}", id="no-colon"),
    ],
)
async def test_without_the_calls_password_nothing_is_served(loopback: Loopback, credentials: str) -> None:
    index = MemoryIndex.of(STOCK)
    with loopback.call(mounts(index), python=PYTHON) as call:
        response = await ask(call, PAGE, authorization=credentials)
        none_at_all = await ask(call, PAGE, authorized=False)
        elsewhere = await ask(call, "http://evil.example/", authorization=credentials)

    assert (response.status, none_at_all.status, elsewhere.status) == (401, 401, 403)
    assert response.headers["www-authenticate"].startswith("Basic")
    assert index.asked == []
    assert call.escapes == []


async def test_a_password_is_worth_nothing_after_its_call(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        during = await ask(call, PAGE)
    after = await ask(call, PAGE)

    assert (during.status, after.status) == (200, 401)


async def test_passwords_differ_and_do_not_show(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as one, loopback.call(mounts(), python=PYTHON) as two:
        password = one.password.reveal()

        assert password != two.password.reveal()
        assert len(password) >= 40
        assert password not in repr(one)


async def test_the_listener_is_on_loopback_alone_and_gone_at_the_end() -> None:
    async with Loopback() as loopback:
        with loopback.call(mounts(), python=PYTHON) as call:
            assert "@127.0.0.1:" in call.proxy_url.reveal()
            assert (await ask(call, PAGE)).status == 200
    with pytest.raises(ConnectionError):
        await ask(call, PAGE)

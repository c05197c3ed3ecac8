"""``feedgate quickstart``: one command from nothing to an installed package, and nothing left running."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import command_line
from tests.doubles.upstream import Answer, Upstream

pytestmark = pytest.mark.timeout(300)


def test_a_package_comes_through_a_feed_into_an_empty_environment(
    upstream: Upstream, make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    upstream.behave()
    for wheel in (make_wheel("demo", "1.0", requires=["demo-part"]), make_wheel("demo-part", "2.0")):
        upstream.add(wheel.name, wheel.read_bytes())
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url)
    elsewhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/nowhere/",
        "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/nowhere/",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/nowhere/",
    }

    said = feedgate.done("quickstart", "demo", "--once", more=elsewhere)

    assert "Successfully installed demo-1.0 demo-part-2.0" in said.out
    assert "No broken requirements found." in said.out
    assert "import demo works: 1.0" in said.out
    assert f"feedgate serve --data {tmp_path / 'data'}" in said.out
    assert "fgt_" not in said.out + said.err
    assert not (tmp_path / "data" / "server.json").exists()
    assert not (tmp_path / "home" / ".netrc").exists()
    [feed] = feedgate.done("feed", "list", "--json").json_lines
    assert (feed["feed"], feed["distributions"]) == ("demo/pip-feed", 2)
    targets = [target.split("@")[0] for target in feed["targets"]]
    assert len({target.rsplit(".", 1)[0] if target.count(".") > 1 else target for target in targets}) == 2


def test_without_once_the_server_stays_until_ctrl_c(
    upstream: Upstream, make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    upstream.behave()
    wheel = make_wheel("demo", "1.0")
    upstream.add(wheel.name, wheel.read_bytes())
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url)
    command = feedgate.start("quickstart", "demo")
    assert command.stdout is not None
    said = ""
    while "Ctrl-C stops the server" not in said:
        line = command.stdout.readline()
        assert line, command.stderr and command.stderr.read()
        said += line
    pages = re.search(r"http://127\.0\.0\.1:\d+/demo/_packaging/pip-feed/pypi/simple/", said)
    assert pages is not None
    assert f"feedgate connect {pages[0].split('/demo/')[0]}/demo/pip-feed" in said
    assert httpx.get(pages[0]).status_code == 401

    command.send_signal(signal.SIGINT)
    _out, err = command.communicate(timeout=60)

    assert command.returncode in {0, 130}
    assert "Traceback" not in err
    assert not (tmp_path / "data" / "server.json").exists()


def test_what_is_missing_is_named_before_anything_is_begun(upstream: Upstream, tmp_path: Path) -> None:
    upstream.behave()
    upstream.fault("", Answer(503))
    feedgate = command_line(
        tmp_path / "home", tmp_path / "data", upstream=upstream.url, FEEDGATE_FETCH__ATTEMPTS="1"
    )

    said = feedgate("quickstart", "demo", "--once")

    assert said.status == 1, said
    assert "503" in said.err
    assert not (tmp_path / "data" / "records.sqlite").exists()


def test_a_package_that_is_not_to_be_had_ends_as_add_would(upstream: Upstream, tmp_path: Path) -> None:
    upstream.behave()
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url)

    said = feedgate("quickstart", "no-such-package", "--once")

    assert said.status == 1, said
    assert "no-such-package" in said.out + said.err
    assert not (tmp_path / "data" / "server.json").exists()

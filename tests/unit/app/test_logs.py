"""Logs: one object a line, ours and the libraries', and no secret in any."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from feedgate.app.logs import set_up_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    set_up_logs("worker", stream=stream)
    yield stream
    root.handlers, root.level = before, level


def _only(stream: io.StringIO) -> dict[str, str]:
    (line,) = stream.getvalue().splitlines()
    read: dict[str, str] = json.loads(line)
    return read


def test_a_line_says_what_when_where_and_by_whom(lines: io.StringIO) -> None:
    logging.getLogger("feedgate.runs.queue").warning("run %s waits", "run-1")

    line = _only(lines)
    assert (line["event"], line["level"], line["logger"], line["process"]) == (
        "run run-1 waits",
        "warning",
        "feedgate.runs.queue",
        "worker",
    )
    assert line["timestamp"].endswith("Z")


def test_a_traceback_is_in_the_line(lines: io.StringIO) -> None:
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("feedgate").exception("it broke")

    assert "Traceback" in _only(lines)["exception"]


@pytest.mark.parametrize(
    "secret", ["fgt_0123456789abcdef", "https://u:hunter2@a.example/", "Bearer 0123456789abcdef"]
)
def test_no_secret_gets_in_neither_by_message_nor_by_argument_nor_by_traceback(
    lines: io.StringIO, secret: str
) -> None:
    log = logging.getLogger("aiohttp.client")
    log.warning("sent %s", secret)
    log.warning(f"sent {secret}")  # noqa: G004  # as a library may
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("it broke")

    for hidden in ("0123456789abcdef", "hunter2"):
        assert hidden not in lines.getvalue()


def test_libraries_are_heard_when_it_matters(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process")
    assert lines.getvalue() == ""
    logging.getLogger("uvicorn.error").error("it broke")
    assert _only(lines)["event"] == "it broke"

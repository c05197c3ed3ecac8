"""``feedgate serve`` says its address in one line, for people or for programs."""

import json
from pathlib import Path

import httpx

from tests.builders.command_line import command_line, end


def test_with_json_the_address_is_the_member_of_one_object(tmp_path: Path) -> None:
    feedgate = command_line(tmp_path / "home", tmp_path / "data")
    with feedgate.start("serve", "--port", "0", "--json") as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            second = feedgate("serve", "--port", "0", "--json")
            live = httpx.get(f"{said['url']}/-/live", timeout=10)
        finally:
            status = end(process)
        rest = process.stdout.read()

    assert list(said) == ["url"]
    assert live.status_code == 200
    assert (status, rest) == (0, "")
    assert (second.status, second.problem["code"]) == (2, "already-serving")
    assert said["url"] in second.problem["message"]

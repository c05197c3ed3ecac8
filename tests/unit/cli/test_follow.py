"""Progress is a line a step, and what a step tells commands no build service."""

from datetime import UTC, datetime
from typing import Any

import pytest

from feedgate.api.run_bodies import EventBody
from feedgate.cli.follow import Lines

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


def event(**more: Any) -> EventBody:
    return EventBody.model_validate(
        {"number": 1, "at": NOON, "step": "fetch", "target": None, "kind": "finished", "facts": {}} | more
    )


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (event(facts={"outcome": "done", "seconds": 1.25}), "fetch (1.2 s)\n"),
        (event(target="3.11@x", kind="failed"), "fetch 3.11@x: failed (0.0 s)\n"),
        (event(facts={"outcome": "held"}), "fetch: held (0.0 s)\n"),
        (event(kind="progress"), ""),
        (event(step="::error::x", facts={"outcome": "done"}), ": :error::x (0.0 s)\n"),
        (event(target="a\n::error::b", facts={"outcome": "done"}), "fetch a ::error::b (0.0 s)\n"),
        (event(facts={"outcome": "\r##vso[task.complete]"}), "fetch:  # #vso[task.complete] (0.0 s)\n"),
    ],
)
def test_each_step_that_ends_is_a_line(
    capsys: pytest.CaptureFixture[str], told: EventBody, line: str
) -> None:
    Lines().event(told)

    assert capsys.readouterr() == ("", line)

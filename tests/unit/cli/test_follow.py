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
        (event(kind="waits", facts={"reason": "no secret"}), "fetch: no secret\n"),
        (
            event(kind="waits", facts={"reason": "it does not answer", "at_most_seconds": 40.4}),
            "fetch: it does not answer; it is waited for until 12:00:40 UTC at the latest\n",
        ),
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


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        ([], "fetch (nothing to fetch, 0.0 s)\n"),
        ([{"files": 1, "of_files": 1, "bytes": 9, "of_bytes": None}], "fetch (1 file, 0.0 s)\n"),
        (
            [{"files": n, "of_files": 150, "bytes": n, "of_bytes": 2048} for n in (1, 150)],
            "fetch (150 files, 2.0 KiB, 0.0 s)\n",
        ),
    ],
)
def test_fetching_says_how_much_there_was_to_fetch(
    capsys: pytest.CaptureFixture[str], progress: list[dict[str, object]], line: str
) -> None:
    lines = Lines()
    lines.event(event(kind="started"))
    for facts in progress:
        lines.event(event(kind="progress", facts=facts))
    lines.event(event(facts={"outcome": "done", "seconds": 0.0}))

    assert capsys.readouterr().err == line

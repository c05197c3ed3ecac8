"""What the gate keeps out keeps the whole closure out, is an entry, and stays out of reach."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from feedgate.api.run_bodies import RunBody
from feedgate.model.run import RunState
from tests.builders.intake_feed import Intake, chosen, passed_over, reason, states, target
from tests.builders.metadata import write_metadata
from tests.intake.conftest import NewFeed


def kept_out(intake: Intake, wheel: Path, state: RunState, act: str) -> RunBody:
    """Add ``demo``, of which ``wheel`` must be kept out; return the run."""
    serial = intake.serial

    run = intake.add("demo")

    assert run.state is state, (run.state, run.reason)
    assert wheel.name in reason(run)
    file = next(file for file in run.files if file.filename == wheel.name)
    assert (file.state, file.reason) == (act, reason(run))
    assert (run.held, run.refused) == ((1, 0) if act == "held" else (0, 1))
    assert (run.published, intake.names()) == (0, [])
    entries = intake.ledger()[serial:]
    assert [(entry.act, entry.run) for entry in entries] == [(act, run.run)]
    assert entries[0].facts["files"] == [
        {"filename": wheel.name, "sha256": file.sha256, "reason": file.reason}
    ]
    intake.verify()
    return run


def list_as(intake: Intake, wheel: Path, **stated: Any) -> None:
    """List a wheel beside a METADATA of ``demo 1.0`` as it should be: what resolvers read."""
    metadata = write_metadata("demo", "1.0", **stated).encode()
    intake.upstream.add(wheel.name, wheel.read_bytes(), metadata=metadata)


@pytest.mark.parametrize("broken", ["other-name", "other-version", "no-metadata", "unknown-metadata-version"])
def test_a_wheel_that_is_another_than_its_name_says_is_refused(intake: Intake, broken: str) -> None:
    wheel = intake.wheel("demo", "1.0", broken=broken)
    list_as(intake, wheel)

    kept_out(intake, wheel, RunState.REFUSED, "refused")


@pytest.mark.parametrize(
    ("inside", "beside"),
    [
        pytest.param({"requires": ["evil-part"]}, {}, id="other-dependencies"),
        pytest.param({"requires_python": ">=3.8"}, {"requires_python": ">=3.7"}, id="another-python"),
        pytest.param({"requires_python": ">=3.12"}, {}, id="a-python-that-is-not-the-targets"),
    ],
)
def test_a_metadata_that_is_another_inside_than_beside_the_file_is_refused(
    intake: Intake, inside: dict[str, Any], beside: dict[str, Any]
) -> None:
    wheel = intake.wheel("demo", "1.0", **inside)
    list_as(intake, wheel, **beside)

    kept_out(intake, wheel, RunState.REFUSED, "refused")


@pytest.mark.parametrize(
    ("own", "listed"),
    [(">=3.8", ">=3.7"), (None, ">=3.7"), (">=3.8", ">=3.8,<4")],
    ids=["wider", "of-one-that-has-none", "narrower"],
)
def test_a_page_that_lists_another_requires_python_is_refused(
    intake: Intake, own: str | None, listed: str
) -> None:
    wheel = intake.offer("demo", "1.0", requires_python=own, page={"requires_python": listed})

    run = kept_out(intake, wheel, RunState.REFUSED, "refused")

    assert listed in reason(run)


def test_a_page_that_says_less_than_the_file_or_the_same_otherwise_is_no_lie(intake: Intake) -> None:
    intake.offer("silent", "1.0", requires_python=">=3.8", page={"requires_python": None})
    intake.offer("ordered", "1.0", requires_python=">=3.8,<4", page={"requires_python": "<4, >=3.8"})

    assert chosen(intake.added("silent", "ordered")) == {"ordered": "1.0", "silent": "1.0"}
    assert next(iter(intake.files("silent").values()))["requires-python"] == ">=3.8"


@pytest.mark.parametrize(
    "broken",
    [
        "cut-off",
        "not-a-zip",
        "climbing-member",
        "duplicate-member",
        "symlink-member",
        "prefix",
        "second-dist-info",
    ],
)
def test_an_archive_that_is_not_sound_is_refused(intake: Intake, broken: str) -> None:
    wheel = intake.wheel("demo", "1.0", broken=broken)
    list_as(intake, wheel)

    kept_out(intake, wheel, RunState.REFUSED, "refused")


def test_one_refused_file_keeps_the_whole_closure_back_and_its_files_out_of_reach(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part", "sound"])
    sound = intake.offer("sound", "1.0")
    part = intake.offer("part", "1.0", requires_python=">=3.8", page={"requires_python": ">=3.7"})

    run = kept_out(intake, part, RunState.REFUSED, "refused")

    assert states(run) == {"demo": "fetched", "part": "refused", "sound": "fetched"}
    for name, wheel in (("sound", sound), ("part", part)):
        address = f"{intake.simple_url}../download/{name}/1.0/{wheel.name}"
        assert httpx.get(address, timeout=30).status_code == 404
    assert chosen(intake.added("sound")) == {"sound": "1.0"}, "what is sound may come by itself"


def test_a_record_hash_that_differs_is_held(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0", record="wrong")

    run = kept_out(intake, wheel, RunState.HELD, "held")

    assert [one.proved for one in run.targets] == [False]


def test_what_is_held_can_be_cancelled_and_asked_for_again(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0", record="wrong")
    run = kept_out(intake, wheel, RunState.HELD, "held")

    assert intake.client.cancel_run(run.run).body.state is RunState.CANCELLED
    again = intake.ended(intake.client.retry_run(run.run, key=f"again-{run.run}").body)

    assert (again.state, again.retry_of, again.fetched) == (RunState.HELD, run.run, 0)
    assert intake.acts().count("held") == 2


@pytest.mark.parametrize("record", ["missing", "incomplete"])
def test_a_poor_record_is_no_reason_to_keep_an_import_out(intake: Intake, record: str) -> None:
    wheel = intake.offer("demo", "1.0", record=record)

    run = intake.added("demo")

    assert states(run) == {"demo": "published"}
    assert list(intake.files("demo")) == [wheel.name]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {"files": {"demo-1.0.dist-info/entry_points.txt": "[console_scripts]\nbin/x = demo:main\n"}},
            id="a-script-in-another-folder",
        ),
        pytest.param(
            {"requires": ["part @ https://files.example/part.whl ; extra == 'more'"]},
            id="an-address-that-nobody-asked-for",
        ),
    ],
)
def test_what_an_upload_would_be_refused_for_is_a_finding_in_an_import(
    intake: Intake, options: dict[str, Any]
) -> None:
    wheel = intake.offer("demo", "1.0", **options)

    intake.added("demo")

    assert list(intake.files("demo")) == [wheel.name]


def test_refused_is_graver_than_held(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part", "other"])
    intake.offer("other", "1.0", record="wrong")
    part = intake.wheel("part", "1.0", broken="climbing-member")
    intake.list_upstream(part)

    run = intake.add("demo")

    assert run.state is RunState.REFUSED
    assert states(run) == {"demo": "fetched", "other": "held", "part": "refused"}
    assert (run.held, run.refused) == (1, 1)
    assert intake.acts()[-1:] == ["refused"]
    assert intake.names() == []


def test_a_refused_name_is_not_spent(intake: Intake) -> None:
    wheel = intake.wheel("demo", "1.0", broken="climbing-member")
    intake.list_upstream(wheel)
    assert intake.add("demo").state is RunState.REFUSED

    mended = intake.offer("demo", "1.0")

    assert mended.name == wheel.name
    assert states(intake.added("demo")) == {"demo": "published"}


def test_a_release_that_is_refused_after_a_look_is_passed_over_for_the_one_before(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.list_upstream(intake.wheel("demo", "1.1", broken="climbing-member"))

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert passed_over(run) == [("demo", "1.1", "archive")]
    assert "demo-1.1" in run.passed_over[0].reason
    assert (run.refused, intake.acts().count("refused")) == (0, 1)


def test_the_whole_version_goes_where_one_file_of_it_is_refused(new_feed: NewFeed) -> None:
    intake = new_feed(target("3.11.7"), target("3.12.1"))
    intake.offer("demo", "1.0")
    intake.list_upstream(intake.wheel("demo", "1.1", tag="cp311-cp311-any", broken="climbing-member"))
    intake.offer("demo", "1.1", tag="cp312-cp312-any")

    assert chosen(intake.added("demo")) == {"demo": "1.0"}
    assert [file.filename for file in intake.add("demo").files] == ["demo-1.0-py3-none-any.whl"]


def test_after_ten_rounds_of_refused_releases_the_run_is_refused(intake: Intake) -> None:
    for number in range(12):
        intake.list_upstream(intake.wheel("demo", f"1.{number}", broken="climbing-member"))

    run = intake.add("demo")

    assert run.state is RunState.REFUSED
    assert "demo-1.2-" in reason(run), "the tenth from the top"
    assert sum(event.step == "decide" and event.kind == "decided" for event in intake.told(run)) == 10

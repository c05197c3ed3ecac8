"""What a policy that knows advisories and ages lets in, what it holds and refuses, and what is said of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedgate.api.run_bodies import RunBody
from feedgate.model.run import RunState
from tests.builders.advisories import make_database, make_record
from tests.builders.intake_feed import Intake, chosen, passed_over, reason
from tests.builders.working_server import WorkingServer
from tests.intake.conftest import NewFeed

NOW = datetime.now(UTC)
DAY = timedelta(days=1)

Load = Callable[..., None]


def load_into(server: WorkingServer, folder: Path, *records: Mapping[str, Any], dated_at: datetime) -> None:
    """Make these records the server's advisory database, with one more by which it is as old as that."""
    newest = make_record("PYSEC-2026-999", "nobody-has-this", modified=dated_at)
    path = folder / "advisories.zip"
    path.write_bytes(make_database(*records, newest))
    server.client.load_advisories("osv", path, force=True)


@pytest.fixture
def load(shared_server: WorkingServer, tmp_path: Path) -> Load:
    """Give the shared server a database: ``load(record, …, dated_at=…)``."""

    def into(*records: Mapping[str, Any], dated_at: datetime = NOW - timedelta(hours=1)) -> None:
        load_into(shared_server, tmp_path, *records, dated_at=dated_at)

    return into


@pytest.fixture
def gated(new_feed: NewFeed) -> Intake:
    """A feed of the policy ``default``."""
    return new_feed(policy="default")


def hole(identity: str, project: str, *events: Mapping[str, str], **members: Any) -> dict[str, Any]:
    return make_record(identity, project, events=events, modified=NOW - 30 * DAY, **members)


def uploaded(ago: timedelta) -> dict[str, object]:
    """Return what a page says of a file that was uploaded so long ago."""
    return {"upload_time": (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def held_files(run: RunBody) -> list[str]:
    return sorted(file.filename.split("-")[0] for file in run.files if file.state == "held")


REQUESTS = hole(
    "PYSEC-2023-74", "requests", {"introduced": "2.3.0"}, {"fixed": "2.31.0"}, aliases=["CVE-2023-32681"]
)


@pytest.mark.parametrize(
    ("words", "version"), [("requests==2.30.0", "2.30.0"), ("requests<2.31", "2.30.0")], ids=["pin", "bound"]
)
def test_a_hole_that_has_a_fix_is_refused_with_advisory_alias_and_fix(
    load: Load, gated: Intake, words: str, version: str
) -> None:
    load(REQUESTS)
    for each in ("2.29.0", "2.30.0", "2.31.0"):
        gated.offer("requests", each)

    run = gated.add(words)

    assert run.state is RunState.REFUSED
    for said in (f"requests-{version}", "PYSEC-2023-74", "CVE-2023-32681", "fixed in 2.31.0", "default"):
        assert said in reason(run)
    assert "2.29.0" not in reason(run)
    assert (run.fetched, gated.names()) == (0, [])


def test_an_affected_version_is_passed_over_for_the_newest_that_is_not(load: Load, gated: Intake) -> None:
    load(
        hole(
            "PYSEC-2023-221",
            "werkzeug",
            {"introduced": "0"},
            {"fixed": "2.3.8"},
            {"introduced": "3.0.0"},
            {"fixed": "3.0.1"},
        )
    )
    for version in ("2.3.7", "2.3.8", "3.0.0", "3.0.1"):
        gated.offer("werkzeug", version)

    run = gated.added("werkzeug<3.0.1")

    assert chosen(run) == {"werkzeug": "2.3.8"}
    assert passed_over(run) == [("werkzeug", "3.0.0", "advisories")]
    assert "PYSEC-2023-221" in run.passed_over[0].reason


def test_the_newest_of_an_older_line_is_taken_where_that_is_what_is_sound(load: Load, gated: Intake) -> None:
    load(hole("PYSEC-2022-237", "mistune", {"introduced": "2.0.0a1"}, {"fixed": "2.0.3"}))
    for version in ("0.8.4", "2.0.0", "2.0.2"):
        gated.offer("mistune", version)

    run = gated.added("mistune<2.0.3")

    assert chosen(run) == {"mistune": "0.8.4"}
    assert passed_over(run) == [("mistune", "2.0.2", "advisories")]


def test_a_hole_without_a_fix_is_held_and_of_what_it_needs_nothing_is_held_that_need_not_be(
    load: Load, gated: Intake
) -> None:
    load(hole("PYSEC-2017-83", "scrapy", {"introduced": "0"}))
    gated.offer("scrapy", "2.11", requires=["filelock", "platformdirs"])
    for part in ("filelock", "platformdirs"):
        gated.offer(part, "3.0")
        gated.offer(part, "3.1", page=uploaded(6 * DAY))

    run = gated.add("scrapy")

    assert run.state is RunState.HELD
    assert "PYSEC-2017-83" in reason(run)
    assert "no fix is known" in reason(run)
    assert held_files(run) == ["scrapy"]
    assert chosen(run) == {"filelock": "3.0", "platformdirs": "3.0", "scrapy": "2.11"}
    assert gated.names() == []


def test_what_only_its_newest_part_makes_fit_is_held_for_that_part_alone(load: Load, gated: Intake) -> None:
    load()
    gated.offer("demo", "1.0", requires=["part>=2", "other"])
    gated.offer("part", "1.0")
    gated.offer("part", "2.0", page=uploaded(2 * DAY))
    gated.offer("other", "1.0")
    gated.offer("other", "1.1", page=uploaded(2 * DAY))

    run = gated.add("demo")

    assert run.state is RunState.HELD
    assert held_files(run) == ["part"]
    assert chosen(run) == {"demo": "1.0", "other": "1.0", "part": "2.0"}
    assert "is 2 d old, policy waits 7 d: until " in reason(run)


def test_a_young_version_is_passed_over_and_it_is_said_why(load: Load, gated: Intake) -> None:
    load()
    gated.offer("demo", "1.0")
    gated.offer("demo", "1.1", page=uploaded(2 * DAY))

    run = gated.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert passed_over(run) == [("demo", "1.1", "age")]
    assert "is 2 d old, policy waits 7 d" in run.passed_over[0].reason


def test_the_fix_of_a_hole_enters_at_once(load: Load, gated: Intake) -> None:
    load(hole("PYSEC-2026-5", "demo", {"introduced": "0"}, {"fixed": "1.1"}))
    gated.offer("demo", "1.0")
    gated.offer("demo", "1.1", page=uploaded(DAY))

    run = gated.added("demo")

    assert chosen(run) == {"demo": "1.1"}
    (note,) = run.notes
    assert note.startswith("demo-1.1-py3-none-any.whl: is 24 h old and fixes PYSEC-2026-5")
    assert note.endswith("so the wait of 7 d does not apply")


def test_what_reported_rules_would_have_said_is_in_the_report_and_does_not_count(
    load: Load, new_feed: NewFeed
) -> None:
    load(hole("PYSEC-2026-5", "demo", {"introduced": "0"}, {"fixed": "1.1"}), dated_at=NOW - 8 * DAY)
    rules = ("age", "advisories", "malicious", "database-age")
    feed = new_feed(policy='name = "looks"\n' + "".join(f"[rules.{rule}]\nreport = true\n" for rule in rules))
    feed.offer("demo", "1.0", page=uploaded(DAY))

    run = feed.added("demo")

    database, advisory, age = run.notes
    assert database.startswith(
        "reported, does not count: database-age: the advisory database osv is 8 days old"
    )
    assert advisory.startswith("reported, does not count: advisories would refuse it: demo-1.0")
    assert "fixed in 1.1" in advisory
    assert age.startswith("reported, does not count: age would hold it: demo-1.0")
    assert (run.held, run.refused, run.passed_over) == (0, 0, [])


def test_malware_is_refused_where_nothing_else_fits_and_passed_over_where_something_does(
    load: Load, gated: Intake
) -> None:
    load(make_record("MAL-2026-1", "demo", events=None, versions=["1.1"], modified=NOW - DAY))
    gated.offer("demo", "1.0")
    gated.offer("demo", "1.1")

    assert "is malicious: MAL-2026-1" in reason(gated.add("demo==1.1"))
    assert chosen(gated.added("demo")) == {"demo": "1.0"}


@pytest.mark.parametrize("policy", ["default", "open"])
def test_a_database_that_is_too_old_holds_every_request_of_who_minds(
    load: Load, new_feed: NewFeed, policy: str
) -> None:
    load(dated_at=NOW - 8 * DAY)
    feed = new_feed(policy=policy)
    feed.offer("demo", "1.0")

    run = feed.add("demo")

    if policy == "open":
        assert run.state is RunState.PUBLISHED
    else:
        assert run.state is RunState.HELD
        assert "is 8 days old by its newest record" in reason(run)
        assert "feedgate advisories update" in reason(run)
        assert run.files == []


def test_two_feeds_with_two_policies_over_one_cache_each_get_their_own_answer(
    load: Load, gated: Intake, new_feed: NewFeed
) -> None:
    load(REQUESTS)
    for version in ("2.30.0", "2.31.0"):
        gated.offer("requests", version, page=uploaded(2 * DAY))
    patient = 'name = "patient"\n[rules.age]\nwait_days = 1\n[rules.advisories]\nfixable = "admit"\n'
    other, everything = new_feed(policy=patient), new_feed(policy="open")

    assert chosen(gated.added("requests")) == {"requests": "2.31.0"}
    assert gated.add("requests<2.31").state is RunState.REFUSED
    assert chosen(other.added("requests<2.31")) == {"requests": "2.30.0"}
    assert chosen(everything.added("requests<2.31")) == {"requests": "2.30.0"}
    assert gated.add("requests<2.31").state is RunState.REFUSED


def test_an_exception_of_the_document_lets_one_project_in(load: Load, new_feed: NewFeed) -> None:
    load()
    ends = (NOW + 2 * DAY).date()
    excepting = (
        f'name = "ours"\n[[exception]]\nproject = "demo"\nrule = "age"\nreason = "ours"\nuntil = {ends}\n'
    )
    feed = new_feed(policy=excepting)
    feed.offer("demo", "1.0", page=uploaded(DAY), requires=["part"])
    feed.offer("part", "1.0", page=uploaded(DAY))

    run = feed.add("demo")

    assert (run.state, held_files(run)) == (RunState.HELD, ["part"])


def test_a_part_from_years_ago_that_only_policy_led_to_is_held_naming_both(load: Load, gated: Intake) -> None:
    load(hole("PYSEC-2026-6", "part", {"introduced": "2.0"}, {"fixed": "2.5"}))
    gated.offer("demo", "1.0", requires=["part>=1"])
    gated.offer("part", "1.0", page=uploaded(900 * DAY))
    gated.offer("part", "2.4", page=uploaded(30 * DAY))

    run = gated.add("demo")

    assert (run.state, held_files(run), run.fetched) == (RunState.HELD, ["part"], 2)
    assert "part-1.0-py3-none-any.whl: is 870 d older" in reason(run)
    assert "policy hid part 2.4" in reason(run)
    assert chosen(gated.added("demo", "part<2")) == {"demo": "1.0", "part": "1.0"}, "it was asked for"


def test_a_pre_release_that_only_policy_led_to_is_held_naming_both(load: Load, gated: Intake) -> None:
    load(hole("PYSEC-2026-7", "demo", {"introduced": "0"}, {"fixed": "1.1rc1"}))
    gated.offer("demo", "1.0")
    gated.offer("demo", "1.1rc1")

    run = gated.add("demo")

    assert (run.state, held_files(run)) == (RunState.HELD, ["demo"])
    assert "demo-1.1rc1-py3-none-any.whl: is a pre-release that nobody asked for" in reason(run)
    assert "policy hid demo 1.0" in reason(run)
    assert chosen(gated.added("demo", pre=True)) == {"demo": "1.1rc1"}

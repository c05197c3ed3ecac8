"""A run ends by the policy and the records that it began with; uploads and imports meet the same gate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedgate.api.bodies import FeedChange
from feedgate.api.problem import RemoteProblem
from feedgate.model.run import RunState
from tests.builders.advisories import make_record
from tests.builders.intake_feed import Intake, chosen, reason
from tests.builders.working_server import WorkingServer
from tests.doubles.upstream import Pause, Upstream
from tests.intake.conftest import NewFeed, make_feed
from tests.intake.test_policies import load_into

NOW = datetime.now(UTC)
FRESH = NOW - timedelta(hours=1)
MALWARE = make_record("MAL-2026-1", "demo", events=None, versions=["1.0"], modified=NOW - timedelta(days=2))
WAITS_LONG = 'name = "patient"\n[rules.age]\nwait_days = 30000\n'


def test_a_run_ends_by_what_it_began_with_though_all_of_it_changed_and_the_worker_died(
    own_server: WorkingServer, upstream: Upstream, tmp_path: Path
) -> None:
    intake = make_feed(own_server, upstream, tmp_path, policy="default")
    load_into(own_server, tmp_path, dated_at=FRESH)
    wheel = intake.offer("demo", "1.0")
    upstream.fault(wheel.name, Pause(60.0))
    run = intake.post("demo")
    intake.follow_until(run, lambda event: event.step == "fetch")

    own_server.client.set_feed(intake.path, FeedChange(policy=WAITS_LONG))
    load_into(own_server, tmp_path, MALWARE, dated_at=FRESH)
    upstream.behave()
    own_server.kill_worker()
    ended = intake.ended(run)

    assert (ended.state, chosen(ended)) == (RunState.PUBLISHED, {"demo": "1.0"}), ended.reason
    intake.offer("other", "1.0")
    assert "policy waits 30000 d" in reason(intake.add("other"))


@pytest.fixture
def strict(shared_server: WorkingServer, new_feed: NewFeed, tmp_path: Path) -> Intake:
    """A feed of the policy ``default``, on a server that knows malware and a hole of its own names."""
    hole = make_record(
        "PYSEC-2026-8", "demo", events=[{"introduced": "2.0"}, {"last_affected": "2.0"}], modified=NOW
    )
    load_into(shared_server, tmp_path, MALWARE, hole, dated_at=NOW)
    return new_feed(policy="default")


@pytest.mark.parametrize(
    ("version", "code", "says"),
    [
        ("1.0", "upload-refused", "is malicious: MAL-2026-1"),
        ("2.0", "upload-held", "PYSEC-2026-8 (high): no fix is known"),
    ],
)
def test_an_upload_that_policy_keeps_out_is_answered_403_with_the_reason(
    strict: Intake, version: str, code: str, says: str
) -> None:
    wheel = strict.wheel("demo", version)

    with pytest.raises(RemoteProblem) as raised:
        strict.upload(wheel)

    assert (raised.value.status, raised.value.code) == (403, code)
    assert says in raised.value.message
    assert strict.names() == []
    assert strict.acts()[-1] == code.removeprefix("upload-")


def test_an_upload_is_not_judged_by_its_age(strict: Intake) -> None:
    assert strict.upload(strict.wheel("demo", "3.0")).version == "3.0"

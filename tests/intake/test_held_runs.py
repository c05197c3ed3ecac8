"""What policy holds waits for a second person, and then goes on by itself as a run of who asked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from feedgate.api.bodies import FeedChange, TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server
from feedgate.api.problem import RemoteProblem
from feedgate.model.access import Role, Scope
from feedgate.model.run import RunState
from feedgate.model.secret import Secret
from feedgate.model.times import format_time
from tests.builders.intake_feed import Intake, chosen, reason

WAITS = 'name = "team"\nlike = "open"\n\n[rules.age]\nwait_days = 7\n'


@pytest.fixture
def careful(new_feed: Callable[..., Intake]) -> Intake:
    return new_feed(policy=WAITS)


def days_ago(days: float) -> dict[str, object]:
    return {"upload_time": format_time(datetime.now(UTC) - timedelta(days=days))}


def as_actor(intake: Intake, actor: str) -> Client:
    """Return a client of another Owner's."""
    intake.client.grant(intake.path, actor, Role.OWNER)
    made = intake.client.create_token(TokenCreation(actor=actor, scope=Scope.MANAGE)).body
    return Client(Server(intake.server.address().origin, Secret(made.token)))


def test_a_young_release_is_passed_over_where_an_older_one_fits(careful: Intake) -> None:
    careful.offer("demo", "1.0", page=days_ago(8))
    careful.offer("demo", "2.0", page=days_ago(1))

    run = careful.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert [(one.name, one.version, one.rule) for one in run.passed_over] == [("demo", "2.0", "age")]
    assert "policy waits 7 d" in run.passed_over[0].reason


def test_what_is_held_goes_on_when_a_second_person_has_said_yes(careful: Intake) -> None:
    wheel = careful.offer("demo", "2.0", page=days_ago(1))
    held = careful.add("demo")
    assert (held.state, careful.names()) == (RunState.HELD, [])
    assert f"{wheel.name}: is 24 h old, policy waits 7 d" in reason(held)
    (hold,) = careful.client.list_holds(careful.path).body
    assert (hold.filename, hold.rule, hold.run) == (wheel.name, "age", held.run)

    own = careful.client.release_hold(careful.path, hold.number, "we need it").body
    assert own.continued == []
    with pytest.raises(RemoteProblem, match="another Owner is to confirm"):
        careful.client.confirm_hold(careful.path, hold.number)
    with as_actor(careful, "bob") as bob:
        (goes_on,) = bob.confirm_hold(careful.path, hold.number).body.continued

    run = careful.ended(careful.client.show_run(goes_on).body)
    assert (run.state, run.requester, run.retry_of) == (RunState.PUBLISHED, held.requester, held.run)
    assert careful.names() == ["demo"]
    careful.verify()


def test_a_release_speaks_for_its_bytes_alone(careful: Intake) -> None:
    careful.offer("demo", "2.0", page=days_ago(1))
    careful.add("demo")
    (hold,) = careful.client.list_holds(careful.path).body
    with as_actor(careful, "bob") as bob:
        bob.release_hold(careful.path, hold.number, "looked at")
    careful.offer("other", "1.0", page=days_ago(1))

    run = careful.add("other")

    assert run.state is RunState.HELD
    (waiting,) = careful.client.list_holds(careful.path).body
    assert waiting.project == "other"


def test_a_policy_that_is_loosened_lets_later_requests_in(careful: Intake) -> None:
    careful.offer("demo", "2.0", page=days_ago(1))
    assert careful.add("demo").state is RunState.HELD

    careful.client.set_feed(careful.path, FeedChange(policy="open"))

    assert careful.add("demo").state is RunState.PUBLISHED

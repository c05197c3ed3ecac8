"""A name that is the feed's own is answered by the feed alone, and the upstream never hears of it."""

from collections.abc import Callable

import pytest

from feedgate.api.bodies import TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server as Address
from feedgate.api.problem import RemoteProblem
from feedgate.model.access import Role, Scope
from feedgate.model.feed import Origin, UpstreamRule
from feedgate.model.run import RunState
from feedgate.model.secret import Secret
from tests.builders.intake_feed import Intake, chosen, reason
from tests.builders.witness import PipWitness
from tests.doubles.upstream import Answer
from tests.intake.conftest import NewFeed


def never_asked(intake: Intake, name: str) -> bool:
    return not [seen for seen in intake.upstream.log if name in seen.path]


def set_upstream(intake: Intake, name: str, rule: UpstreamRule | None) -> None:
    intake.client.set_project(intake.path, name, rule)


def test_a_dependency_that_is_internal_comes_from_the_feed_whatever_the_upstream_has(
    intake: Intake, pip: Callable[[str], PipWitness]
) -> None:
    intake.upload(intake.wheel("acme-core", "1.0"))
    intake.offer("acme-core", "9.9")
    intake.offer("demo", "1.0", requires=["acme-core"])

    run = intake.added("demo")

    assert chosen(run) == {"acme-core": "1.0", "demo": "1.0"}
    assert (run.internal, run.escapes) == (["acme-core"], [])
    assert never_asked(intake, "acme-core")
    assert pip("3.11").chooses(intake.simple_url, "demo") == {"acme-core": "1.0", "demo": "1.0"}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(["acme-core"], id="by-its-name"),
        pytest.param(["ACME_Core"], id="in-another-spelling"),
        pytest.param(["acme.core==1.0"], id="pinned"),
    ],
)
def test_an_internal_name_that_is_asked_for_comes_from_the_feed(intake: Intake, asked: list[str]) -> None:
    intake.upload(intake.wheel("Acme.Core", "1.0"))
    intake.offer("acme-core", "9.9")

    run = intake.added(*asked)

    assert chosen(run) == {"acme-core": "1.0"}
    assert (run.published, run.already_present) == (0, 1)
    assert never_asked(intake, "acme")


@pytest.mark.parametrize("wanted", ["acme-core>=2", "acme-core==9.9"])
def test_what_the_feed_lacks_of_an_internal_name_is_lacking(intake: Intake, wanted: str) -> None:
    intake.upload(intake.wheel("acme-core", "1.0"))
    intake.offer("acme-core", "9.9")
    intake.offer("demo", "1.0", requires=[wanted])

    run = intake.add("demo", "acme-core")

    assert run.state is RunState.FAILED
    assert "acme-core" in reason(run)
    assert never_asked(intake, "acme-core")


def test_a_constraint_on_an_internal_name_asks_nobody(intake: Intake) -> None:
    intake.upload(intake.wheel("acme-core", "1.0"))
    intake.offer("acme-core", "9.9")
    intake.offer("demo", "1.0")

    intake.added(
        "demo", files=[{"name": "constraints.txt", "kind": "constraints", "text": "acme-core==9.9\n"}]
    )

    assert never_asked(intake, "acme-core")


def test_a_name_can_be_reserved_before_anything_of_it_is_there(intake: Intake) -> None:
    set_upstream(intake, "acme-secret", UpstreamRule.DENY)
    intake.offer("acme-secret", "6.6")
    intake.offer("demo", "1.0", requires=["acme-secret"])

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert "acme-secret" in reason(run)
    assert never_asked(intake, "acme-secret")


def test_an_upload_makes_its_name_internal_and_says_how_to_change_that(intake: Intake) -> None:
    uploaded = intake.upload(intake.wheel("acme-core", "1.0"))

    assert uploaded.origin is Origin.INTERNAL
    assert f"feedgate project set acme-core -f {intake.path} --upstream allow" in (uploaded.note or "")
    assert intake.upstream.log == []


def test_a_name_that_a_person_allows_is_asked_for_again(intake: Intake) -> None:
    intake.upload(intake.wheel("acme-core", "1.0"))
    intake.offer("acme-core", "9.9")
    set_upstream(intake, "acme-core", UpstreamRule.ALLOW)

    run = intake.added("acme-core")

    assert chosen(run) == {"acme-core": "9.9"}
    assert intake.versions("acme-core") == ["1.0", "9.9"]


def test_an_imported_name_that_a_person_denies_is_asked_for_no_more(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.added("demo")
    intake.offer("demo", "2.0")
    set_upstream(intake, "demo", UpstreamRule.DENY)
    intake.upstream.log.clear()

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert never_asked(intake, "demo")
    set_upstream(intake, "demo", None)
    assert chosen(intake.added("demo")) == {"demo": "2.0"}


def test_a_release_with_uploaded_files_never_shows_the_upstreams_beside_them(intake: Intake) -> None:
    ours = intake.wheel("acme-core", "1.0")
    intake.upload(ours)
    intake.offer("acme-core", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    intake.offer("acme-core", "1.0.0", tag="cp311-cp311-manylinux_2_5_x86_64")
    intake.offer("acme-core", "0.9")
    set_upstream(intake, "acme-core", UpstreamRule.ALLOW)

    assert chosen(intake.added("acme-core==1.0")) == {"acme-core": "1.0"}
    assert list(intake.files("acme-core")) == [ours.name]
    intake.added("acme-core<1")
    assert intake.versions("acme-core") == ["0.9", "1.0"]


# ------------------------------------------------------------------ where uploads are looked up


@pytest.mark.parametrize(
    ("settings", "imported"),
    [
        pytest.param({"uploads": "look-up"}, False, id="a-feed-that-looks-up"),
        pytest.param({}, True, id="said-to-be-imported"),
    ],
)
def test_an_upload_that_the_upstream_lists_is_imported(
    new_feed: NewFeed, settings: dict[str, str], imported: bool
) -> None:
    intake = new_feed(**settings)
    wheel = intake.offer("demo", "1.0", page={"upload_time": "2023-05-17T08:09:10.000000Z", "yanked": "old"})

    uploaded = intake.upload(wheel, imported=imported)

    assert uploaded.origin is Origin.IMPORTED
    entry = intake.files("demo")[wheel.name]
    assert (entry["upload-time"], entry["yanked"]) == ("2023-05-17T08:09:10Z", "old")
    intake.offer("demo", "2.0")
    assert chosen(intake.added("demo")) == {"demo": "2.0"}, "the name is asked for upstream as before"


@pytest.mark.parametrize(
    ("settings", "imported"),
    [
        pytest.param({"uploads": "look-up"}, False, id="a-feed-that-looks-up"),
        pytest.param({}, True, id="said-to-be-imported"),
    ],
)
def test_an_upload_that_the_upstream_does_not_list_is_internal(
    new_feed: NewFeed, settings: dict[str, str], imported: bool
) -> None:
    intake = new_feed(**settings)
    intake.offer("acme-core", "9.9")

    uploaded = intake.upload(intake.wheel("acme-core", "1.0"), imported=imported)

    assert uploaded.origin is Origin.INTERNAL
    intake.upstream.log.clear()
    assert chosen(intake.added("acme-core")) == {"acme-core": "1.0"}
    assert never_asked(intake, "acme-core")


def test_where_nobody_can_say_whether_it_is_listed_nothing_is_spent(new_feed: NewFeed) -> None:
    intake = new_feed(uploads="look-up")
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault("demo", Answer(503))
    serial = intake.serial

    with pytest.raises(RemoteProblem) as away:
        intake.upload(wheel)
    assert away.value.status == 503
    assert (intake.serial, intake.names()) == (serial, [])

    intake.upstream.behave()
    assert (
        intake.upload(intake.wheel("demo", "1.0", files={"other.txt": "other bytes"})).filename == wheel.name
    )


def test_an_imported_name_stays_so_when_the_upstream_lists_the_upload(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.added("demo")
    wheel = intake.offer("demo", "2.0")

    assert intake.upload(wheel).origin is Origin.IMPORTED
    intake.offer("demo", "3.0")
    assert chosen(intake.added("demo")) == {"demo": "3.0"}


def test_only_an_owner_makes_an_imported_name_internal(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.added("demo")
    own = intake.wheel("demo", "1.1")
    intake.client.grant(intake.path, "carol", Role.CONTRIBUTOR)
    token = intake.client.create_token(TokenCreation(actor="carol", scope=Scope.MANAGE)).body.token
    origin = intake.client.server.origin

    with (
        Client(Address(origin, Secret(token), is_local=True)) as carol,
        pytest.raises(RemoteProblem) as refused,
    ):
        carol.upload(intake.path, own)
    assert refused.value.status == 403
    assert intake.versions("demo") == ["1.0"]

    assert intake.upload(own).origin is Origin.INTERNAL
    intake.offer("demo", "9.9")
    intake.upstream.log.clear()
    assert chosen(intake.added("demo")) == {"demo": "1.1"}
    assert never_asked(intake, "demo")

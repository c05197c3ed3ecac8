"""Whose a name is, learnt from the destination's pages alone: nobody slips in a stranger's release under it."""

import pytest

from feedgate.api.run_bodies import RunBody
from feedgate.model.run import RunState
from tests.builders.intake_feed import chosen, reason
from tests.builders.sending_feed import SendingFeed, digests, ends
from tests.builders.working_server import wait_until
from tests.doubles.azure_log import asked, whole_downloads
from tests.doubles.azure_manners import Fails
from tests.doubles.upstream import Answer, Pause


@pytest.fixture
def acme_core(sending: SendingFeed) -> SendingFeed:
    """acme-core 1.0 at the destination, acme-core 9.9 upstream, and demo, which needs it."""
    sending.store(sending.wheel("acme-core", "1.0"))
    sending.offer("acme-core", "9.9")
    sending.offer("demo", "1.0", requires=["acme-core"])
    return sending


def internal(run: RunBody) -> dict[str, str]:
    """Return the names that a report calls internal, with why."""
    return {one.name: one.because for one in run.internal_because}


def test_a_name_that_matches_a_pattern_is_never_asked_upstream(acme_core: SendingFeed) -> None:
    run = acme_core.sent("demo", choice={"internal": ["acme-*"]})

    assert chosen(run) == {"demo": "1.0", "acme-core": "1.0"}
    assert acme_core.asked_upstream("acme-core") == 0
    assert internal(run) == {"acme-core": "it matches --internal acme-*"}
    assert run.internal == ["acme-core"]


def test_without_a_pattern_one_page_is_read_and_the_same_version_is_taken(acme_core: SendingFeed) -> None:
    run = acme_core.sent("demo")

    assert chosen(run) == {"demo": "1.0", "acme-core": "1.0"}
    assert acme_core.asked_upstream("acme-core") == 1
    because = "acme_core-1.0-py3-none-any.whl is there, and the upstream lists no such file"
    assert internal(run) == {"acme-core": because}
    assert set(acme_core.uploads()) == {"demo-1.0-py3-none-any.whl"}


@pytest.mark.parametrize("choice", [{"internal": ["acme-*"]}, {}], ids=["with-a-pattern", "without-one"])
def test_an_internal_name_that_is_asked_for_itself_comes_from_the_destination(
    acme_core: SendingFeed, choice: dict[str, list[str]]
) -> None:
    run = acme_core.sent("acme-core", choice=choice)

    assert chosen(run) == {"acme-core": "1.0"}
    assert acme_core.uploads() == {}


def test_a_name_that_a_colleague_takes_while_the_run_fetches_is_the_destinations_own(
    sending: SendingFeed,
) -> None:
    sending.offer("demo", "1.0", requires=["acme-core"])
    strangers = sending.offer("acme-core", "9.9")
    sending.upstream.fault(strangers.name, Pause(2))

    begun = sending.begin("demo")
    wait_until(lambda: bool(sending.upstream.asked(strangers.name)))
    ours = sending.store(sending.wheel("acme-core", "1.0"))
    run = sending.ended(begun)

    assert run.state is RunState.PUBLISHED, run.reason
    assert chosen(run) == {"demo": "1.0", "acme-core": "1.0"}
    assert list(internal(run)) == ["acme-core"]
    assert strangers.name not in sending.uploads()
    assert {"demo-1.0-py3-none-any.whl", ours.name} == sending.there().keys()


def test_what_the_destination_lacks_of_an_internal_name_is_lacking(acme_core: SendingFeed) -> None:
    run = acme_core.send("acme-core==9.9", choice={"internal": ["acme-*"]})

    assert run.state is RunState.FAILED
    assert acme_core.asked_upstream("acme-core") == 0
    assert internal(run) == {"acme-core": "it matches --internal acme-*"}, "a failed run says so too"


def test_a_pattern_matches_a_name_that_is_nowhere_and_nobody_upstream_hears_of_it(
    sending: SendingFeed,
) -> None:
    sending.offer("acme-new", "1.0")

    run = sending.send("acme-new", choice={"internal": ["acme-*"]})

    assert run.state is RunState.FAILED
    assert sending.asked_upstream("acme-new") == 0


def test_a_person_may_allow_the_upstream_for_a_name(acme_core: SendingFeed) -> None:
    run = acme_core.sent(
        "demo", choice={"upstream_allow": ["Acme_Core"], "internal": ["acme-*"]}, upgrade=True
    )

    assert chosen(run) == {"demo": "1.0", "acme-core": "9.9"}
    assert internal(run) == {}


def test_a_release_at_the_destination_never_stands_beside_the_upstreams_files_of_it(
    sending: SendingFeed,
) -> None:
    sending.store(sending.wheel("acme-core", "1.0", tag="py2-none-any"))
    sending.offer("acme-core", "1.0")

    run = sending.send("acme-core", choice={"upstream_allow": ["acme-core"]})

    assert run.state is RunState.FAILED, "the destination's own release has no wheel for this Python"


def test_an_imported_name_is_kept_and_goes_on_with_the_upstream(sending: SendingFeed) -> None:
    old = sending.offer("part", "1.0")
    sending.offer("part", "2.0")
    sending.offer("demo", "1.0", requires=["part"])
    sending.offer("other", "1.0", requires=["part>=2"])
    sending.store(old)

    kept = sending.sent("demo")
    raised = sending.sent("other")

    assert chosen(kept)["part"] == "1.0"
    assert [(one.name, one.version) for one in kept.kept] == [("part", "1.0")]
    assert chosen(raised)["part"] == "2.0"
    assert (internal(kept), internal(raised)) == ({}, {})


def test_names_asked_for_get_the_newest(sending: SendingFeed) -> None:
    sending.store(sending.offer("part", "1.0"))
    sending.offer("part", "2.0")

    assert chosen(sending.sent("part")) == {"part": "2.0"}


def test_preferences_grow_with_the_pages_that_are_read(sending: SendingFeed) -> None:
    """An older release that is kept asks for a name that nobody had met before."""
    for name, requires in {"top": ["middle"], "middle": [], "bottom": []}.items():
        sending.offer(name, "2.0", requires=requires)
    sending.store(sending.offer("middle", "1.0", requires=["bottom"]))
    sending.store(sending.offer("bottom", "1.0"))

    run = sending.sent("top")

    assert chosen(run) == {"top": "2.0", "middle": "1.0", "bottom": "1.0"}
    assert set(sending.uploads()) == {"top-2.0-py3-none-any.whl"}


def test_a_destination_without_digests_is_read_once_and_remembered(sending: SendingFeed) -> None:
    sending.azure.manners.states_digests = False
    theirs = sending.store(sending.offer("plain-part", "1.0"))
    own = sending.store(sending.wheel("plain-own", "1.0"))
    sending.offer("plain-own", "9.9")
    demo = sending.offer("plain-demo", "1.0", requires=["plain-part", "plain-own"])

    first = sending.sent("plain-demo")
    fetched = whole_downloads(sending.azure.seen)
    again = sending.sent("plain-demo")

    assert chosen(first) == chosen(again) == {"plain-demo": "1.0", "plain-own": "1.0", "plain-part": "1.0"}
    assert set(internal(first)) == set(internal(again)) == {"plain-own"}
    assert sending.there() == digests(theirs, own, demo)
    assert sorted(fetched) == sorted({theirs.name, own.name, demo.name}), "each once"
    assert whole_downloads(sending.azure.seen) == fetched
    assert sending.uploads() == {demo.name: 1}


def test_an_upstream_that_does_not_answer_fails_the_run(acme_core: SendingFeed) -> None:
    acme_core.upstream.fault("acme-core", Answer(503))

    run = acme_core.send("demo")

    assert run.state is RunState.FAILED
    assert "acme-core" in reason(run)
    assert "503" in reason(run)
    assert acme_core.uploads() == {}


def test_a_destination_that_does_not_show_a_page_fails_the_run(acme_core: SendingFeed) -> None:
    acme_core.azure.fault("page:acme-core", Fails(400, "No."))

    run = acme_core.send("demo")

    assert run.state is RunState.FAILED
    assert "acme-core" in reason(run)
    assert acme_core.uploads() == {}


def test_a_file_that_inspection_refuses_reaches_nobody_nor_does_anything_of_its_closure(
    sending: SendingFeed,
) -> None:
    sending.offer("demo", "1.0", requires=["part", "other"])
    sending.offer("part", "1.0", broken="climbing-member")
    sending.offer("other", "1.0")

    run = sending.send("demo")

    assert run.state is RunState.REFUSED
    assert ends(run)["part-1.0-py3-none-any.whl"] == "refused"
    assert sending.uploads() == {}
    assert sending.there() == {}


def test_a_file_at_the_destination_is_inspected_too(sending: SendingFeed) -> None:
    sending.store(sending.wheel("acme-core", "1.0", broken="climbing-member"))
    sending.offer("demo", "1.0", requires=["acme-core"])

    run = sending.send("demo")

    assert run.state is RunState.REFUSED
    assert sending.uploads() == {}


def test_a_plan_lists_the_internal_names_and_why_and_what_is_there(acme_core: SendingFeed) -> None:
    run = acme_core.planned("demo")

    because = "acme_core-1.0-py3-none-any.whl is there, and the upstream lists no such file"
    assert internal(run) == {"acme-core": because}
    assert ends(run) == {
        "acme_core-1.0-py3-none-any.whl": "present",
        "demo-1.0-py3-none-any.whl": "new",
    }
    assert acme_core.uploads() == {}


def test_a_failed_run_lists_the_internal_names_and_why(acme_core: SendingFeed) -> None:
    acme_core.offer("demo", "2.0", requires=["acme-core>=5"])

    run = acme_core.send("demo>=2")

    assert run.state is RunState.FAILED
    assert set(internal(run)) == {"acme-core"}
    assert "acme-core" in reason(run)
    assert asked(acme_core.azure.seen, "storage") == []

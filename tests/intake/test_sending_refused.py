"""What a destination does not take: named, with its words and with what to do; nothing there is touched."""

import hashlib
from pathlib import Path

import pytest

from feedgate.api.run_bodies import RunBody
from feedgate.model.run import RunState
from tests.builders.intake_feed import chosen, passed_over, reason
from tests.builders.sending_feed import SendingFeed, because, digests, ends, posted
from tests.doubles.azure_log import asked
from tests.doubles.azure_manners import Cuts, Fails, Redirects, Waits

NO = Fails(400, "The summary has no summary. Write one.")
TAKES_2_1 = {"limits": ["metadata=2.1"]}


def sha256(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def branches(sending: SendingFeed) -> dict[str, Path]:
    """A tree with two branches; part, below one of them, is what the destination will not take."""
    releases = {"top": ["left", "right"], "left": ["part"], "right": ["base"], "part": ["base"], "base": []}
    return {name: sending.offer(name, "1.0", requires=requires) for name, requires in releases.items()}


# ---------------------------------------------------------------------------- refused


def test_what_does_not_depend_on_a_refused_file_is_there_and_the_report_names_it(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    sending.azure.fault(f"upload:{branches['part'].name}", NO)

    run = sending.send("top")

    assert run.state is RunState.FAILED
    assert sending.there() == digests(branches["base"], branches["right"])
    assert ends(run) == {
        branches["base"].name: "published",
        branches["right"].name: "published",
        branches["part"].name: "refused",
        branches["left"].name: "kept-back",
        branches["top"].name: "kept-back",
    }
    said = because(run, branches["part"])
    assert "answered 400" in said
    assert "The summary has no summary. Write one." in said
    assert "take another release of it" in said, "what to do"
    assert branches["part"].name in because(run, branches["top"])
    assert branches["part"].name in reason(run)
    assert "The summary has no summary" in reason(run)
    assert sending.uploads()[branches["part"].name] == 1
    assert not {branches["left"].name, branches["top"].name} & sending.uploads().keys()


def test_once_the_destination_takes_it_the_same_request_sends_what_is_missing(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    sending.azure.fault(f"upload:{branches['part'].name}", NO, times=1)
    sending.send("top")

    run = sending.sent("top")

    assert sending.there() == digests(*branches.values())
    assert (run.published, run.already_present) == (3, 2)
    assert sending.uploads() == {wheel.name: 1 for wheel in branches.values()} | {branches["part"].name: 2}


def test_what_depends_on_each_other_goes_together_and_the_report_is_true_of_both(
    sending: SendingFeed,
) -> None:
    one = sending.offer("one", "1.0", requires=["two"])
    two = sending.offer("two", "1.0", requires=["one"])
    sending.azure.fault(f"upload:{two.name}", NO)

    run = sending.send("one")

    assert run.state is RunState.FAILED
    assert ends(run)[two.name] == "refused"
    assert two.name in reason(run)
    is_there = one.name in sending.there()  # they went together
    assert ends(run)[one.name] == ("published" if is_there else "kept-back")


def test_what_was_sent_before_the_destination_let_nobody_in_any_more_is_said(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    sending.azure.fault(f"upload:{branches['left'].name}", Fails(401))

    run = sending.send("top")

    assert run.state is RunState.FAILED
    assert branches["left"].name in reason(run)
    assert sending.there() == digests(branches["base"], branches["right"], branches["part"])
    assert ends(run) == dict.fromkeys(sending.there(), "published") | {
        branches["left"].name: "fetched",
        branches["top"].name: "fetched",
    }
    assert run.published == 3


def test_the_page_that_confirms_an_upload_is_not_read_again(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    sending.sent("top")

    pages = {name: len(asked(sending.azure.seen, "page", name)) for name in branches}
    assert set(pages.values()) == {3}, "to learn of the name, before the upload, and after it"


def test_a_closure_that_the_gate_refuses_sends_nothing_even_of_other_branches(sending: SendingFeed) -> None:
    sending.offer("top", "1.0", requires=["good", "bad"])
    sending.offer("good", "1.0")
    sending.offer("bad", "1.0", broken="climbing-member")

    run = sending.send("top")

    assert run.state is RunState.REFUSED
    assert sending.uploads() == {}


# ---------------------------------------------------------------------------- conflicts and spent names


def test_a_file_that_a_colleague_sends_meanwhile_is_a_conflict_if_its_bytes_are_others(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    theirs = sending.wheel("part", "1.0", files={"part/theirs.py": ""})

    run = meanwhile(sending, branches["base"], theirs)

    assert run.state is RunState.FAILED
    assert run.conflicts == [theirs.name]
    assert ends(run)[branches["part"].name] == "conflict"
    assert sha256(theirs) in because(run, theirs)
    assert sha256(branches["part"]) in because(run, theirs)
    assert sending.there() == digests(theirs, branches["base"], branches["right"])


def test_a_file_that_a_colleague_sends_meanwhile_is_present_if_it_is_the_same(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    run = meanwhile(sending, branches["base"], branches["part"])

    assert run.state is RunState.PUBLISHED, run.reason
    assert run.conflicts == []
    assert sending.there() == digests(*branches.values())


def test_other_bytes_may_stay_where_a_person_accepts_them(
    sending: SendingFeed, branches: dict[str, Path]
) -> None:
    theirs = sending.wheel("part", "1.0", requires=["base"], files={"part/theirs.py": "# longer than ours"})

    run = meanwhile(sending, branches["base"], theirs, accept_existing=["Part"])

    assert run.state is RunState.PUBLISHED, run.reason
    assert run.targets[0].proved
    assert run.conflicts == []
    assert ends(run)[theirs.name] == "present"
    assert "stay" in because(run, theirs)
    others = [wheel for name, wheel in branches.items() if name != "part"]
    assert sending.there() == digests(theirs, *others)


def meanwhile(sending: SendingFeed, ours: Path, theirs: Path, **choice: list[str]) -> RunBody:
    """Add top; while ``ours`` is on its way somebody else has ``theirs`` at the destination."""
    sending.azure.fault(f"upload:{ours.name}", Waits(1.0), times=1)
    run = sending.begin("top", choice=choice)
    sending.wait_for_upload(ours)
    sending.store(theirs)
    return sending.ended(run)


def test_a_spent_name_is_passed_over_for_another_release(sending: SendingFeed) -> None:
    sending.offer("demo", "1.0", requires=["part"])
    sending.offer("part", "0.9")
    deleted = sending.store(sending.offer("part", "1.0"))
    sending.azure.delete("part", "1.0")

    run = sending.sent("demo")

    assert chosen(run) == {"demo": "1.0", "part": "0.9"}
    assert run.spent == [deleted.name]
    assert ("part", "1.0", "destination") in passed_over(run)
    assert deleted.name not in sending.there()
    assert sending.uploads()[deleted.name] == 1


def test_a_spent_name_without_another_release_fails_the_run_by_name(sending: SendingFeed) -> None:
    sending.offer("demo", "1.0", requires=["part==1.0"])
    deleted = sending.store(sending.offer("part", "1.0"))
    sending.azure.delete("part", "1.0")

    run = sending.send("demo")

    assert run.state is RunState.FAILED
    assert run.spent == [deleted.name]
    assert "part 1.0" in reason(run)
    assert "cannot be republished" in reason(run)
    assert "an Owner can restore" in reason(run)
    assert sending.there() == {}


# ---------------------------------------------------------------------------- limits


@pytest.fixture
def ages(sending: SendingFeed) -> SendingFeed:
    """demo and part, each once with old metadata and once with new ones."""
    for version, metadata_version in (("1.0", "2.1"), ("2.0", "2.4")):
        sending.offer("demo", version, requires=["part"], metadata_version=metadata_version)
        sending.offer("part", version, metadata_version=metadata_version)
        sending.offer("other", version, metadata_version=metadata_version)
    sending.azure.manners.newest_metadata = "2.1"
    return sending


def test_a_limit_of_metadata_is_learnt_from_one_file_and_the_run_chooses_again(ages: SendingFeed) -> None:
    run = ages.sent("demo", "other")

    assert chosen(run) == {"demo": "1.0", "other": "1.0", "part": "1.0"}
    refused = [one for one in posted(ages.azure.seen) if one.status == 400]
    assert len(refused) == 1, "of each metadata version one file goes ahead"
    assert ages.there().keys() == {f"{name}-1.0-py3-none-any.whl" for name in ("demo", "other", "part")}
    assert {("demo", "2.0", "destination"), ("part", "2.0", "destination")} <= set(passed_over(run))


def test_a_limit_that_is_said_is_never_tried(ages: SendingFeed) -> None:
    run = ages.sent("demo", choice=TAKES_2_1)

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}
    assert not [one for one in posted(ages.azure.seen) if one.status != 200]


def test_what_is_there_already_fits_whatever_it_says_of_itself(ages: SendingFeed) -> None:
    new = ages.store(ages.offer("part", "3.0", metadata_version="2.4"))

    run = ages.sent("demo", choice=TAKES_2_1)

    assert chosen(run) == {"demo": "1.0", "part": "3.0"}
    assert ages.uploads().keys() == {"demo-1.0-py3-none-any.whl"}
    assert new.name in ages.there()


@pytest.mark.parametrize("choice", [{}, TAKES_2_1], ids=["learnt", "said"])
def test_if_no_closure_fits_nothing_more_is_sent_and_the_way_out_is_said(
    ages: SendingFeed, choice: dict[str, list[str]]
) -> None:
    run = ages.send("demo>=2", "other", choice=choice)

    assert run.state is RunState.FAILED
    assert "demo 2.0 (its metadata version is 2.4, the destination takes 2.1 at most)" in reason(run)
    assert "leave --to out" in reason(run)
    assert ages.there() == {}


def test_a_limit_of_size_is_learnt_and_the_run_chooses_again(sending: SendingFeed) -> None:
    sending.offer("demo", "1.0", requires=["part"])
    sending.offer("part", "1.0")
    large = sending.offer("part", "2.0", files={"part/blob": bytes(range(256)) * 400})
    sending.azure.manners.size_limit_bytes = large.stat().st_size - 1

    run = sending.sent("demo")

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}
    assert ("part", "2.0", "destination") in passed_over(run)
    assert sending.uploads()[large.name] == 1


# ---------------------------------------------------------------------------- faults on the way


@pytest.fixture
def pair(sending: SendingFeed) -> tuple[Path, Path]:
    """demo, which needs part."""
    return sending.offer("demo", "1.0", requires=["part"]), sending.offer("part", "1.0")


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        pytest.param(Fails(429, "Slow down.", retry_after="1"), 2, id="429-with-a-pause"),
        pytest.param(Fails(503), 2, id="503"),
        pytest.param(Fails(503, stores_first=True), 1, id="503-that-stored-the-file"),
        pytest.param(Fails(500, stores_first=True), 1, id="500-that-stored-the-file"),
        pytest.param(Cuts(), 2, id="cut"),
        pytest.param(Cuts(stores_first=True), 1, id="cut-after-it-was-stored"),
        pytest.param(
            Fails(409, "Conflict - The feed already contains file.", stores_first=True), 1, id="409"
        ),
        pytest.param(Waits(2.0), 1, id="slow"),
    ],
)
def test_a_fault_on_the_way_is_survived_and_nothing_that_is_listed_is_sent_again(
    sending: SendingFeed, pair: tuple[Path, Path], fault: Fails | Cuts | Waits, posts: int
) -> None:
    demo, part = pair
    sending.azure.fault(f"upload:{part.name}", fault, times=1)

    run = sending.sent("demo")

    assert sending.there() == digests(demo, part)
    assert sending.uploads() == {part.name: posts, demo.name: 1}
    assert run.spent == []
    assert run.conflicts == []


def test_a_page_that_is_slow_to_show_an_upload_is_looked_at_again(
    sending: SendingFeed, pair: tuple[Path, Path]
) -> None:
    sending.azure.manners.page_delay_seconds = 0.7

    run = sending.sent("demo")

    assert run.published == 2
    assert sending.uploads() == {wheel.name: 1 for wheel in pair}


def test_pages_that_fail_now_and_then_are_asked_again(sending: SendingFeed, pair: tuple[Path, Path]) -> None:
    for project in ("demo", "part"):
        sending.azure.fault(f"page:{project}", Fails(503), times=1)
        sending.azure.fault(f"page:{project}", Cuts(sent_bytes=10), times=1)

    sending.sent("demo")

    assert sending.there() == digests(*pair)


def test_an_upload_that_is_redirected_elsewhere_is_not_followed_and_the_address_is_named(
    sending: SendingFeed, pair: tuple[Path, Path]
) -> None:
    sending.azure.fault("upload", Redirects("http://elsewhere.example/upload"))

    run = sending.send("demo")

    assert run.state is RunState.FAILED
    assert "http://elsewhere.example/upload" in reason(run)
    assert sending.there() == {}


def test_a_file_that_can_not_be_had_back_is_not_proved(sending: SendingFeed, pair: tuple[Path, Path]) -> None:
    sending.azure.fault(f"storage:{pair[1].name}", Fails(404, "Gone."))

    run = sending.send("demo")

    assert run.state is RunState.FAILED
    assert pair[1].name in reason(run)
    assert [target.proved for target in run.targets] == [False]
    assert asked(sending.azure.seen, "storage", pair[1].name)

"""Whole runs against each manner that an Azure feed may have: the closure arrives, once, and is proved."""

from pathlib import Path
from typing import Any

import pytest

from tests.builders.intake_feed import chosen
from tests.builders.sending_feed import SendingFeed, digests
from tests.doubles.azure_log import asked, whole_downloads

MANNERS: dict[str, dict[str, Any]] = {
    "anonymous-reads": {"anonymous_reads": True},
    "no-digests": {"states_digests": False},
    "no-ranges": {"takes_ranges": False, "redirect_status": 302},
    "answers-201": {"accepted_status": 201},
    "answers-202-and-is-slow-to-list": {"accepted_status": 202, "page_delay_seconds": 0.5},
    "short-lived-links": {"link_seconds": 5.0},
}


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS.keys())
def test_a_closure_arrives_and_is_not_sent_again(sending: SendingFeed, manners: dict[str, Any]) -> None:
    word = sending.word[:8]  # a file that is fetched for its digest is remembered by its address
    part = sending.offer(f"part-{word}", "1.0")
    demo = sending.offer(f"demo-{word}", "1.0", requires=[f"part-{word}"])
    for name, value in manners.items():
        setattr(sending.azure.manners, name, value)

    first = sending.sent(f"demo-{word}")
    fetched = whole_downloads(sending.azure.seen)
    again = sending.sent(f"demo-{word}")

    assert sending.there() == digests(demo, part)
    assert (first.published, again.published, again.already_present) == (2, 0, 2)
    assert sending.uploads() == {part.name: 1, demo.name: 1}
    assert all(one.has_credentials for one in asked(sending.azure.seen, "page")), (
        "nobody waits for a challenge"
    )
    assert not any(one.has_credentials for one in asked(sending.azure.seen, "storage"))
    if "takes_ranges" not in manners:
        assert whole_downloads(sending.azure.seen) == fetched
        assert len(fetched) == (2 if "states_digests" in manners else 0)


@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_spent_name_is_known_by_its_words_whatever_the_status(sending: SendingFeed, status: int) -> None:
    sending.azure.manners.deleted_status = status
    sending.offer("part", "0.9")
    gone: Path = sending.store(sending.offer("part", "1.0"))
    sending.offer("demo", "1.0", requires=["part"])
    sending.azure.delete("part", "1.0")

    run = sending.sent("demo")

    assert chosen(run) == {"demo": "1.0", "part": "0.9"}
    assert run.spent == [gone.name]


@pytest.mark.parametrize("status", [400, 413])
def test_a_limit_of_size_is_known_by_its_words_whatever_the_status(sending: SendingFeed, status: int) -> None:
    sending.azure.manners.size_status = status
    sending.offer("part", "1.0")
    large = sending.offer("part", "2.0", files={"part/blob": bytes(range(256)) * 400})
    sending.offer("demo", "1.0", requires=["part"])
    sending.azure.manners.size_limit_bytes = large.stat().st_size - 1

    assert chosen(sending.sent("demo")) == {"demo": "1.0", "part": "1.0"}

"""What was sent to a destination is told as sent there, by the run's own word."""

from feedgate.api.exposure_bodies import ExposureBody, SentAwayBody
from feedgate.model.arrival import Arrival
from tests.builders.sending_feed import SendingFeed


def exposed(sending: SendingFeed, release: str) -> ExposureBody:
    return sending.client.show_exposure(release, sending.path).body


def sends(sending: SendingFeed, release: str) -> list[SentAwayBody]:
    [found] = exposed(sending, release).releases
    return found.sends


def test_what_a_run_sent_and_what_was_there_before_it_are_told_apart(sending: SendingFeed) -> None:
    demo = sending.offer("demo", "1.0", requires=["part"])
    part = sending.store(sending.offer("part", "1.0"))

    run = sending.sent("demo")

    [of_demo], [of_part] = sends(sending, "demo==1.0"), sends(sending, "part==1.0")
    assert (of_demo.filename, of_demo.run, of_demo.arrival) == (demo.name, run.run, Arrival.SENT)
    assert (of_part.filename, of_part.run, of_part.arrival) == (part.name, run.run, Arrival.PRESENT)
    assert of_demo.destination == sending.azure.simple_url
    assert f"is known there alone: {of_demo.destination}." in " ".join(exposed(sending, "demo==1.0").unseen)


def test_what_a_run_only_brought_in_was_sent_nowhere(sending: SendingFeed) -> None:
    sending.offer("demo", "1.0")
    sending.add("demo")

    assert sends(sending, "demo==1.0") == []

"""Exposure in words: who, when, which files, whither; and nothing of strangers reaches the terminal live."""

from datetime import UTC, datetime, timedelta

from feedgate.api.advisory_bodies import MatchBody
from feedgate.api.exposure_bodies import (
    ExposedFileBody,
    ExposedReleaseBody,
    ExposureBody,
    FetchesBody,
    SentAwayBody,
)
from feedgate.cli.exposure import _in_words
from feedgate.model.advisory import AdvisorySeverity
from feedgate.model.arrival import Arrival
from feedgate.model.download import ClientKind

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"


def fetches(
    kind: ClientKind, client: str | None, actor: str | None = None, *, later: int = 0, files: int = 2
) -> FetchesBody:
    last = NOON + timedelta(hours=later)
    return FetchesBody(
        kind=kind, client=client, actor=actor, files=[WHEEL, SDIST][:files], first=NOON, last=last
    )


def sent(filename: str, arrival: Arrival, destination: str = "azure") -> SentAwayBody:
    return SentAwayBody(destination=destination, filename=filename, run="run_1", arrival=arrival, at=NOON)


def in_words(*fetched: FetchesBody, sends: tuple[SentAwayBody, ...] = ()) -> list[str]:
    release = ExposedReleaseBody(
        feed="acme/team",
        name="demo",
        version="1.0",
        advisories=[
            MatchBody(
                id="PYSEC-2026-1",
                aliases=["CVE-2026-1"],
                severity=AdvisorySeverity.HIGH,
                fixed=None,
                malware=False,
            )
        ],
        files=[
            ExposedFileBody(filename=WHEEL, sha256="a" * 64, listed=True, yanked=""),
            ExposedFileBody(filename=SDIST, sha256="b" * 64, listed=False, yanked=None),
        ],
        fetches=list(fetched),
        sends=list(sends),
    )
    body = ExposureBody(feeds=["acme/team", "acme/other"], releases=[release], unseen=["Copies."])
    return list(_in_words("PYSEC-2026-1", body))


def test_a_release_its_files_and_the_limits_of_what_is_known_are_told() -> None:
    assert in_words() == [
        "demo 1.0 in acme/team",
        "  advisory    PYSEC-2026-1, CVE-2026-1, high, no fix is known",
        f"  file        {WHEEL}, in the feed, yanked",
        f"  file        {SDIST}, no longer in the feed",
        "  fetched by  nobody that is known",
        "",
        "Looked at: acme/team, acme/other.",
        "Not seen:",
        "  Copies.",
    ]


def test_each_client_has_a_line_that_names_the_files_where_they_are_not_all() -> None:
    said = in_words(
        fetches(ClientKind.TOKEN, "tok_1", "ada", later=26),
        fetches(ClientKind.ADDRESS, "192.0.2.7", files=1),
        fetches(ClientKind.OTHERS, None),
    )

    assert [line for line in said if "fetched by" in line] == [
        "  fetched by  ada, token tok_1, 2026-03-08 12:00 to 2026-03-09 14:00 UTC",
        f"  fetched by  address 192.0.2.7, 2026-03-08 12:00 UTC: {WHEEL}",
        "  fetched by  others, 2026-03-08 12:00 UTC",
    ]


def test_what_one_run_sent_to_one_place_is_one_line() -> None:
    sends = (
        sent(WHEEL, Arrival.SENT),
        sent(SDIST, Arrival.SENT),
        sent(SDIST, Arrival.UNKNOWN, "site-two"),
        sent(WHEEL, Arrival.PRESENT, "site-two"),
    )

    assert [line for line in in_words(sends=sends) if "sent to" in line] == [
        f"  sent to     azure, 2026-03-08 12:00 UTC, run_1: sent: {WHEEL}, {SDIST}",
        f"  sent to     site-two, 2026-03-08 12:00 UTC, run_1: may be there: the run broke off: {SDIST}",
        f"  sent to     site-two, 2026-03-08 12:00 UTC, run_1: was there already: {WHEEL}",
    ]


def test_where_nothing_is_affected_that_is_said() -> None:
    one = ExposureBody(feeds=["acme/team"], releases=[], unseen=[])
    two = ExposureBody(feeds=["acme/team", "acme/other"], releases=[], unseen=[])

    assert list(_in_words("CVE-1", one)) == ["CVE-1: no release that it affects is, or was, in acme/team"]
    assert list(_in_words("CVE-1", two)) == ["CVE-1: no release that it affects is, or was, in 2 feeds"]


def test_an_address_that_would_speak_to_the_terminal_is_shown_inert() -> None:
    said = "\n".join(in_words(fetches(ClientKind.ADDRESS, "\x1b[31m[red]x")))

    assert "\x1b" not in said
    assert "\\[red]" in said

"""Digests, moments, secrets, decisions, and a name's own upstream."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.digest import InvalidDigest, parse_digest
from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.redaction import without_secrets
from feedgate.model.run import RunState
from feedgate.model.secret import Secret
from feedgate.model.times import format_time, from_microseconds, to_microseconds


@pytest.mark.parametrize("raw", ["0" * 64, "0123456789abcdef" * 4])
def test_a_digest_is_64_small_hexadecimal_digits(raw: str) -> None:
    assert parse_digest(raw) == raw


@pytest.mark.parametrize(
    "raw", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", "\u0660" * 64, " " + "0" * 63]
)
def test_nothing_else_is_a_digest(raw: str) -> None:
    with pytest.raises(InvalidDigest):
        parse_digest(raw)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis puts the zone in
def test_a_moment_survives_its_column(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


def test_a_moment_is_written_in_utc_to_the_microsecond() -> None:
    moment = datetime(2026, 3, 8, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2)))

    assert format_time(moment) == "2026-03-07T23:02:03.000004Z"


@pytest.mark.parametrize("show", [str, repr, lambda secret: f"{secret}", lambda secret: str([secret])])
def test_a_secret_shows_stars(show: object) -> None:
    assert callable(show)
    assert "canary" not in show(Secret("canary"))
    assert Secret("canary").reveal() == "canary"
    assert Secret("canary") == Secret("canary")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token fgt_abcdefghIJKL taken", "token fgt_*** taken"),
        ("https://ada:word@pkgs.example/simple/", "https://***@pkgs.example/simple/"),
        ("Authorization: Basic YW55Ym9keTpmZ3Q=", "Authorization: Basic ***"),
        ("bearer abcdefghij", "bearer ***"),
        ("nothing of the kind", "nothing of the kind"),
        ("ada@example.com", "ada@example.com"),
    ],
)
def test_what_looks_like_a_credential_gets_stars(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def opinions(*verdicts: Verdict) -> Decision:
    return Decision("open", tuple(Opinion("rule", verdict, f"{verdict} it") for verdict in verdicts))


def test_the_gravest_opinion_decides_and_gives_the_reason() -> None:
    assert opinions().verdict is Verdict.ADMIT
    assert opinions(Verdict.ADMIT, Verdict.HOLD).verdict is Verdict.HOLD
    graver = opinions(Verdict.REFUSE, Verdict.ADMIT, Verdict.HOLD, Verdict.REFUSE)
    assert (graver.verdict, graver.reason) == (Verdict.REFUSE, "refuse it; refuse it")
    assert opinions(Verdict.ADMIT).reason == ""


@pytest.mark.parametrize(
    ("origin", "word", "is_internal"),
    [
        (Origin.IMPORTED, None, False),
        (Origin.INTERNAL, None, True),
        (Origin.IMPORTED, UpstreamRule.DENY, True),
        (Origin.INTERNAL, UpstreamRule.ALLOW, False),
    ],
)
def test_a_persons_word_on_a_name_comes_before_its_origin(
    origin: Origin, word: UpstreamRule | None, is_internal: bool
) -> None:
    assert FeedProject("demo", origin, word).is_internal is is_internal


def test_a_run_ends_in_six_ways() -> None:
    assert [state for state in RunState if not state.is_final] == [RunState.QUEUED, RunState.RUNNING]
    assert len([state for state in RunState if state.is_final]) == 6

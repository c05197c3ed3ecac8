"""Whoever guesses is slowed after five wrong credentials in a row; nobody else is."""

import pytest

from feedgate.access.attempts import Attempts


def test_five_in_a_row_are_answered_at_once_and_then_each_waits_longer() -> None:
    attempts = Attempts()

    waits = [attempts.wrong("192.0.2.1") for _ in range(12)]

    assert waits[:5] == [0.0] * 5
    assert waits[5:10] == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert set(waits[10:]) == {5.0}


def test_a_valid_one_begins_anew() -> None:
    attempts = Attempts()
    for _ in range(9):
        attempts.wrong("192.0.2.1")

    attempts.valid("192.0.2.1")

    assert [attempts.wrong("192.0.2.1") for _ in range(6)] == [0.0] * 5 + [0.5]


def test_one_address_is_not_slowed_for_another() -> None:
    attempts = Attempts()
    for _ in range(50):
        attempts.wrong("192.0.2.1")

    assert attempts.wrong("192.0.2.2") == 0.0


def test_a_valid_credential_from_an_unknown_address_is_nothing_special() -> None:
    Attempts().valid("192.0.2.1")


@pytest.mark.parametrize("free", [0, 1, 100])
def test_how_many_are_free_is_a_setting(free: int) -> None:
    attempts = Attempts(free=free, longest_seconds=0.75)

    waits = [attempts.wrong("192.0.2.1") for _ in range(free + 3)]

    assert waits == [0.0] * free + [0.5, 0.75, 0.75]


def test_a_thousand_million_wrong_ones_neither_overflow_nor_grow_without_end() -> None:
    attempts = Attempts()
    attempts._wrong["192.0.2.1"] = 10**9
    for number in range(20_000):
        attempts.wrong(f"198.51.100.{number}")

    assert len(attempts._wrong) == 10_000
    assert attempts.wrong("192.0.2.9") == 0.0

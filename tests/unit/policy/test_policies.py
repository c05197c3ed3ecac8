from datetime import timedelta

import pytest

from feedgate.policy.policies import BUILT_IN, DEFAULT, OPEN, UnknownPolicy, find_policy


def test_open_asks_for_sound_files() -> None:
    assert find_policy("open") is OPEN
    assert [rule.code for rule in OPEN.rules] == ["archive", "metadata", "identity"]


def test_open_judges_no_pages_and_trusts_any_database() -> None:
    assert OPEN.of_pages.rules == ()
    assert OPEN.database_max_age is None


def test_default_judges_pages_by_all_that_a_page_can_tell() -> None:
    assert [rule.code for rule in DEFAULT.of_pages.rules] == ["malicious", "advisories", "age"]
    assert DEFAULT.of_pages.database_max_age == DEFAULT.database_max_age == timedelta(days=7)
    assert DEFAULT.reported == frozenset()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("opn", "open"), ("Open", "open"), ("defualt", "default"), ("DEFAULT", "default"), ("o" * 1000, "open")],
)
def test_an_unknown_policy_is_named_with_the_nearest_known(name: str, nearest: str) -> None:
    with pytest.raises(UnknownPolicy) as raised:
        find_policy(name)

    assert raised.value.code == "unknown-policy"
    assert repr(name[:80]) in raised.value.message
    assert f"Did you mean '{nearest}'?" in raised.value.next_step
    assert all(known in raised.value.next_step for known in BUILT_IN)

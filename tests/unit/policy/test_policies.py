import pytest

from feedgate.policy.policies import OPEN, UnknownPolicy, find_policy


def test_open_asks_for_sound_files() -> None:
    assert find_policy("open") is OPEN
    assert [rule.code for rule in OPEN.rules] == ["archive", "identity"]


@pytest.mark.parametrize("name", ["opn", "Open", "", "strict", "o" * 1000])
def test_an_unknown_policy_is_named_with_the_nearest_known(name: str) -> None:
    with pytest.raises(UnknownPolicy) as raised:
        find_policy(name)

    assert raised.value.code == "unknown-policy"
    assert repr(name[:80]) in raised.value.message
    assert "'open'" in raised.value.next_step

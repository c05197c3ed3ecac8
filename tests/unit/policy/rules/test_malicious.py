import pytest

from feedgate.model.decision import Verdict
from feedgate.policy.facts import Advised, Way
from feedgate.policy.rules.malicious import Malicious
from tests.unit.policy.facts import FILENAME, NOON, facts, match

RULE = Malicious()
MALWARE = match("MAL-2026-1", is_malware=True)


@pytest.mark.parametrize("way", list(Way))
def test_what_a_record_of_malware_names_is_refused(way: Way) -> None:
    opinion = RULE.judge(facts(way=way, advised=Advised((match(fixed="2.0"), MALWARE))), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert opinion.reason == f"{FILENAME}: is malicious: MAL-2026-1"


def test_a_hole_is_no_malice() -> None:
    assert RULE.judge(facts(advised=Advised((match(fixed="2.0"),))), now=NOON).verdict is Verdict.ADMIT


def test_where_nobody_loaded_a_database_nobody_knows_the_records() -> None:
    opinion = RULE.judge(facts(advised=None), now=NOON)

    assert opinion.verdict is Verdict.HOLD
    assert "no advisory database is loaded" in opinion.reason

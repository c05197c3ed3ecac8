import re

import pytest

from feedgate.model.decision import Verdict
from feedgate.policy.document_tables import InvalidPolicy, RuleTables
from feedgate.policy.examples import Tried, try_examples
from tests.documents import ROOT
from tests.unit.policy.facts import NOON

GUIDE = ROOT / "docs" / "guides" / "policy.md"

HEAD = 'name = "team"\n[rules.age]\nwait_days = 7\n'


def tried(example: str) -> Tried:
    (only,) = try_examples(f'{HEAD}[[example]]\nsays = "it"\n{example}', now=NOON)
    return only


@pytest.mark.parametrize(
    ("example", "rule"),
    [
        pytest.param('expect = "admit"', None, id="nothing-said"),
        pytest.param('age_days = 7\nexpect = "admit"', None, id="old-enough"),
        pytest.param('age_days = 6.9\nexpect = "hold"', "age", id="too-young"),
        pytest.param('age_days = "unknown"\nexpect = "hold"', "age", id="nobody-knows-when"),
        pytest.param('age_days = 1\nway = "upload"\nexpect = "admit"', None, id="an-upload"),
        pytest.param('age_days = 1\nfixes = ["PYSEC-1"]\nexpect = "admit"', None, id="a-fix"),
        pytest.param(
            'advisories = [{id = "P-1", fixed = "2"}]\nexpect = "refuse"', "advisories", id="a-hole"
        ),
        pytest.param('advisories = [{id = "P-1"}]\nexpect = "hold"', "advisories", id="no-fix"),
        pytest.param('malware = ["MAL-1"]\nexpect = "refuse"', "malicious", id="malware"),
        pytest.param('database = false\nexpect = "hold"', "malicious", id="no-database"),
        pytest.param(
            'findings = {archive = ["record-mismatch"]}\nexpect = "hold"', "archive", id="a-finding"
        ),
        pytest.param(
            'findings = {archive = ["record-mismatch"]}\nway = "upload"\nexpect = "refuse"',
            "archive",
            id="a-finding-in-an-upload",
        ),
    ],
)
def test_an_example_is_a_file_at_the_gate(example: str, rule: str | None) -> None:
    with_rule = example if rule is None else f'{example}\nrule = "{rule}"'

    assert tried(with_rule).holds


def test_an_example_that_does_not_hold_says_what_was_decided_instead() -> None:
    young = tried('age_days = 1\nexpect = "admit"')

    assert not young.holds
    assert (young.expected, young.decision.verdict) == (Verdict.ADMIT, Verdict.HOLD)
    assert "is 24 h old" in young.decision.reason


def test_the_right_verdict_by_another_rule_does_not_hold() -> None:
    assert not tried('age_days = 1\nexpect = "hold"\nrule = "advisories"').holds


def test_a_reported_rule_does_not_count_in_examples_either() -> None:
    text = 'name = "t"\n[rules.age]\nreport = true\n[[example]]\nsays = "x"\nage_days = 1\nexpect = "admit"'

    assert [one.holds for one in try_examples(text, now=NOON)] == [True]


@pytest.mark.parametrize(
    ("example", "where"),
    [
        ("", "example.1.expect"),
        ('expect = "maybe"', "example.1.expect"),
        ('expect = "hold"\nrule = "agee"', "example.1.rule"),
        ('expect = "hold"\nfile = "demo.exe"', "example.1.file"),
        ('expect = "hold"\nage = 3', "example.1.age"),
        ('expect = "hold"\nadvisories = [{id = "P-1", fix = "2"}]', "example.1.advisories.1.fix"),
    ],
)
def test_an_example_that_can_not_be_read_is_named_with_its_place(example: str, where: str) -> None:
    with pytest.raises(InvalidPolicy) as raised:
        tried(example)

    assert raised.value.facts["where"] == where


def test_a_document_without_examples_has_nothing_to_test() -> None:
    with pytest.raises(InvalidPolicy) as raised:
        try_examples(HEAD, now=NOON)

    assert raised.value.facts["where"] == "example"


def test_the_document_that_the_guide_shows_holds_its_own_examples() -> None:
    (document,) = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)

    shown = try_examples(document, now=NOON)

    assert len(shown) == 4
    assert [one.says for one in shown if not one.holds] == []


def test_the_guide_names_every_rule_that_a_document_may_state() -> None:
    named = set(re.findall(r"^\| `([a-z-]+)` \|", GUIDE.read_text(), re.MULTILINE))

    assert named >= {field.alias or name for name, field in RuleTables.model_fields.items()}

"""Every rule blocks, lets pass one step on the other side, and is not opened by what nobody knows."""

import importlib
import pkgutil
from dataclasses import dataclass
from datetime import timedelta

import pytest

from feedgate.model.decision import Verdict
from feedgate.model.inspection import Severity
from feedgate.policy import rules
from feedgate.policy.decide import decide
from feedgate.policy.document import parse_policy
from feedgate.policy.facts import Advised, Facts, Way
from feedgate.policy.policies import BUILT_IN, Policy
from feedgate.policy.rule import Rule
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age
from feedgate.policy.rules.archive import Archive
from feedgate.policy.rules.identity import Identity
from feedgate.policy.rules.malicious import Malicious
from feedgate.policy.rules.metadata import Metadata
from tests.unit.policy.facts import NOON, facts, found, listed_since, match, stated


@dataclass(frozen=True, slots=True)
class Shown:
    """What a rule blocks, what it lets pass that is nearest to it, and the case in which the fact is missing."""

    rule: Rule
    blocks: Facts
    passes: Facts
    unknown: Facts


WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)

SHOWN = {
    "advisories": Shown(
        Advisories(),
        blocks=facts(advised=Advised((match(fixed="2.0"),))),
        passes=facts(advised=Advised()),
        unknown=facts(advised=None),
    ),
    "age": Shown(
        Age(WEEK),
        blocks=facts(file=listed_since(WEEK - SECOND)),
        passes=facts(file=listed_since(WEEK)),
        unknown=facts(file=listed_since(None)),
    ),
    "archive": Shown(
        Archive(),
        blocks=facts(findings={"archive": (found("climbing-member"),)}),
        passes=facts(findings={"archive": ()}),
        unknown=facts(findings={}),
    ),
    "identity": Shown(
        Identity(),
        blocks=facts(says=stated(version="1.0.1")),
        passes=facts(says=stated(version="1.0.0")),
        unknown=facts(says=None),
    ),
    "malicious": Shown(
        Malicious(),
        blocks=facts(advised=Advised((match("MAL-2026-1", is_malware=True),))),
        passes=facts(advised=Advised((match(fixed="2.0"),))),
        unknown=facts(advised=None),
    ),
    "metadata": Shown(
        Metadata(),
        blocks=facts(way=Way.UPLOAD, findings={"metadata": (found("field-invalid", Severity.LOW),)}),
        passes=facts(way=Way.UPLOAD, findings={"metadata": (found("field-unknown", Severity.NOTE),)}),
        unknown=facts(way=Way.UPLOAD, findings={}),
    ),
}

FILES = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))


def verdict_of(shown: Shown, case: Facts) -> Verdict:
    return decide(Policy("alone", (shown.rule,)), case, now=NOON).verdict


@pytest.mark.parametrize("name", FILES)
def test_a_rule_blocks_lets_pass_one_step_on_the_other_side_and_holds_what_nobody_knows(name: str) -> None:
    shown = SHOWN[name]

    assert verdict_of(shown, shown.blocks) is not Verdict.ADMIT
    assert verdict_of(shown, shown.passes) is Verdict.ADMIT
    assert verdict_of(shown, shown.unknown) is not Verdict.ADMIT


@pytest.mark.parametrize("name", FILES)
def test_a_rule_goes_by_the_name_of_its_file_and_says_what_it_lets_pass(name: str) -> None:
    rule = SHOWN[name].rule

    assert rule.code == name.replace("_", "-")
    assert type(rule).__module__ == importlib.import_module(f"{rules.__name__}.{name}").__name__
    assert rule.meaning
    assert not rule.meaning.endswith(".")


@pytest.mark.parametrize("name", FILES)
def test_a_rule_is_part_of_a_policy_and_can_be_stated_in_a_document(name: str) -> None:
    code = SHOWN[name].rule.code

    stated_alone = parse_policy(f'name = "one"\nlike = "open"\n[rules.{code}]\n')

    assert code in {rule.code for rule in stated_alone.rules}
    assert any(code in {rule.code for rule in policy.rules} for policy in BUILT_IN.values())


@pytest.mark.parametrize("name", FILES)
def test_an_opinion_names_rule_and_file(name: str) -> None:
    shown = SHOWN[name]

    for case in (shown.blocks, shown.passes, shown.unknown):
        opinion = decide(Policy("alone", (shown.rule,)), case, now=NOON).opinions[0]
        assert opinion.rule == shown.rule.code
        assert case.filename in opinion.reason

"""A policy's own examples: files as its document describes them, and whether it comes to the verdicts that stand beside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from feedgate.model.advisory import AdvisorySeverity, Match
from feedgate.model.decision import Decision, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename, Stem, parse_filename
from feedgate.model.inspection import Finding, Severity
from feedgate.policy.decide import decide
from feedgate.policy.document import policy_of
from feedgate.policy.document_tables import ExampleTable, InvalidPolicy, not_known, read_tables
from feedgate.policy.facts import Advised, Facts, Stated, Way
from feedgate.policy.policies import Policy

_ANY_DIGEST: Final = Digest("0" * 64)
_UPSTREAM: Final = "https://upstream.example/"


@dataclass(frozen=True, slots=True)
class Tried:
    """One example, and what the policy made of it; ``rule`` is one that was to be among those that decide."""

    says: str
    expected: Verdict
    rule: str | None
    decision: Decision

    @property
    def holds(self) -> bool:
        """Whether the policy does what the example says."""
        if self.decision.verdict is not self.expected:
            return False
        return self.rule is None or self.rule in {opinion.rule for opinion in self.decision.deciding}


def try_examples(text: str, *, now: datetime) -> tuple[Tried, ...]:
    """Return what the policy of a document makes of the document's own examples; ``now`` is aware UTC.

    Raises InvalidPolicy, also where there is no example.
    """
    document = read_tables(text)
    policy = policy_of(document)
    if not document.example:
        raise InvalidPolicy("example", "there is none", "Write one: [[example]] with says and expect.")
    return tuple(
        _tried(policy, table, f"example.{number}", now)
        for number, table in enumerate(document.example, start=1)
    )


def _tried(policy: Policy, table: ExampleTable, where: str, now: datetime) -> Tried:
    rules = [rule.code for rule in policy.rules]
    if table.rule is not None and table.rule not in rules:
        raise not_known(f"{where}.rule", table.rule, rules)
    try:
        stem = parse_filename(table.file)
    except InvalidFilename as error:
        raise InvalidPolicy(f"{where}.file", error.message, error.next_step) from error
    decision = decide(policy, _facts(policy, table, stem, now), now=now)
    return Tried(table.says, Verdict(table.expect), table.rule, decision)


def _facts(policy: Policy, table: ExampleTable, stem: Stem, now: datetime) -> Facts:
    way = Way(table.way)
    uploaded_at = None if isinstance(table.age_days, str) else now - timedelta(days=table.age_days)
    file = Distribution(table.file, _ANY_DIGEST, uploaded_at=uploaded_at, source=_UPSTREAM)
    return Facts(
        filename=table.file,
        way=way,
        file=file if way is Way.IMPORT else None,
        findings=_findings(policy, table),
        stated=Stated(stem.project, stem.version, None, _ANY_DIGEST),
        advised=_advised(table) if table.database else None,
    )


def _findings(policy: Policy, table: ExampleTable) -> Mapping[str, tuple[Finding, ...]]:
    """Return the findings that are said; every other inspector that the rules read has found nothing."""
    looked = {inspector for rule in policy.rules for inspector in rule.needs} | table.findings.keys()
    return {
        inspector: tuple(
            Finding(code, Severity.HIGH, f"is {code}", None) for code in table.findings.get(inspector, ())
        )
        for inspector in looked
    }


def _advised(table: ExampleTable) -> Advised:
    holes = [
        Match(one.id, (), AdvisorySeverity(one.severity), is_malware=False, summary="", fixed=one.fixed)
        for one in table.advisories
    ]
    records = [
        Match(identity, (), AdvisorySeverity.CRITICAL, is_malware=True, summary="", fixed=None)
        for identity in table.malware
    ]
    return Advised((*records, *holes), tuple(table.fixes))

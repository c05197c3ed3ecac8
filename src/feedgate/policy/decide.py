"""Facts and a policy in, a decision with reasons out; nothing else is asked."""

from datetime import datetime

from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.policy.facts import Facts
from feedgate.policy.policies import Policy
from feedgate.policy.rule import Rule


def decide(policy: Policy, facts: Facts, *, now: datetime) -> Decision:
    """Ask every rule of ``policy`` about one file; ``now`` is aware UTC."""
    return Decision(policy.name, tuple(_opinion(rule, facts, now) for rule in policy.rules), policy.reported)


def _opinion(rule: Rule, facts: Facts, now: datetime) -> Opinion:
    blind = sorted(rule.needs - facts.findings.keys())
    if blind:
        # A missing look must not open the gate.
        return Opinion(
            rule.code, Verdict.HOLD, f"{facts.filename}: not looked at by inspector {', '.join(blind)}"
        )
    return rule.judge(facts, now=now)

"""Facts and a policy in, a decision with reasons out; nothing else is asked."""

from dataclasses import replace
from datetime import datetime

from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.distribution import InvalidFilename, parse_filename
from feedgate.policy.facts import Facts
from feedgate.policy.policies import Policy
from feedgate.policy.rule import Rule


def decide(policy: Policy, facts: Facts, *, now: datetime) -> Decision:
    """Ask every rule of ``policy`` about one file; ``now`` is aware UTC."""
    opinions = tuple(
        _exempted(policy, _opinion(rule, facts, now), facts.filename, now) for rule in policy.rules
    )
    return Decision(policy.name, opinions, policy.reported)


def with_opinion(
    policy: Policy, decision: Decision, opinion: Opinion, filename: str, *, now: datetime
) -> Decision:
    """Return the decision with one more opinion, of a rule that is asked once a choice is made."""
    return replace(decision, opinions=(*decision.opinions, _exempted(policy, opinion, filename, now)))


def _opinion(rule: Rule, facts: Facts, now: datetime) -> Opinion:
    blind = sorted(rule.needs - facts.findings.keys())
    if blind:
        # A missing look must not open the gate.
        return Opinion(
            rule.code, Verdict.HOLD, f"{facts.filename}: not looked at by inspector {', '.join(blind)}"
        )
    return rule.judge(facts, now=now)


def _exempted(policy: Policy, opinion: Opinion, filename: str, now: datetime) -> Opinion:
    """Return the opinion as it counts: admit where the policy excepts the file's project from the rule."""
    if opinion.verdict is Verdict.ADMIT or not policy.exemptions:
        return opinion
    try:
        project = parse_filename(filename).project
    except InvalidFilename:
        return opinion
    for one in policy.exemptions:
        if one.covers(project, opinion.rule, now):
            reason = f"{opinion.reason}; excepted up to {one.until}: {one.reason}"
            findings = opinion.findings or (f"exception:{opinion.rule}",)
            return replace(opinion, verdict=Verdict.ADMIT, reason=reason, until=None, findings=findings)
    return opinion

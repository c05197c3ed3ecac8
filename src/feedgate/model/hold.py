"""Holds: what policy keeps out until a person says yes to it, or time does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId


class HoldState(StrEnum):
    """Where a hold stands; only an open one waits."""

    OPEN = "open"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewHold:
    """One rule's hold on one file: by which findings and why; ``until`` is when time alone ends it (aware UTC)."""

    project: ProjectName
    version: str
    filename: str
    digest: Digest
    rule: str
    findings: tuple[str, ...]
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it stands, under its ``number`` in the feed.

    ``requester`` is who asked for the file first, in which run; ``ended_by`` released or refused it, for
    ``ended_because``. ``confirmed_by`` is the second person, where one was needed.
    """

    number: int
    held: NewHold
    run: RunId
    requester: str
    opened_at: datetime
    state: HoldState = HoldState.OPEN
    ended_by: str | None = None
    ended_because: str | None = None
    ended_at: datetime | None = None
    confirmed_by: str | None = None

    def lets_pass(self, requester: str, *, second_person: bool) -> bool:
        """Whether the file may pass in a request of ``requester``: who asks does not answer alone."""
        if self.state is not HoldState.RELEASED:
            return False
        people = {self.ended_by, self.confirmed_by} - {None}
        return not second_person or bool(people - {requester})


@dataclass(frozen=True, slots=True)
class Releases:
    """The holds that let files pass in one run."""

    holds: tuple[Hold, ...] = ()

    def applied(self, decision: Decision, digest: Digest | None) -> Decision:
        """Return the decision with exactly the released opinions turned into admission."""
        mine = [hold for hold in self.holds if hold.held.digest == digest]
        if not mine:
            return decision
        opinions = tuple(_released(opinion, mine) for opinion in decision.opinions)
        return Decision(decision.policy, opinions, decision.reported)


def _released(opinion: Opinion, holds: list[Hold]) -> Opinion:
    """Turn a hold that a release answers into an admission; a finding that nobody has seen yet holds anew."""
    if opinion.verdict is not Verdict.HOLD:
        return opinion
    answered = [hold for hold in holds if hold.held.rule == opinion.rule]
    # What names no finding (nobody looked, nothing is known) is another matter than what does.
    alike = [hold for hold in answered if bool(hold.held.findings) is bool(opinion.findings)]
    seen = {finding for hold in alike for finding in hold.held.findings}
    if not alike or not seen.issuperset(opinion.findings):
        return opinion
    last = alike[-1]
    reason = f"{opinion.reason}; released by {last.ended_by} as hold {last.number}: {last.ended_because}"
    return Opinion(opinion.rule, Verdict.ADMIT, reason, findings=opinion.findings)

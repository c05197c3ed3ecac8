"""Exceptions from a rule, as a policy's document states them: for one project, with a reason and an end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from feedgate.model.names import ProjectName


@dataclass(frozen=True, slots=True)
class Exemption:
    """What ``rule`` (a code) says of a project's files does not count up to the end of the day ``until``, UTC."""

    project: ProjectName
    rule: str
    reason: str
    until: date

    def covers(self, project: ProjectName, rule: str, now: datetime) -> bool:
        """Whether it takes the rule's word away at ``now`` (aware)."""
        return (self.project, self.rule) == (project, rule) and now.astimezone(UTC).date() <= self.until

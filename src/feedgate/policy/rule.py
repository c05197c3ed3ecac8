"""What every rule is: a frozen dataclass of its settings, with one function."""

from datetime import datetime
from typing import ClassVar, Protocol

from feedgate.model.decision import Opinion
from feedgate.policy.facts import Facts


class Rule(Protocol):
    """One clause of a policy; one file a rule in ``policy/rules/``."""

    code: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    """The inspectors whose findings it reads; empty = a page can tell, so it judges pages too."""

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass, with its settings."""
        ...

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh one file; never raises, never looks at the clock itself.

        ``now`` is aware UTC. All that the rule ``needs`` is among the findings.
        """
        ...

"""Rule: what a distribution says of itself is written as PyPI asks for it.

Who uploads can build anew. Files that PyPI took by the rules of their day are let
through: the findings stay with them, and what installers act on the identity rule compares.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.facts import Facts
from feedgate.policy.findings import weigh

INSPECTOR: Final = "metadata"

_NOT_SEEN: Final = "inspection-limit"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Refuse uploads with metadata that PyPI would refuse; admit imports, whatever was found."""

    code: ClassVar[str] = "metadata"
    needs: ClassVar[frozenset[str]] = frozenset({INSPECTOR})

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "uploads whose metadata is as PyPI asks for it, and imports with any"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh what the metadata inspector found; an import that could not be looked at is held."""
        del now
        return weigh(self.code, facts, INSPECTOR, _of_import, "metadata is well-formed")


def _of_import(code: str) -> Verdict:
    return Verdict.HOLD if code == _NOT_SEEN else Verdict.ADMIT

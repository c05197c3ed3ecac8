"""Rule: only sound archives enter.

What two installers would read differently, what writes outside its folder and
what cannot be read is refused. RECORD is judged by the way in: who uploads can
build anew; of PyPI's old files some carry a poor RECORD, and nobody here can mend them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.facts import Facts
from feedgate.policy.findings import weigh

INSPECTOR: Final = "archive"

IMPORTED: Final[Mapping[str, Verdict]] = {
    "record-missing": Verdict.ADMIT,
    "record-incomplete": Verdict.ADMIT,
    "record-absent": Verdict.ADMIT,
    "record-size": Verdict.ADMIT,
    "record-mismatch": Verdict.HOLD,
    "record-unreadable": Verdict.HOLD,
    "direct-reference": Verdict.ADMIT,
    "script-outside": Verdict.ADMIT,
    "data-descriptor": Verdict.ADMIT,
    "header-odd": Verdict.ADMIT,
    "zip-comment": Verdict.ADMIT,
    "case-collision": Verdict.HOLD,
    "data-foreign": Verdict.HOLD,
    "name-encoding": Verdict.HOLD,
    "inspection-limit": Verdict.HOLD,
}
"""What imports are judged by more gently than uploads, by the finding's code."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Refuse what is unsound; of imports hold or admit what only looks careless."""

    code: ClassVar[str] = "archive"
    needs: ClassVar[frozenset[str]] = frozenset({INSPECTOR})

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "archives that every reader reads alike, and that write into their own folder alone"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh what the archive inspector found; the gravest findings are the reason."""
        del now
        return weigh(self.code, facts, INSPECTOR, _of_import, "archive is sound")


def _of_import(code: str) -> Verdict:
    return IMPORTED.get(code, Verdict.REFUSE)

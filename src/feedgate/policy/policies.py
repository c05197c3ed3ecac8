"""Policies: a name and its rules. The built-in ones stand here."""

import difflib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from feedgate.errors import Invalid
from feedgate.policy.downgrade import Downgrade
from feedgate.policy.exemption import Exemption
from feedgate.policy.rule import Rule
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age
from feedgate.policy.rules.archive import Archive
from feedgate.policy.rules.identity import Identity
from feedgate.policy.rules.malicious import Malicious
from feedgate.policy.rules.metadata import Metadata

DATABASE_AGE: Final = "database-age"
"""The code of the one question that is not asked of files: whether the advisory database is fresh enough."""


class UnknownPolicy(Invalid):
    """A name under which no policy is known."""

    code = "unknown-policy"

    def __init__(self, name: str) -> None:
        near = difflib.get_close_matches(name.casefold(), BUILT_IN, n=1, cutoff=0)
        super().__init__(
            f"{name[:80]!r} is no policy",
            next_step=f"Did you mean {near[0]!r}? There are: {', '.join(BUILT_IN)}.",
            facts={"policy": name[:80]},
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold for a file to enter; every rule is asked.

    ``database_max_age`` is how old the advisory database may be, None where that is no matter. What the
    rules in ``reported`` (by code) say is kept and shown, and does not count; ``exemptions`` take single rules'
    word away for single projects. ``downgrade`` is asked once a choice is made, None = never.
    """

    name: str
    rules: tuple[Rule, ...]
    database_max_age: timedelta | None = None
    reported: frozenset[str] = frozenset()
    exemptions: tuple[Exemption, ...] = ()
    downgrade: Downgrade | None = None

    @property
    def of_pages(self) -> "Policy":
        """The rules that a page alone can answer."""
        return replace(self, rules=tuple(rule for rule in self.rules if not rule.needs))


OPEN: Final = Policy("open", (Archive(), Metadata(), Identity()))
"""Sound files, whatever they are."""

DEFAULT: Final = Policy(
    "default",
    (Archive(), Metadata(), Identity(), Malicious(), Advisories(), Age(timedelta(days=7))),
    database_max_age=timedelta(days=7),
    downgrade=Downgrade(),
)
"""Nothing malicious, no hole that has a fix, nothing that came out this week; a fix at once."""

BUILT_IN: Final = {policy.name: policy for policy in (OPEN, DEFAULT)}


def find_policy(name: str) -> Policy:
    """Return the policy of that name; raises UnknownPolicy, which names the nearest."""
    try:
        return BUILT_IN[name]
    except KeyError:
        raise UnknownPolicy(name) from None

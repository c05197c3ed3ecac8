"""Policies: a name and its rules. The built-in ones stand here."""

import difflib
from dataclasses import dataclass
from typing import Final

from feedgate.errors import Invalid
from feedgate.policy.rule import Rule
from feedgate.policy.rules.archive import Archive
from feedgate.policy.rules.identity import Identity


class UnknownPolicy(Invalid):
    """A name under which no policy is known."""

    code = "unknown-policy"

    def __init__(self, name: str) -> None:
        near = difflib.get_close_matches(name.casefold(), _BUILT_IN, n=1, cutoff=0)
        super().__init__(
            f"{name[:80]!r} is no policy",
            next_step=f"Did you mean {near[0]!r}? There are: {', '.join(_BUILT_IN)}.",
            facts={"policy": name[:80]},
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold for a file to enter; every rule is asked."""

    name: str
    rules: tuple[Rule, ...]


OPEN: Final = Policy("open", (Archive(), Identity()))
"""Sound files, whatever they are."""

_BUILT_IN: Final = {policy.name: policy for policy in (OPEN,)}


def find_policy(name: str) -> Policy:
    """Return the policy of that name; raises UnknownPolicy, which names the nearest."""
    try:
        return _BUILT_IN[name]
    except KeyError:
        raise UnknownPolicy(name) from None

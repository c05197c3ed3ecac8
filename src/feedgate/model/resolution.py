"""What the resolver chose: pins for a target, and what it passed over."""

from dataclasses import dataclass

from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName


@dataclass(frozen=True, slots=True)
class Pin:
    """One chosen file. ``internal`` = only the feed was asked for that name.

    ``present`` = the feed has these bytes under that name already; ``there`` = the destination has.
    """

    project: ProjectName
    version: str
    file: Distribution
    internal: bool = False
    present: bool = False
    there: bool = False


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A newer version that was not taken, by which rule, and why."""

    project: ProjectName
    version: str
    target: str
    rule: str
    reason: str

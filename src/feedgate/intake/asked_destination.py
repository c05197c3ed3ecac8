"""What a request says of the destination that its closure is sent to, in plain values that are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from feedgate.errors import Invalid
from feedgate.index.learning_overlay import Said
from feedgate.model.destination import Addresses, Limits, parse_limits
from feedgate.model.name_pattern import parse_name_pattern
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.standing_destination import StandingDestination


class DestinationUnclear(Invalid):
    """A destination that is named in no way or in two."""

    code = "destination-unclear"

    def __init__(self) -> None:
        super().__init__(
            "a destination is a standing one by its name, or two addresses: one for uploads, one for pages",
            next_step="Give either `name`, or `upload_url` and `read_url`.",
        )


@dataclass(frozen=True, slots=True)
class AskedDestination:
    """A standing destination's ``name``, or the command's own two addresses; never a secret.

    ``internal`` are patterns of names that are never asked upstream; the other two are names.
    """

    name: str | None = None
    upload_url: str | None = None
    read_url: str | None = None
    internal: tuple[str, ...] = ()
    upstream_allow: tuple[str, ...] = ()
    accept_existing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "AskedDestination":
        """Read what ``dataclasses.asdict`` and JSON made of it."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        return cls(**plain)

    @property
    def addresses(self) -> Addresses | None:
        """The command's own addresses, None for a standing destination."""
        if self.upload_url is None or self.read_url is None:
            return None
        return Addresses(self.upload_url, self.read_url)

    @property
    def in_words(self) -> str:
        """What reports call it."""
        return self.name or self.read_url or ""

    @property
    def said(self) -> Said:
        """What is said of names; raises InvalidName, InvalidNamePattern."""
        allowed = frozenset(parse_project_name(raw) for raw in self.upstream_allow)
        return Said(tuple(parse_name_pattern(raw) for raw in self.internal), allowed)

    @property
    def accepted(self) -> frozenset[ProjectName]:
        """The names whose files may stay there with other bytes; raises InvalidName."""
        return frozenset(parse_project_name(raw) for raw in self.accept_existing)

    @property
    def stated_limits(self) -> Limits:
        """What is said to be too much for it; raises InvalidLimit."""
        return parse_limits(self.limits)

    def with_standing(self, standing: StandingDestination, *, by_owner: bool) -> "AskedDestination":
        """Return it with what the standing destination says too.

        For which names the upstream is asked although they are the destination's own is an Owner's to say.
        """
        own = self.upstream_allow if by_owner else ()
        return replace(
            self,
            name=standing.name,
            internal=_once(*standing.internal, *self.internal),
            upstream_allow=_once(*standing.upstream_allow, *map(parse_project_name, own)),
            accept_existing=_once(*standing.accept_existing, *self.accept_existing),
            limits=_once(*standing.limits, *self.limits),
        )

    def check(self) -> None:
        """Raise the first error there is in it."""
        is_own = self.upload_url is not None and self.read_url is not None
        if (self.name is not None) is is_own or (self.upload_url is None) is not (self.read_url is None):
            raise DestinationUnclear
        _ = self.said, self.accepted, self.stated_limits


def _once(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))

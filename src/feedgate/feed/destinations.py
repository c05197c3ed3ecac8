"""Standing destinations: set and taken by a feed's Owners, within what an administrator allowed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from feedgate.access.permissions import Permission
from feedgate.access.require import is_administering, require, require_actor, role_of
from feedgate.errors import Conflict, Forbidden, Invalid, Missing
from feedgate.model.access import Caller, Role
from feedgate.model.canonical import Json
from feedgate.model.destination import parse_limits
from feedgate.model.ledger import Act
from feedgate.model.name_pattern import parse_name_pattern
from feedgate.model.names import FeedPath, parse_project_name
from feedgate.model.secret_source import parse_secret_source
from feedgate.model.standing_destination import StandingDestination, parse_destination_name
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.outside.destination_address import derive_addresses
from feedgate.outside.index_place import has_plain_authority
from feedgate.records import destinations, runs
from feedgate.records.database import Database, View
from feedgate.records.feeds import Located

_LONGEST_USERNAME: Final = 200


class NoSuchDestination(Missing):
    """The feed has no standing destination of that name."""

    code = "no-such-destination"

    def __init__(self, path: FeedPath, name: str, known: Iterable[StandingDestination]) -> None:
        names = ", ".join(one.name for one in known)
        super().__init__(
            f"{name[:80]!r}: {path} has no standing destination of that name",
            next_step=f"Its destinations: {names}."
            if names
            else f"It has none; add one with: feedgate destination add NAME -f {path} --to URL",
        )


class AddressNotPlain(Invalid):
    """An address of a standing destination with user information, or with what may be some."""

    code = "destination-address-not-plain"

    def __init__(self) -> None:
        # Nothing of it is repeated: it may hold a password.
        super().__init__(
            "a destination's address has a host and perhaps a port before its path, and nothing else",
            next_step="Say who with --username, and where the secret is with --secret.",
        )


class UsernameUnusable(Invalid):
    """A user name that can not be sent, or one without a secret."""

    code = "destination-username-unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the user name of a standing destination {reason}",
            next_step="Give --username NAME, for Azure any, beside --secret env:NAME, file:PATH or keyring.",
        )


class SecretNeedsAdministrator(Forbidden):
    """Where a secret is, said by somebody who may not have the server read it."""

    code = "secret-needs-administrator"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: which secret of the server a destination gets is for an administrator to say",
            next_step="Ask one for: feedgate destination add with --secret. Without it you may add the destination.",
        )


class SecretLeftUnsaid(Conflict):
    """A destination that is changed to another address, and nobody says whether its secret goes there."""

    code = "destination-secret-unsaid"

    def __init__(self, known: StandingDestination) -> None:
        super().__init__(
            f"{known.name} has a secret for {known.addresses.upload_url}, which is not sent to another address unasked",
            next_step="Say where the secret for the new address is, with --secret SOURCE, or that it has none, with "
            "--secret none.",
        )


@dataclass(frozen=True, slots=True)
class AskedStanding:
    """A standing destination as its Owner writes it; ``to`` is either address.

    ``keeps_secret``: user name and secret are those that the destination of that name has, where it has any.
    """

    to: str
    read_url: str | None = None
    username: str | None = None
    secret: str | None = None
    keeps_secret: bool = False
    internal: tuple[str, ...] = ()
    upstream_allow: tuple[str, ...] = ()
    accept_existing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def add_destination(  # who, where, what, when
    records: Database,
    allowed: AllowedDestinations,
    caller: Caller,
    path: FeedPath,
    name: str,
    asked: AskedStanding,
    *,
    now: datetime,
) -> StandingDestination:
    """Have what the feed publishes from now on sent there too; it takes the place of one of the same name.

    Raises what is wrong with it (Invalid), DestinationNotAllowed, SecretLeftUnsaid, and what ``require`` raises.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    destination = _parsed(name, asked)
    allowed.require(destination.addresses)
    if destination.secret is not None and not is_administering(caller):
        raise SecretNeedsAdministrator(destination.name)
    with records.change(located.id, Act.DESTINATION_ADDED, require_actor(caller), now) as change:
        known = destinations.find(change, located.id, destination.name)
        if asked.keeps_secret and known is not None and known.secret is not None:
            if known.addresses != destination.addresses:
                raise SecretLeftUnsaid(known)
            username = destination.username or known.username
            destination = replace(destination, username=username, secret=known.secret)
        if destination.username is not None:
            _check_username(destination.username, has_secret=destination.secret is not None)
        if known != destination:
            destinations.put(change, located.id, destination)
            change.record(_facts(destination))
    return destination


def remove_destination(
    records: Database, caller: Caller, path: FeedPath, name: str, *, now: datetime
) -> StandingDestination:
    """Send nothing there any more, and return what it was; what it has stays. Raises NoSuchDestination.

    Runs that send there, or wait to, are stopped.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.DESTINATION_REMOVED, require_actor(caller), now) as change:
        known = destinations.find(change, located.id, name.lower())
        if known is None:
            raise NoSuchDestination(located.path, name, destinations.all_of(change, located.id))
        destinations.remove(change, located.id, known.name)
        runs.cancel_sends(change, located.id, known.name)
        change.record({"destination": known.name})
    return known


def list_destinations(records: Database, caller: Caller, path: FeedPath) -> tuple[StandingDestination, ...]:
    """Return the feed's standing destinations, by name."""
    with records.read() as view:
        located = require(view, caller, Permission.HISTORY_READ, path)
        return tuple(_as_seen(view, caller, located, one) for one in destinations.all_of(view, located.id))


def show_destination(records: Database, caller: Caller, path: FeedPath, name: str) -> StandingDestination:
    """Return one of them; raises NoSuchDestination."""
    with records.read() as view:
        located = require(view, caller, Permission.HISTORY_READ, path)
        known = destinations.find(view, located.id, name.lower())
        if known is None:
            raise NoSuchDestination(located.path, name, destinations.all_of(view, located.id))
        return _as_seen(view, caller, located, known)


def _as_seen(
    view: View, caller: Caller, located: Located, destination: StandingDestination
) -> StandingDestination:
    """Return it as the caller may see it: as whom, and where the secret is, is for Owners."""
    if role_of(view, caller, located, is_public=False) is Role.OWNER:
        return destination
    return replace(destination, username=None, secret=None)


def _parsed(name: str, asked: AskedStanding) -> StandingDestination:
    parsed_name = parse_destination_name(name)
    if not all(map(has_plain_authority, filter(None, (asked.to, asked.read_url)))):
        raise AddressNotPlain
    secret = None if asked.secret is None else parse_secret_source(asked.secret)
    if asked.username is not None:
        _check_username(asked.username, has_secret=secret is not None or asked.keeps_secret)
    parse_limits(asked.limits)
    return StandingDestination(
        name=parsed_name,
        addresses=derive_addresses(asked.to, asked.read_url),
        username=asked.username,
        secret=secret,
        internal=tuple(dict.fromkeys(map(parse_name_pattern, asked.internal))),
        upstream_allow=tuple(dict.fromkeys(map(parse_project_name, asked.upstream_allow))),
        accept_existing=tuple(dict.fromkeys(map(parse_project_name, asked.accept_existing))),
        limits=asked.limits,
    )


def _check_username(username: str, *, has_secret: bool) -> None:
    if not has_secret:
        raise UsernameUnusable("is of no use without a secret")
    if not username or len(username) > _LONGEST_USERNAME:
        raise UsernameUnusable(f"has 1 to {_LONGEST_USERNAME} characters")
    if ":" in username or not username.isprintable():
        raise UsernameUnusable("has no colon, no line break and no control character")


def _facts(destination: StandingDestination) -> dict[str, Json]:
    # Not the user name: people have written tokens there, and what stands in a ledger stays.
    return {
        "destination": destination.name,
        "upload_url": destination.addresses.upload_url,
        "read_url": destination.addresses.read_url,
        "secret": None if destination.secret is None else str(destination.secret),
        "internal": list(destination.internal),
        "upstream_allow": list(destination.upstream_allow),
        "accept_existing": list(destination.accept_existing),
        "limits": list(destination.limits),
    }

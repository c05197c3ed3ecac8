"""The one place that asks whether a caller may do what it wants to do."""

from feedgate.access.actors import administers
from feedgate.access.permissions import NEEDS, Permission
from feedgate.errors import Forbidden, Missing, Unauthenticated
from feedgate.model.access import Caller, Role
from feedgate.model.names import FeedPath
from feedgate.records import actors, feeds
from feedgate.records.database import View
from feedgate.records.feeds import Located


class CredentialsRequired(Unauthenticated):
    """No valid credential came with a call that needs one."""

    code = "credentials-required"

    def __init__(self) -> None:
        super().__init__(
            "no valid token came with the call",
            next_step="Send a token as password (HTTP Basic, any user name) or as Bearer; "
            "make one with: feedgate token create",
        )


class NoSuchFeed(Missing):
    """There is no such feed, or this actor may not know of it."""

    code = "no-such-feed"

    def __init__(self, path: FeedPath) -> None:
        super().__init__(
            f"{path}: no such feed, or you have no role on it",
            next_step="List your feeds with: feedgate feed list. An Owner gives a role with: feedgate grant",
            facts={"feed": str(path)},
        )


class RoleTooSmall(Forbidden):
    """The actor has a role on the feed, and it is not enough."""

    code = "role-too-small"

    def __init__(
        self, caller: Caller, permission: Permission, path: FeedPath, *, has: Role, needs: Role
    ) -> None:
        super().__init__(
            f"{caller.actor or 'anonymous'} has the role {has.value} on {path}; {permission.value} needs {needs.value}",
            next_step=f"Ask an Owner of the feed for: feedgate grant {path} {caller.actor} {needs.value}",
            facts={"feed": str(path), "role": has.value, "needs": needs.value},
        )


class ScopeTooSmall(Forbidden):
    """The token's scope does not cover the act, whatever role its actor has."""

    code = "scope-too-small"

    def __init__(self, caller: Caller, permission: Permission) -> None:
        needs = NEEDS[permission].scope.value
        super().__init__(
            f"the token of {caller.actor} has the scope {caller.scope.value}; {permission.value} needs {needs}",
            next_step=f"Make a token with: feedgate token create --scope {needs}",
            facts={"scope": caller.scope.value, "needs": needs},
        )


class NotAdministrator(Forbidden):
    """Only an administrator of the installation may do this."""

    code = "not-administrator"

    def __init__(self, caller: Caller, permission: Permission) -> None:
        super().__init__(
            f"{caller.actor} is no administrator of this installation; {permission.value} needs one",
            next_step="Ask an administrator, or run the command on the server's own machine with --data.",
        )


def require(view: View, caller: Caller, permission: Permission, path: FeedPath) -> Located:
    """Return the feed if ``caller`` may do the act on it.

    A public feed opens its pages and files; its history needs a role of one's own.
    Raises CredentialsRequired (401), NoSuchFeed (404: alike for a feed that
    does not exist and one the actor may not know of), RoleTooSmall or
    ScopeTooSmall (403).
    """
    need = NEEDS[permission]
    located = feeds.find(view, path)
    feed = None if located is None else feeds.state(view, located)
    is_public = feed is not None and feed.is_public and permission is not Permission.HISTORY_READ
    if caller.actor is None:
        if located is not None and is_public and permission is Permission.FEED_READ:
            return located
        raise CredentialsRequired
    role = None if located is None or feed is None else role_of(view, caller, located, is_public=is_public)
    if located is None or role is None:
        raise NoSuchFeed(path)
    if need.role is not None and not role.includes(need.role):
        raise RoleTooSmall(caller, permission, located.path, has=role, needs=need.role)
    if not caller.scope.includes(need.scope):
        raise ScopeTooSmall(caller, permission)
    return located


def role_of(view: View, caller: Caller, located: Located, *, is_public: bool) -> Role | None:
    """Return the role that the caller has on the feed, None where it may not know of it."""
    public = Role.READER if is_public else None
    if caller.actor is None:
        return public
    if caller.feeds is not None and located.path.key not in {path.key for path in caller.feeds}:
        return public
    if caller.is_administrator:
        return Role.OWNER
    return actors.role(view, located.id, caller.actor) or public


def require_actor(caller: Caller) -> str:
    """Return the caller's actor; raises CredentialsRequired."""
    if caller.actor is None:
        raise CredentialsRequired
    return caller.actor


def require_administrator(caller: Caller) -> str:
    """Return the caller's actor if it administers the installation.

    Raises CredentialsRequired, NotAdministrator, ScopeTooSmall.
    """
    actor = require_actor(caller)
    permission = Permission.INSTALLATION_ADMINISTER
    if not caller.is_administrator or caller.feeds is not None:
        raise NotAdministrator(caller, permission)
    if not caller.scope.includes(NEEDS[permission].scope):
        raise ScopeTooSmall(caller, permission)
    return actor


def is_administering(caller: Caller) -> bool:
    """Whether the credential reaches over the whole installation: what ``require_administrator`` asks for."""
    needed = NEEDS[Permission.INSTALLATION_ADMINISTER].scope
    return caller.is_administrator and caller.feeds is None and caller.scope.includes(needed)


def still_may(view: View, actor: str, permission: Permission, located: Located) -> Role | None:
    """Return the actor's role if it suffices now, whatever token once asked; a run's publish asks this."""
    if administers(view, actor):
        return Role.OWNER
    role = actors.role(view, located.id, actor)
    needed = NEEDS[permission].role
    return role if role is not None and needed is not None and role.includes(needed) else None

"""The table of permissions; the docs' table is made from it."""

from dataclasses import dataclass
from enum import StrEnum

from feedgate.model.access import Role, Scope


class Permission(StrEnum):
    """An act on a feed or on the installation, as ``resource:action``."""

    FEED_READ = "feed:read"
    HISTORY_READ = "history:read"
    FEED_REQUEST = "feed:request"
    DISTRIBUTION_UPLOAD = "distribution:upload"
    RELEASE_YANK = "release:yank"
    FEED_SEND = "feed:send"
    PROJECT_TAKE = "project:take"
    FEED_MANAGE = "feed:manage"
    FEED_IMPORT = "feed:import"
    TOKEN_OWN = "token:own"  # noqa: S105  # a permission's name, no credential
    ADVISORIES_READ = "advisories:read"
    EXPOSURE_READ = "exposure:read"
    INSTALLATION_ADMINISTER = "installation:administer"


@dataclass(frozen=True, slots=True)
class Need:
    """What an act needs: a token's scope, and a role on the feed (None = not tied to a feed).

    ``administrator`` = only an administrator of the installation.
    """

    scope: Scope
    role: Role | None
    acts: str
    administrator: bool = False


NEEDS: dict[Permission, Need] = {
    Permission.FEED_READ: Need(
        Scope.READ, Role.READER, "list, read pages, download; on a public feed anybody may"
    ),
    Permission.HISTORY_READ: Need(
        Scope.READ,
        Role.READER,
        "read runs, and the ledger: who has which role stands there for its Owners alone",
    ),
    Permission.FEED_REQUEST: Need(
        Scope.WRITE, Role.COLLABORATOR, "plan and request (add on a feed), cancel and retry runs"
    ),
    Permission.DISTRIBUTION_UPLOAD: Need(Scope.WRITE, Role.CONTRIBUTOR, "upload"),
    Permission.RELEASE_YANK: Need(Scope.WRITE, Role.CONTRIBUTOR, "yank and unyank"),
    Permission.FEED_SEND: Need(
        Scope.WRITE, Role.CONTRIBUTOR, "send to a standing destination; for add with --to NAME too"
    ),
    Permission.PROJECT_TAKE: Need(
        Scope.MANAGE, Role.OWNER, "first upload of a name that so far was only imported"
    ),
    Permission.FEED_MANAGE: Need(
        Scope.MANAGE,
        Role.OWNER,
        "targets, policy, upstream rules of projects, destinations, grants, feed settings",
    ),
    Permission.FEED_IMPORT: Need(
        Scope.MANAGE, Role.OWNER, "import-feed: copy a whole index into the feed, and look beforehand"
    ),
    Permission.EXPOSURE_READ: Need(
        Scope.MANAGE, Role.OWNER, "see who fetched a release, and to which destinations it was sent"
    ),
    Permission.TOKEN_OWN: Need(Scope.READ, None, "create, list, revoke one's own tokens, never wider"),
    Permission.ADVISORIES_READ: Need(
        Scope.READ, None, "see which advisory databases are loaded, ask what they say of releases"
    ),
    Permission.INSTALLATION_ADMINISTER: Need(
        Scope.MANAGE,
        None,
        "create organizations and feeds, tokens for others, load advisory databases, read the installation's ledger",
        administrator=True,
    ),
}

"""The users of this machine, or of an image below a folder, whose own files are written.

On a running machine another user's files are read and written with that user's
rights: a link in a home folder then leads root nowhere that its user could not go.
In an image, where nobody else is at work, root writes and gives the files away.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from feedgate.machine.errors import MachineError
from feedgate.machine.files import Owner, read_file

_LIVE = Path("/")


class NoSuchUser(MachineError):
    """A user was named that this machine does not have."""

    code = "no-such-user"
    exit_status = 2

    def __init__(self, name: str, *, where: str) -> None:
        super().__init__(
            f"{where} has no user {name!r}",
            next_step="Make the user first, or name one that is there: --user NAME.",
        )


class NoHome(MachineError):
    """A user has no home folder, so no client of theirs finds a netrc."""

    code = "no-home"

    def __init__(self, name: str, home: Path) -> None:
        super().__init__(
            f"{name}'s home {home} is no folder, so there is no place where pip would look for the token",
            next_step=f"Make it first, or give {name} another (usermod --home).",
        )


class NotTheirRights(MachineError):
    """Files of another user were to be written by someone who is not root."""

    code = "not-their-rights"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"only root can write files that belong to {name}",
            next_step=f"Run it as root, or as {name} without --user.",
        )


@dataclass(frozen=True)
class Account:
    """A user; ``home`` is where it lies as seen from here. ``in_image``: not of the running machine."""

    name: str
    uid: int
    gid: int
    home: Path
    in_image: bool = False

    @property
    def gets(self) -> Owner | None:
        """Whom root gives what it writes for them; None where it is written with their rights."""
        return (self.uid, self.gid) if self.in_image else None


def find_account(name: str, root: Path) -> Account:
    """Return the user ``name`` of the machine below ``root``; raises NoSuchUser, NoHome, NotTheirRights."""
    account = _in_image(name, root) if root != _LIVE else _of_this_machine(name)
    if os.geteuid() not in (0, account.uid):
        raise NotTheirRights(name)
    if not account.home.is_dir():
        raise NoHome(name, account.home)
    return account


@contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """Read and write with the rights of a user of the running machine, where root asks for it.

    Raises NotTheirRights where even root may not take them (a container that maps no such user).
    """
    if account is None or account.in_image or os.geteuid() == account.uid:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups([account.gid])
        os.setegid(account.gid)
        os.seteuid(account.uid)
    except OSError:
        _be_root_again(groups, group)
        raise NotTheirRights(account.name) from None
    try:
        yield
    finally:
        _be_root_again(groups, group)


def _be_root_again(groups: list[int], group: int) -> None:
    os.seteuid(0)
    if os.getegid() != group:
        os.setegid(group)
    if os.getgroups() != groups:
        os.setgroups(groups)


def _of_this_machine(name: str) -> Account:
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise NoSuchUser(name, where="this machine") from None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, Path(found.pw_dir))


def _in_image(name: str, root: Path) -> Account:
    listed = root / "etc" / "passwd"
    for line in (read_file(listed) or b"").decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[0] == name and fields[2].isdecimal() and fields[3].isdecimal():
            home = root / os.path.normpath(f"/{fields[5]}").lstrip("/")
            return Account(name, int(fields[2]), int(fields[3]), home, in_image=True)
    raise NoSuchUser(name, where=str(listed))

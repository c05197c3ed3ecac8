"""What ``connect`` would do, before it does it: the changes, what stands in the way, what to know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from feedgate.machine.accounts import Account, acting_as
from feedgate.machine.errors import MachineError
from feedgate.machine.files import (
    Owner,
    UnwritableFile,
    back_up,
    is_writable,
    mode_of,
    owner_of,
    read_file,
    replace_file,
)

NEW_FILE_MODE = 0o644
# up to the @ before the first slash; where what follows a colon is no port, up to the last @ (a password may hold slashes)
_USER_INFORMATION = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s'\",]*|[^/@\s]*:(?!\d*(?:[/?#\s]|$))\S*)@"
)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]")


class Client(str, Enum):
    """What installs from a feed."""

    PIP = "pip"
    UV = "uv"
    POETRY = "poetry"


class Obstructed(MachineError):
    """Settings that are there would lead a client past the feed, or past its token."""

    code = "obstructed"

    def __init__(self, obstacles: tuple[Obstacle, ...]) -> None:
        cures = [obstacle.cure for obstacle in obstacles if not obstacle.replaceable]
        if any(obstacle.replaceable for obstacle in obstacles):
            cures.append("run connect again with --replace (what it changes is kept beside the file)")
        super().__init__(
            "nothing was changed, since this machine has other settings: "
            + "; ".join(obstacle.words for obstacle in obstacles),
            next_step="; ".join(dict.fromkeys(cures)),
        )


class FileChanged(MachineError):
    """Someone else wrote the file between the plan and its execution."""

    code = "file-changed"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was changed meanwhile by someone else", next_step="Run connect again.")


@dataclass(frozen=True)
class Obstacle:
    """A setting that would let a client look elsewhere than at the feed.

    ``value`` is shown to people, so it never holds a credential. ``cure`` is what the
    person does about it; ``replaceable``: ``--replace`` does it.
    """

    where: str
    key: str
    value: str
    cure: str
    replaceable: bool

    @property
    def words(self) -> str:
        """The obstacle in one line."""
        return f"{self.where}: {self.key} = {self.value}"


@dataclass(frozen=True)
class Change:
    """A whole file before and after; ``lines`` tell people what is new in it, without secrets.

    ``mode``: permission bits, None keeps those of the file. ``keep_backup``: something
    that a person wrote is taken out, so the file before stays beside it. ``account``:
    whose file it is, where that is not the caller or the folder's owner.
    """

    path: Path
    lines: tuple[str, ...]
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)
    mode: int | None = None
    keep_backup: bool = False
    account: Account | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything would be different afterwards."""
        if self.before != self.after or (self.mode is not None and mode_of(self.path) != self.mode):
            return True
        gets = self.gets
        return gets is not None and owner_of(self.path) not in (gets, None)

    @property
    def gets(self) -> Owner | None:
        """Whom root gives the file."""
        return self.account.gets if self.account is not None else None


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they are made; none is made while an obstacle stands."""

    changes: tuple[Change, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def united(cls, parts: Iterable[Plan]) -> Plan:
        """Return one plan of many, without changes that change nothing."""
        whole = list(parts)
        return cls(
            changes=tuple(change for part in whole for change in part.changes if change.is_needed),
            obstacles=tuple(obstacle for part in whole for obstacle in part.obstacles),
            notes=tuple(note for part in whole for note in part.notes),
        )


def apply(plan: Plan) -> tuple[Path, ...]:
    """Make the changes and return the backups that were kept.

    Raises Obstructed, UnwritableFile or FileChanged before the first file is touched; where the
    disk fails in the middle, the same call again goes on with the rest.
    """
    if plan.obstacles:
        raise Obstructed(plan.obstacles)
    for change in plan.changes:
        with acting_as(change.account):
            if not is_writable(change.path):
                raise UnwritableFile(change.path, reason="no permission for its folder")
            if read_file(change.path) != change.before:
                raise FileChanged(change.path)
    backups: list[Path] = []
    for change in plan.changes:
        with acting_as(change.account):
            backups += _made(change)
    return tuple(backups)


def _made(change: Change) -> Iterator[Path]:
    """Make the change; yield the backup that was kept."""
    there = mode_of(change.path)
    mode = change.mode if change.mode is not None else there if there is not None else NEW_FILE_MODE
    if change.keep_backup and change.before is not None:
        yield back_up(change.path, change.before, mode=mode, owner=change.gets)
    replace_file(change.path, change.after, mode=mode, owner=change.gets)


def without_credentials(value: str) -> str:
    """Return ``value`` on one line, the user information of every URL in it starred."""
    starred = _USER_INFORMATION.sub(r"\g<scheme>***@", value)
    return _UNPRINTABLE.sub("?", " ".join(starred.split()))


def decoded(content: bytes | None) -> str:
    """Return the text of a file of settings so that ``encoded`` gives back the same bytes."""
    return "" if content is None else content.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that ``decoded`` made."""
    return text.encode("utf-8", "surrogateescape")


def variable_obstacle(name: str, value: str) -> Obstacle:
    """Return the obstacle that a variable is: no program can take it out of its caller's environment."""
    return Obstacle(
        where="the environment",
        key=name,
        value=without_credentials(value),
        cure=f"unset {name} (and take it out of the file that sets it)",
        replaceable=False,
    )

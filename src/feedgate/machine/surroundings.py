"""The machine as the clients see it: where their files lie and which variables are set.

Handed in, never looked up, so that a test or an image build can say another
root folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from feedgate.machine.accounts import Account, find_account
from feedgate.machine.errors import MachineError

_COMMANDS_OF_IMAGE = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")


class NoSuchRoot(MachineError):
    """What was named as an image's root is no folder."""

    code = "no-such-root"
    exit_status = 2

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} is no folder",
            next_step="Name the folder that holds the image's etc: --root DIR.",
        )


@dataclass(frozen=True)
class Surroundings:
    """``root`` is what stands before ``/etc`` and ``/usr``; the other paths are used as they are.

    ``account``: whose files they are, where that is not the caller. ``is_image``: the root is a
    folder of the running machine, and nothing outside it is touched.
    """

    root: Path
    home: Path
    environment: Mapping[str, str]
    folder: Path  # where the command was called
    account: Account | None = None
    is_image: bool = False

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Return the real machine, as the calling user sees it."""
        return cls(root=Path("/"), home=Path.home(), environment=dict(os.environ), folder=Path.cwd())

    def seen_by(self, users: Iterable[str], *, root: Path | None) -> tuple[Surroundings, ...]:
        """Return the machine as each of ``users`` sees it; the caller's own view where none is named.

        ``root``: an image's folder, in place of the running machine. There the caller is nobody,
        for an image has neither their home nor their variables. Raises NoSuchRoot and what
        ``find_account`` raises.
        """
        names = tuple(dict.fromkeys(users))
        base = self if root is None else self._image(root)
        if not names:
            return (base,)
        return tuple(base._of(find_account(name, base.root)) for name in names)  # noqa: SLF001  # of our own class

    @property
    def is_nobodys(self) -> bool:
        """Whether it is an image as no user of it was named, so that it has no home to write to."""
        return self.is_image and self.account is None

    def variable(self, name: str) -> str:
        """Return the variable's value, "" where it is not set: clients take both alike."""
        return self.environment.get(name, "").strip()

    def expand(self, path: str) -> Path:
        """Return ``path`` with a leading ``~`` as the home folder, relative to the folder called from."""
        if path == "~" or path.startswith("~/"):
            return self.home / path[2:]
        return self.folder / path

    def folders(self) -> Iterator[Path]:
        """The folder called from and those that it lies in, of an image none outside it."""
        for folder in (self.folder, *self.folder.parents):
            yield folder
            if folder == self.root:
                return

    @property
    def user_configuration(self) -> Path:
        """The folder of the user's settings (XDG); relative values are void by that standard."""
        chosen = self.variable("XDG_CONFIG_HOME")
        return Path(chosen) if chosen.startswith("/") else self.home / ".config"

    @property
    def shared_configuration(self) -> tuple[Path, ...]:
        """The folders of settings for all users (XDG), as they are searched; ``/etc`` itself is not among them."""
        chosen = self.variable("XDG_CONFIG_DIRS")
        if not chosen:
            return (self.root / "etc" / "xdg",)
        return tuple(Path(folder) for folder in chosen.split(os.pathsep) if folder.startswith("/"))

    @property
    def prefixes(self) -> tuple[Path, ...]:
        """The prefixes of every Python that a command on PATH, or an active environment, belongs to."""
        named = [self.variable("VIRTUAL_ENV"), self.variable("CONDA_PREFIX")]
        on_path = self.variable("PATH").split(os.pathsep)
        folders = [Path(prefix) for prefix in named if prefix.startswith("/")]
        folders += [Path(entry).parent for entry in on_path if entry.startswith("/")]
        folders += [self.root / "usr" / "local", self.root / "usr"]
        return tuple(dict.fromkeys(folders))

    def _image(self, root: Path) -> Surroundings:
        whole = Path(os.path.realpath(self.folder / root))
        if not whole.is_dir():
            raise NoSuchRoot(root)
        if whole == self.root:
            return self
        path = os.pathsep.join(str(whole / folder) for folder in _COMMANDS_OF_IMAGE)
        return Surroundings(whole, whole / "nonexistent", {"PATH": path}, whole, is_image=True)

    def _of(self, account: Account) -> Surroundings:
        """Return the same as ``account`` sees it: none of the caller's variables but where commands are."""
        environment = {"PATH": self.variable("PATH")}
        return replace(self, home=account.home, environment=environment, account=account)

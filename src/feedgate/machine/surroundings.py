"""The machine as the clients see it: where their files lie and which variables are set.

Handed in, never looked up, so that a test or an image build can say another
root folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Surroundings:
    """``root`` is what stands before ``/etc`` and ``/usr``; the other paths are used as they are."""

    root: Path
    home: Path
    environment: Mapping[str, str]
    folder: Path  # where the command was called

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Return the real machine, as the calling user sees it."""
        return cls(root=Path("/"), home=Path.home(), environment=dict(os.environ), folder=Path.cwd())

    def variable(self, name: str) -> str:
        """Return the variable's value, "" where it is not set: clients take both alike."""
        return self.environment.get(name, "").strip()

    def expand(self, path: str) -> Path:
        """Return ``path`` with a leading ``~`` as the home folder, relative to the folder called from."""
        if path == "~" or path.startswith("~/"):
            return self.home / path[2:]
        return self.folder / path

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

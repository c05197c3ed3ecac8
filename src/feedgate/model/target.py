"""Targets: a Python and a platform that the network's machines run (PEP 425, 508).

Written ``3.11.2@x86_64-manylinux_2_36`` (an exact Python) or ``3.11@…`` (a
bare minor: every patch of it).
"""

import difflib
import re
from dataclasses import dataclass
from typing import Final

from feedgate.errors import Invalid

PLATFORMS = (
    *(
        f"{machine}-manylinux{glibc}"
        for machine in ("x86_64", "aarch64")
        for glibc in ("2014", *(f"_2_{minor}" for minor in (17, 28, *range(31, 41))))
    ),
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "i686-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
)
"""The platforms that uv can resolve for, by uv's own names."""

NEWEST_PATCH = 99
"""The patch at which a bare minor is resolved: newer than any that exists."""

HOST = "host"
"""The word that stands for the resolving machine until it is written down as a target."""

_TARGET = re.compile(r"3\.(\d{1,3})(?:\.(\d{1,3}))?@([A-Za-z0-9_.-]+)", re.ASCII)
_GLIBC: Final = re.compile(r"[_-]2[_.-]?(\d{1,3})(?!\d)")

# What people, Docker and wheels' names say, by the resolver's own word for it.
_MACHINES: Final = {
    "x86_64": re.compile(r"x86.?64|amd64|x64"),
    "aarch64": re.compile(r"aarch64|arm64"),
    "i686": re.compile(r"i[3-6]86|win32"),
    "other": re.compile(r"armv|loong|mips|ppc|riscv|s390"),
}
_SYSTEMS: Final = {
    "manylinux": re.compile(r"many|glibc|lin\w*[_-]2[_.-]?\d"),
    "linux-musl": re.compile(r"musl|alpine"),
    "linux-gnu": re.compile(r"linux|gnu"),
    "darwin": re.compile(r"darwin|mac|osx"),
    "windows": re.compile(r"win"),
}


class InvalidTarget(Invalid):
    """A text that names no target."""

    code = "invalid-target"

    def __init__(self, raw: str, reason: str, *, next_step: str | None = None) -> None:
        super().__init__(
            f"{raw[:80]!r} is no target: {reason}",
            next_step=next_step or "Write PYTHON@PLATFORM, for example 3.11@x86_64-manylinux_2_28, or host.",
            facts={"target": raw[:80]},
        )


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A Python 3 ``minor``, with ``patch`` None for all of its patches, on a uv platform."""

    minor: int
    patch: int | None
    platform: str

    def __str__(self) -> str:
        patch = "" if self.patch is None else f".{self.patch}"
        return f"3.{self.minor}{patch}@{self.platform}"

    @property
    def file_form(self) -> str:
        """The form in file names: ``cp311_2-x86_64-manylinux_2_36`` (no dot, no @)."""
        patch = "" if self.patch is None else f"_{self.patch}"
        return f"cp3{self.minor}{patch}-{self.platform}"

    @property
    def python(self) -> str:
        """The exact Python to resolve at: a bare minor's newest patch."""
        return self.at(NEWEST_PATCH if self.patch is None else self.patch)

    def at(self, patch: int) -> str:
        """Return the exact Python of ``patch`` in this target's minor."""
        return f"3.{self.minor}.{patch}"

    @property
    def is_bare(self) -> bool:
        """Whether this stands for every patch of its minor."""
        return self.patch is None


def parse_target(raw: str) -> Target:
    """Read a target; raises InvalidTarget, naming the nearest platform and those of the same machine."""
    match = _TARGET.fullmatch(raw)
    if match is None:
        raise InvalidTarget(raw, "it does not have the form PYTHON@PLATFORM")
    minor, patch, platform = match.groups()
    if platform not in PLATFORMS:
        raise InvalidTarget(
            raw,
            f"the resolver knows no platform {platform[:80]!r}",
            next_step=f"{_which(nearest_platform(platform))}.",
        )
    return Target(int(minor), None if patch is None else int(patch), platform)


def nearest_platform(raw: str) -> str | None:
    """Return the platform that ``raw`` most likely means, None where it is like none.

    Of glibc's it is the newest that a machine with the stated one still satisfies.
    """
    said = raw.lower()
    machine = next((name for name, words in _MACHINES.items() if words.search(said)), None)
    system = next((name for name, words in _SYSTEMS.items() if words.search(said)), None)
    if machine is None:
        machine = {None: "", "darwin": "aarch64"}.get(system, "x86_64")
    meant = [name for name in PLATFORMS if name.startswith(machine) and (system or "") in name]
    glibc = _GLIBC.search(said) if system == "manylinux" else None
    if glibc is not None:
        meant = [name for name in meant if _glibc_minor(name) <= int(glibc[1])][-1:] or meant[:1]
    cutoff = 0.7 if system is None else 0
    near = difflib.get_close_matches(said, meant, n=1, cutoff=cutoff)
    return near[0] if near else next((name for name in meant if name == f"{machine}-manylinux_2_28"), None)


def _glibc_minor(platform: str) -> int:
    stated = _GLIBC.search(platform)
    return 17 if stated is None else int(stated[1])  # manylinux2014 is glibc 2.17


def _which(nearest: str | None) -> str:
    if nearest is None:
        return f"Choose one of: {', '.join(PLATFORMS)}"
    machine = nearest.split("-", 1)[0]
    return (
        f"Did you mean {nearest}? For {machine} there are: "
        f"{', '.join(name for name in PLATFORMS if name.startswith(f'{machine}-'))}"
    )

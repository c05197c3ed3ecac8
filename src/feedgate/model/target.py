"""Targets: a Python and a platform that the network's machines run (PEP 425, 508).

Written ``3.11.2@x86_64-manylinux_2_36`` (an exact Python) or ``3.11@…`` (a
bare minor: every patch of it).
"""

import re
from dataclasses import dataclass

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

_TARGET = re.compile(r"3\.(\d{1,3})(?:\.(\d{1,3}))?@([a-z0-9_-]+)")


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
    """Read a target; raises InvalidTarget, naming the platforms that look alike."""
    match = _TARGET.fullmatch(raw)
    if match is None:
        raise InvalidTarget(raw, "it does not have the form PYTHON@PLATFORM")
    minor, patch, platform = match.groups()
    if platform not in PLATFORMS:
        machine = platform.split("-", 1)[0]
        near = [name for name in PLATFORMS if name.startswith(f"{machine}-")] or list(PLATFORMS)
        raise InvalidTarget(
            raw,
            f"the resolver knows no platform {platform!r}",
            next_step=f"Choose one of: {', '.join(near)}.",
        )
    return Target(int(minor), None if patch is None else int(patch), platform)

"""Write a requirements file with hashes for one target, as ``pip install --require-hashes`` takes it.

It names no index: where the files come from is the machine's to say.
"""

from collections.abc import Iterable

from feedgate.formats.lock_file import LockedWheel


def write_hashed_requirements(wheels: Iterable[LockedWheel], *, target: str) -> str:
    """Return the file's text: each project pinned to its version and the digest of its file."""
    heading = (
        f"# All that {target} installs, each with its digest.\n"
        "# Use it with: pip install --require-hashes -r THIS-FILE\n"
    )
    return heading + "".join(_line(wheel) for wheel in sorted(wheels, key=lambda wheel: wheel.project))


def _line(wheel: LockedWheel) -> str:
    marker = "" if wheel.marker is None else f" ; {wheel.marker}"
    return f"{wheel.project}=={wheel.version}{marker} \\\n    --hash=sha256:{wheel.digest}\n"

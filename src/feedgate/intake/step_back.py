"""Which files to leave out so that a closure fits a destination that takes old metadata only.

A page does not tell a file's metadata version. So what was chosen is looked at, and where it is too
new, the releases before it, until one fits: otherwise each would cost a resolution of its own.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from packaging.version import Version

from feedgate.errors import FeedgateError
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.index.admitting import admits_python
from feedgate.index.fitting import LARGEST_BYTES
from feedgate.intake.only_source import fits
from feedgate.intake.run_index import Faced, RunIndex
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.names import ProjectName
from feedgate.model.resolution import Pin
from feedgate.model.target import Target

_AT_ONCE: Final = 8
_MOST_RELEASES: Final = 64
"""Of one project in one round; the next round goes on from there."""


async def step_back(
    view: RunIndex,
    target: Target,
    pins: Mapping[ProjectName, Pin],
    members: Mapping[ProjectName, CoreMetadata],
) -> Mapping[str, str]:
    """Return a file of each release to be hidden, with the reason; none where everything fits.

    What the destination has already fits, whatever it says of itself.
    """
    faced = view.faced
    if faced is None or faced.limits.metadata_version is None:
        return {}
    too_new = {
        name: reason
        for name, pin in pins.items()
        if not pin.there and (reason := _excess(faced, members[name])) is not None
    }
    found = await asyncio.gather(
        *(_before(view, faced, target, pins[name], reason) for name, reason in too_new.items())
    )
    return {filename: reason for hidden in found for filename, reason in hidden.items()}


def _excess(faced: Faced, metadata: CoreMetadata) -> str | None:
    return faced.limits.exceeded_by(metadata_version=metadata.metadata_version)


async def _before(view: RunIndex, faced: Faced, target: Target, pin: Pin, reason: str) -> Mapping[str, str]:
    """Return a file of the pinned release and of each before it, down to the first that fits."""
    page = await view.overlay.page(pin.project)
    releases = _releases(page.files)
    pinned = Version(pin.version)
    hidden = {pin.file.filename: reason}
    older = [
        (version, wheel)
        for version in sorted(releases, reverse=True)
        if version < pinned and (wheel := _wheel_for(releases[version], target)) is not None
    ]
    for begin in range(0, min(len(older), _MOST_RELEASES), _AT_ONCE):
        some = older[begin : begin + _AT_ONCE]
        reasons = await asyncio.gather(*(_excess_of(view, faced, wheel) for _, wheel in some))
        for (_, wheel), excess in zip(some, reasons, strict=True):
            if excess is None:
                return hidden
            hidden[wheel.filename] = excess
    return hidden


async def _excess_of(view: RunIndex, faced: Faced, wheel: Distribution) -> str | None:
    """Return what of the wheel is too new; what can not be read is left to whoever chooses it."""
    is_large = (wheel.size_bytes or LARGEST_BYTES) >= LARGEST_BYTES
    if (wheel.metadata_digest is None and is_large) or faced.learning.lists(wheel.stem.project, wheel):
        return None
    try:
        return _excess(faced, await view.metadata(wheel))
    except FeedgateError:
        return None


def _releases(files: tuple[Distribution, ...]) -> dict[Version, list[Distribution]]:
    found: dict[Version, list[Distribution]] = {}
    for file in files:
        try:
            found.setdefault(file.stem.version, []).append(file)
        except InvalidFilename:
            continue
    return found


def _wheel_for(files: list[Distribution], target: Target) -> Distribution | None:
    """Return a wheel of a release that may be chosen for the target, None where there is none."""
    for file in files:
        admits = not file.requires_python or admits_python(file.requires_python, target.python)
        if admits and file.yanked is None and fits(file.filename, target):
            return file
    return None

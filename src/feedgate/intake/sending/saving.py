"""Feeds that list what they have not saved: Azure's, where upstream sources are on.

There a version is saved when somebody who may downloads it; a Reader can not have it before.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from feedgate.model.distribution import Distribution
from feedgate.outside.destination import Destination
from feedgate.outside.known_digests import HashedOnly

_UNKNOWN: Final = (
    "whether its upstream sources are on is unknown; if they are, it may list versions that a Reader can not "
    "download before somebody with the role Collaborator has"
)
_ARE_ON: Final = (
    "its upstream sources are on, so it lists what it has not saved. Each of the {count} files was fetched once "
    "whole, which saves it where this identity has the role Collaborator"
)


async def have_saved(destination: Destination, files: Sequence[Distribution]) -> tuple[str, ...]:
    """Fetch each file whole once if the destination lists more than it has; return what a report should say.

    Raises what fetching raises: a file that can not be fetched is one that no reader gets.
    """
    lists_more = await destination.has_upstream_sources()
    if lists_more is None:
        return (f"{destination.name}: {_UNKNOWN}.",)
    if not lists_more:
        return ()
    nowhere = HashedOnly()
    await asyncio.gather(*(destination.download(file, nowhere, progress=_unheard) for file in files))
    return (f"{destination.name}: {_ARE_ON.format(count=len(files))}.",)


def _unheard(_bytes: int) -> None:
    """Nobody follows."""

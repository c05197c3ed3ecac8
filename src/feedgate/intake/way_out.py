"""What a choice that failed lacks because of the destination, and where the way out is."""

from collections.abc import Mapping
from typing import Final

from packaging.version import Version

from feedgate.model.distribution import InvalidFilename, parse_filename
from feedgate.model.run import Failed

_MOST_NAMED: Final = 10


def with_way_out(failed: Failed, hidden: Mapping[str, str]) -> Failed:
    """Add to the reason what was left out; ``hidden`` are file names with the reason of each."""
    if not hidden:
        return failed
    named = _newest_releases(hidden)
    more = len(named) - _MOST_NAMED
    said = "; ".join(named[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return Failed(
        failed.code,
        f"{failed.reason}\nNothing more was sent. Left out, since the destination does not take it: {said}\n"
        "A feed of Feedgate's own takes it: leave --to out, and name the feed with -f ORG/FEED. What was deleted "
        "there an Owner can restore for 30 days.",
    )


def _newest_releases(hidden: Mapping[str, str]) -> list[str]:
    """Return the newest release that is hidden of each project, with the reason, by name."""
    newest: dict[str, tuple[Version, str]] = {}
    for filename, reason in hidden.items():
        try:
            stem = parse_filename(filename)
        except InvalidFilename:
            continue
        known = newest.get(stem.project)
        if known is None or known[0] < stem.version:
            newest[stem.project] = (stem.version, reason)
    return [f"{name} {version} ({reason})" for name, (version, reason) in sorted(newest.items())]

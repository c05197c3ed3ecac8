"""Where in an archive the things are that every tool looks for (PEP 427, 643)."""

from feedgate.model.distribution import Kind

LARGEST_METADATA_BYTES = 4 * 1024 * 1024
"""Every installer reads it for every choice it makes. The largest of 300 well-known files has 168 KB."""

LARGEST_ENTRY_POINTS_BYTES = 1024 * 1024
"""A thousand times what the scripts of well-known wheels take."""


def top_of(name: str) -> str:
    """Return the first part of a member's path; "" for what lies in no folder."""
    folder, slash, _ = name.removeprefix("./").partition("/")
    return folder if slash else ""


def dist_info_of(name: str) -> str | None:
    """Return the ``*.dist-info`` folder at the top that ``name`` lies in, if it does."""
    top = top_of(name)
    return top if top.lower().endswith(".dist-info") else None


def is_metadata(name: str, kind: Kind) -> bool:
    """Whether ``name`` is a wheel's METADATA, or the PKG-INFO in an sdist's top folder."""
    folder, slash, rest = name.removeprefix("./").partition("/")
    if kind is Kind.WHEEL:
        return rest == "METADATA" and dist_info_of(name) is not None
    return bool(folder) and bool(slash) and rest == "PKG-INFO"


def is_entry_points(name: str) -> bool:
    """Whether ``name`` is a wheel's ``entry_points.txt``, by which installers write scripts."""
    _folder, _slash, rest = name.removeprefix("./").partition("/")
    return rest == "entry_points.txt" and dist_info_of(name) is not None

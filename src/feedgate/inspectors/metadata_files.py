"""What stands beside a wheel's METADATA: its WHEEL (PEP 427) and its entry points."""

import configparser
import re
from typing import Final

from feedgate.inspectors.found import Found
from feedgate.inspectors.metadata_code import MetadataCode
from feedgate.inspectors.paths import shown

_HEADER: Final = re.compile(r"(?m)^([A-Za-z-]+):[ \t]*(.*?)[ \t]*\r?$")
_WHEEL_VERSION: Final = re.compile(r"1\.[0-9]{1,3}")
_TAG: Final = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+")
_REFERENCE: Final = re.compile(r"[\w.]+\s*(?::\s*[\w.]+)?\s*(?:\[[^\]]*\])?")
"""``module:attribute``, with extras of old (the PyPA specification of entry points)."""


def check_wheel_file(raw: bytes, found: Found[MetadataCode]) -> None:
    """Look at a WHEEL: by its version and tags an installer decides whether to go on."""
    fields: dict[str, list[str]] = {}
    for field, stated in _HEADER.findall(raw.decode("utf-8", errors="replace")):
        fields.setdefault(field.lower(), []).append(stated)
    versions = fields.get("wheel-version", [])
    if len(versions) != 1 or not _WHEEL_VERSION.fullmatch(versions[0]):
        stated = ", ".join(versions)[:80] or "nothing"
        found.add(
            MetadataCode.WHEEL_FILE_INVALID, f"WHEEL states version {shown(stated)}; 1.x is known (PEP 427)"
        )
    if [one.lower() for one in fields.get("root-is-purelib", [])] not in (["true"], ["false"]):
        found.add(MetadataCode.WHEEL_FILE_INVALID, "WHEEL does not say once whether Root-Is-Purelib")
    tags = fields.get("tag", [])
    odd = next((tag for tag in tags if not _TAG.fullmatch(tag)), None)
    if not tags or odd is not None:
        stated = "no tag" if odd is None else f"the tag {shown(odd)[:80]}"
        found.add(
            MetadataCode.WHEEL_FILE_INVALID, f"WHEEL has {stated}; each is PYTHON-ABI-PLATFORM (PEP 425)"
        )


def check_entry_points(raw: bytes, found: Found[MetadataCode]) -> None:
    """Look at an ``entry_points.txt``: groups, each name once, each with a reference to an object."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(raw.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = shown(str(error).replace("\n", " "))[:200]
        found.add(MetadataCode.ENTRY_POINTS_INVALID, f"entry_points.txt can not be read: {reason}")
        return
    for group in parser.sections():
        for name, reference in parser.items(group):
            if not _REFERENCE.fullmatch(reference.split("#", 1)[0].strip()):
                found.add(
                    MetadataCode.ENTRY_POINTS_INVALID,
                    f"entry point {shown(name)[:80]} is {shown(reference)[:80] or 'nothing'}, which is no MODULE:OBJECT",
                )

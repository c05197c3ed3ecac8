"""The fields of core metadata, each as PyPI asks for it on upload.

What packaging knows of the standard it says; here stands what PyPI asks beyond it, in
sentences that can be shown.
"""

import re
from email.utils import getaddresses
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email

from feedgate.formats.core_metadata import InvalidCoreMetadata, parse_core_metadata
from feedgate.inspectors.found import Found
from feedgate.inspectors.metadata_code import MetadataCode
from feedgate.inspectors.paths import shown

LONGEST_SUMMARY: Final = 512
LONGEST_LABEL: Final = 32
"""Characters of a summary and of a project URL's label, as PyPI takes them."""

_ABSENT: Final = "UNKNOWN"
"""What setuptools of old wrote for what nobody had said."""

_END_OF_HEADERS: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_LICENCE_FILES_SINCE: Final = (2, 4)
_LONGEST_SENTENCE: Final = 400


def check_fields(raw: bytes, found: Found[MetadataCode]) -> None:
    """Look at a METADATA or PKG-INFO field by field."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        found.add(MetadataCode.CORE_FIELDS, f"it is not UTF-8 (byte {error.start})")
        return
    try:
        core = parse_core_metadata(_headers(raw), filename="METADATA")
    except InvalidCoreMetadata as error:
        found.add(MetadataCode.CORE_FIELDS, shown(error.message.partition(": ")[2])[:_LONGEST_SENTENCE])
        return
    fields, unparsed = _parsed(raw)
    if core.version.local is not None:
        found.add(
            MetadataCode.VERSION_LOCAL, f"version {core.version} has a local part, which PyPI does not take"
        )
    for name in sorted(unparsed):
        found.add(
            MetadataCode.FIELD_UNKNOWN, f"{shown(name)[:80]} is no field of core metadata, or can not be read"
        )
    _check_by_standard(fields, found)
    _check_texts(fields, found)
    _check_urls(fields, found)


def stated_licence_files(raw: bytes) -> list[str]:
    """Return the licence files that a METADATA names since there is a standard for where they lie (PEP 639)."""
    try:
        stated = parse_core_metadata(_headers(raw), filename="METADATA").metadata_version
    except InvalidCoreMetadata:
        return []
    if tuple(int(part) for part in stated.split(".")) < _LICENCE_FILES_SINCE:
        return []
    return _parsed(raw)[0].get("license_files", [])


@lru_cache(maxsize=1)
def _parsed(raw: bytes) -> tuple[RawMetadata, dict[str, list[str]]]:
    return parse_email(_headers(raw))


def _headers(raw: bytes) -> bytes:
    """Return ``raw`` without the description behind its fields: to parse it takes longer than all the rest."""
    end = _END_OF_HEADERS.search(raw)
    return raw if end is None else raw[: end.start()] + b"\n"


def _check_by_standard(fields: RawMetadata, found: Found[MetadataCode]) -> None:
    try:
        Metadata.from_raw(fields)
    except ExceptionGroup as group:
        for error in group.exceptions:
            sentence = shown(str(error))[:_LONGEST_SENTENCE]
            if not isinstance(error, InvalidMetadata):
                found.add(MetadataCode.FIELD_INVALID, sentence)
            elif "introduced in metadata version" in sentence:
                found.add(MetadataCode.FIELD_TOO_NEW, sentence)
            elif error.field != "metadata-version":  # a later minor version is read as the last one known
                found.add(MetadataCode.FIELD_INVALID, f"{error.field}: {sentence}"[:_LONGEST_SENTENCE])
    except (ValueError, RecursionError) as error:  # a number with more digits than Python reads
        found.add(MetadataCode.FIELD_INVALID, shown(str(error))[:_LONGEST_SENTENCE])


def _check_texts(fields: RawMetadata, found: Found[MetadataCode]) -> None:
    summary = fields.get("summary", "")
    if len(summary) > LONGEST_SUMMARY:
        found.add(
            MetadataCode.FIELD_INVALID,
            f"Summary has {len(summary)} characters, {LONGEST_SUMMARY} are the most",
        )
    for field, stated in (
        ("Author-Email", fields.get("author_email", "")),
        ("Maintainer-Email", fields.get("maintainer_email", "")),
    ):
        for _, address in getaddresses([stated[:10_000]]) if stated not in {"", _ABSENT} else ():
            if not all(address.partition("@")):
                found.add(
                    MetadataCode.FIELD_INVALID, f"{field} has {shown(stated)[:80]}, which is no address"
                )
                break
    if fields.get("license_expression") and fields.get("license", _ABSENT) != _ABSENT:
        found.add(MetadataCode.LICENCE_TWICE, "it has both License and License-Expression (PEP 639)")


def _check_urls(fields: RawMetadata, found: Found[MetadataCode]) -> None:
    for field, stated in (
        ("Home-Page", fields.get("home_page", "")),
        ("Download-URL", fields.get("download_url", "")),
    ):
        if stated not in {"", _ABSENT} and not _is_web_address(stated):
            found.add(MetadataCode.URL_INVALID, f"{field} is {shown(stated)[:80]}, which is no web address")
    for label, address in fields.get("project_urls", {}).items():
        if not label or len(label) > LONGEST_LABEL:
            found.add(
                MetadataCode.URL_INVALID,
                f"Project-URL has the label {shown(label)[:80] or 'nothing'}; 1 to {LONGEST_LABEL} characters are taken",
            )
        if not _is_web_address(address):
            found.add(
                MetadataCode.URL_INVALID,
                f"Project-URL {shown(label)[:80]} is {shown(address)[:80]}, which is no web address",
            )


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)

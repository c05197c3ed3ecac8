"""Core metadata (PEP 241 to 794): what a METADATA or PKG-INFO says, in types.

Parsed by packaging; here stands what we insist on. Installers read the first
or the last of a doubled header as they like, so a doubled one tells nothing.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from feedgate.errors import Invalid
from feedgate.model.names import InvalidName, ProjectName, parse_project_name

MOST_HEADERS: Final = 5_000
"""The standard parser looks through all headers once for each name among them."""

LONGEST_FIELD: Final = 4_000
"""Characters of a name, version or requirement; from 4,301 digits on Python reads no number."""

_LARGEST_KEPT_BYTES: Final = 64 * 1024
_KNOWN_MAJORS: Final = frozenset({"1", "2"})
_METADATA_VERSION = re.compile(r"([0-9]{1,3})\.[0-9]{1,3}")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_SINGLE_USE: Final = (
    "metadata-version",
    "name",
    "version",
    "requires-python",
    "summary",
    "description",
    "description-content-type",
    "keywords",
    "home-page",
    "download-url",
    "author",
    "author-email",
    "maintainer",
    "maintainer-email",
    "license",
    "license-expression",
)


class InvalidCoreMetadata(Invalid):
    """A METADATA whose field tells nothing that could be relied on."""

    code = "invalid-core-metadata"

    def __init__(self, filename: str, *, field: str, reason: str) -> None:
        super().__init__(
            f"{filename}: its metadata can not be used: {field} {reason}",
            next_step="Build it anew with a current build backend, or take another release.",
            facts={"filename": filename, "field": field},
        )


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """What one distribution says of itself.

    ``raw_name`` is the name as spelled there, ``provides_extra`` is normalized
    (PEP 685), ``requires_python`` is a valid specifier or None.
    """

    metadata_version: str
    name: ProjectName
    raw_name: str
    version: Version
    requires_python: str | None
    requires_dist: tuple[Requirement, ...]
    provides_extra: frozenset[str]
    summary: str | None
    license_expression: str | None = None
    license: str | None = None
    classifiers: tuple[str, ...] = ()

    @property
    def direct_references(self) -> tuple[Requirement, ...]:
        """The requirements that name an address instead of versions (``name @ URL``)."""
        return tuple(requirement for requirement in self.requires_dist if requirement.url is not None)


def parse_core_metadata(raw: bytes, *, filename: str) -> CoreMetadata:
    """Read a METADATA or PKG-INFO; raises InvalidCoreMetadata, naming field and value.

    One that was read lately is not parsed again: a run asks for the same ones
    at each exact Python and in each step.
    """
    # The cache holds the bytes too, so a large one would stay in memory for ever.
    return _parse_kept(raw, filename) if len(raw) <= _LARGEST_KEPT_BYTES else _parse(raw, filename)


def _parse(raw: bytes, filename: str) -> CoreMetadata:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidCoreMetadata(
            filename, field="encoding", reason=f"is not UTF-8 (byte {error.start})"
        ) from error
    if _count_headers(text) > MOST_HEADERS:
        raise InvalidCoreMetadata(filename, field="header", reason=f"comes more than {MOST_HEADERS} times")
    fields, unparsed = parse_email(text)
    for field in _SINGLE_USE:
        if len(unparsed.get(field, ())) > 1:
            raise InvalidCoreMetadata(filename, field=field.title(), reason="is there twice")
    raw_name = _required(fields.get("name"), "Name", filename)
    return CoreMetadata(
        metadata_version=_metadata_version(fields, filename),
        name=_name(raw_name, filename),
        raw_name=raw_name,
        version=_version(_required(fields.get("version"), "Version", filename), filename),
        requires_python=_requires_python(fields, filename),
        requires_dist=tuple(_requirement(one, filename) for one in fields.get("requires_dist", ())),
        provides_extra=frozenset(
            canonicalize_name(extra.strip()) for extra in fields.get("provides_extra", ())
        ),
        summary=fields.get("summary"),
        license_expression=fields.get("license_expression"),
        license=fields.get("license"),
        classifiers=tuple(fields.get("classifiers", ())),
    )


_parse_kept = lru_cache(maxsize=1024)(_parse)


def _count_headers(text: str) -> int:
    count = 0
    for line in _LINE.finditer(text):
        if not line[0].strip("\r\n"):
            break
        count += not line[0].startswith((" ", "\t"))
    return count


def _required(value: str | None, field: str, filename: str) -> str:
    if value is None or not value.strip():
        raise InvalidCoreMetadata(filename, field=field, reason="is missing")
    return _short(value.strip(), field, filename)


def _short(value: str, field: str, filename: str) -> str:
    if len(value) > LONGEST_FIELD:
        raise InvalidCoreMetadata(filename, field=field, reason=f"is longer than {LONGEST_FIELD} characters")
    return value


def _metadata_version(fields: RawMetadata, filename: str) -> str:
    stated = _required(fields.get("metadata_version"), "Metadata-Version", filename)
    match = _METADATA_VERSION.fullmatch(stated)
    if match is None or match[1] not in _KNOWN_MAJORS:
        raise InvalidCoreMetadata(
            filename, field="Metadata-Version", reason=f"{stated[:80]!r} is not 1.x or 2.x"
        )
    return stated


def _name(raw_name: str, filename: str) -> ProjectName:
    try:
        return parse_project_name(raw_name)
    except InvalidName as error:
        raise InvalidCoreMetadata(filename, field="Name", reason=error.message) from error


def _version(raw: str, filename: str) -> Version:
    try:
        return Version(raw)
    except InvalidVersion as error:
        raise InvalidCoreMetadata(
            filename, field="Version", reason=f"{raw[:80]!r} is no version (PEP 440)"
        ) from error


def _requires_python(fields: RawMetadata, filename: str) -> str | None:
    stated = _short(fields.get("requires_python", "").strip(), "Requires-Python", filename)
    if not stated:
        return None
    try:
        SpecifierSet(stated)
    except InvalidSpecifier as error:
        reason = f"{stated[:80]!r} is no version specifier (PEP 440)"
        raise InvalidCoreMetadata(filename, field="Requires-Python", reason=reason) from error
    return stated


def _requirement(raw: str, filename: str) -> Requirement:
    try:
        return Requirement(_FOLD.sub(" ", _short(raw, "Requires-Dist", filename)))
    except (InvalidRequirement, RecursionError) as error:
        reason = f"{raw[:200]!r} is no requirement (PEP 508)"
        raise InvalidCoreMetadata(filename, field="Requires-Dist", reason=reason) from error

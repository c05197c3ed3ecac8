"""CycloneDX 1.6 as JSON: releases with their files, licences, dependencies and known vulnerabilities.

Written from typed shapes, in a fixed order: but for its serial number and its time, the same
content is the same text. What nobody knows is left out.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from feedgate.model.advisory import Match
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.model.times import format_time

CONTENT_TYPE: Final = "application/vnd.cyclonedx+json; version=1.6"

_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_LONGEST_LICENCE_NAME: Final = 200
_LICENCE_CLASSIFIER: Final = "License ::"
_NAMES_NONE: Final = frozenset({"", "UNKNOWN", "OSI Approved"})
"""Nothing: what old backends wrote for it, and the classifier that names a kind of licence and no licence."""

_SAFE: Final = ".-_~"
_OF_A_PATH: Final = "%/:@!$&'()*+,;=-._~"
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class StatedLicence:
    """What metadata say of the licence: License-Expression, License, and the classifiers."""

    expression: str | None = None
    text: str | None = None
    classifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a release.

    ``digest`` is None where the upstream states none and it was not fetched yet; ``address`` is where the
    upstream has it, None for one that came by upload.
    """

    filename: str
    digest: Digest | None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """One component: a release with its files.

    ``origin`` is ``imported`` or ``internal``; ``yanked`` the reason, None where it is not yanked.
    """

    project: ProjectName
    version: str
    files: tuple[ListedFile, ...]
    licence: StatedLicence = StatedLicence()
    origin: str | None = None
    yanked: str | None = None
    vulnerabilities: tuple[Match, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL; what other parts of the document refer to it by."""
        return purl(self.project, self.version)


@dataclass(frozen=True, slots=True)
class Sbom:
    """What a bill of materials lists.

    ``subject`` and ``version`` say of what it is; ``properties`` what is to be known of how it was made.
    ``requires`` are dependencies by package URL, the subject's own under ``SUBJECT``; ``whole`` are those
    whose dependencies are known.
    """

    subject: str
    version: str
    releases: tuple[ListedRelease, ...]
    requires: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    properties: Sequence[tuple[str, str]] = ()


SUBJECT: Final = "subject"
"""What the document refers to the whole by."""


def purl(project: ProjectName, version: str, filename: str | None = None) -> str:
    """Return the package URL of a release, or of one file of it."""
    of_file = "" if filename is None else f"?file_name={quote(filename, safe=_SAFE)}"
    return f"pkg:pypi/{project}@{quote(version, safe=_SAFE)}{of_file}"


def write_cyclonedx(sbom: Sbom, *, serial_number: UUID, now: datetime, tool_version: str) -> str:
    """Return the document; ``now`` is aware UTC."""
    releases = sorted(sbom.releases, key=lambda release: release.purl)
    document: dict[str, Any] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial_number}",
        "version": 1,
        "metadata": {
            "timestamp": format_time(now),
            "tools": {"components": [{"type": "application", "name": "feedgate", "version": tool_version}]},
            "component": {
                "type": "application",
                "bom-ref": SUBJECT,
                "name": sbom.subject,
                "version": sbom.version,
            },
            "properties": _properties(sbom.properties),
        },
        "components": [_component(release) for release in releases],
    }
    if sbom.requires:
        document["dependencies"] = [
            {"ref": ref, "dependsOn": sorted(sbom.requires[ref])} for ref in sorted(sbom.requires)
        ]
    document["compositions"] = _compositions(sbom, releases)
    vulnerabilities = _vulnerabilities(releases)
    if vulnerabilities:
        document["vulnerabilities"] = vulnerabilities
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _properties(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": f"feedgate:{name}", "value": value} for name, value in pairs]


def _component(release: ListedRelease) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": release.purl,
        "name": release.project,
        "version": release.version,
    }
    files = sorted(release.files, key=lambda file: file.filename)
    if len(files) == 1:
        component |= _hashes(files[0])
    licences = _licences(release.licence)
    if licences:
        component["licenses"] = licences
    component["purl"] = release.purl
    addresses = [_address(file, file.address) for file in files if file.address is not None]
    if addresses:
        component["externalReferences"] = addresses
    if len(files) > 1:
        component["components"] = [_file(release, file) for file in files]
    properties = [("origin", release.origin), ("yanked", release.yanked)]
    stated = [(name, value) for name, value in properties if value is not None]
    if stated:
        component["properties"] = _properties(stated)
    return component


def _file(release: ListedRelease, file: ListedFile) -> dict[str, Any]:
    reference = purl(release.project, release.version, file.filename)
    return {
        "type": "file",
        "bom-ref": reference,
        "name": file.filename,
        **_hashes(file),
        "purl": reference,
    }


def _hashes(file: ListedFile) -> dict[str, Any]:
    return {} if file.digest is None else {"hashes": [{"alg": "SHA-256", "content": file.digest}]}


def _address(file: ListedFile, address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    path = quote(_LONE_PERCENT.sub("%25", parts.path), safe=_OF_A_PATH)
    url = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return {"type": "distribution", "url": url, **_hashes(file)}


def _licences(stated: StatedLicence) -> list[dict[str, Any]]:
    """Return the licence as it is stated: the expression, else its name, else the classifiers' names."""
    expression = _in_a_line(stated.expression or "")
    if expression:
        try:
            return [{"expression": canonicalize_license_expression(expression)}]
        except InvalidLicenseExpression:
            return [{"license": {"name": expression}}]
    return [{"license": {"name": name}} for name in _licence_names(stated)]


def _licence_names(stated: StatedLicence) -> list[str]:
    text = (stated.text or "").strip()
    if text in _NAMES_NONE:
        text = ""
    if text and len(text.splitlines()) == 1 and len(text) <= _LONGEST_LICENCE_NAME:
        return [_in_a_line(text)]
    classified = {
        _in_a_line(one.rpartition("::")[2])
        for one in stated.classifiers
        if one.startswith(_LICENCE_CLASSIFIER)
    }
    names = sorted(classified - _NAMES_NONE)
    # Many an old release has the whole text there; its first line is its title.
    return names or [_in_a_line(line) for line in text.splitlines()[:1]]


def _in_a_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_LICENCE_NAME]


def _compositions(sbom: Sbom, releases: Sequence[ListedRelease]) -> list[dict[str, Any]]:
    """Say of what the dependencies are known: an absent one is else read as none."""
    references = [SUBJECT, *(release.purl for release in releases)]
    known = [one for one in references if one in sbom.whole]
    unknown = [one for one in references if one not in sbom.whole]
    found = [("complete", known), ("unknown", unknown)]
    return [{"aggregate": aggregate, "dependencies": refs} for aggregate, refs in found if refs]


def _vulnerabilities(releases: Sequence[ListedRelease]) -> list[dict[str, Any]]:
    """Return one entry for what the advisories say of a project, with the releases that it says it of."""
    found: dict[tuple[str, ProjectName, str], tuple[Match, list[ListedRelease]]] = {}
    for release in releases:
        for match in release.vulnerabilities:
            key = (match.id, release.project, match.fixed or "")
            found.setdefault(key, (match, []))[1].append(release)
    return [_vulnerability(*found[key], project=key[1]) for key in sorted(found)]


def _vulnerability(
    match: Match, affected: Sequence[ListedRelease], *, project: ProjectName
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "bom-ref": "/".join(["vulnerability", match.id, project, *([match.fixed] if match.fixed else [])]),
        "id": match.id,
        "source": _source(match.id),
    }
    if match.aliases:
        document["references"] = [{"id": alias, "source": _source(alias)} for alias in match.aliases]
    document["ratings"] = [{"severity": match.severity.value}]
    if match.summary:
        document["description"] = match.summary
    if match.fixed is not None:
        document["recommendation"] = f"{project} {match.fixed} has the fix."
    document["affects"] = [
        {"ref": release.purl, "versions": [{"version": release.version, "status": "affected"}]}
        for release in affected
    ]
    if match.is_malware:
        document["properties"] = _properties([("malware", "true")])
    return document


def _source(identity: str) -> dict[str, str]:
    """Name the database that an id is of: what stands before its first dash."""
    return {"name": identity.partition("-")[0]}

"""The legacy upload form as the stand-in reads it: whole, and checked against what it states."""

import hashlib
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import BodyPartReader, web
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.doubles.azure_answers import Said
from tests.doubles.azure_contents import Contents, Held, release_of, short
from tests.doubles.azure_manners import Manners

_PIECE_BYTES = 256 * 1024
_SUPPORTED = ("1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5")
_BAD_PACKAGE = "InvalidPackageException"

_numbers = itertools.count(os.getpid() << 20)


@dataclass(frozen=True)
class Form:
    """What came: the fields, and the file's bytes in a file that has no name in the feed yet."""

    fields: dict[str, str]
    filename: str
    path: Path
    size: int
    sha256: str
    md5: str

    @property
    def project(self) -> str:
        return canonicalize_name(self.fields.get("name", ""))

    @property
    def version(self) -> str:
        return self.fields.get("version", "")


async def read_form(request: web.BaseRequest, contents: Contents) -> Form:
    """Read the form to its end; raises Said where it is none, or has no file."""
    if request.content_type != "multipart/form-data":
        raise Said(400, "The request is no multipart form.", key=_BAD_PACKAGE)
    fields: dict[str, str] = {}
    filename = None
    size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    path = contents.incoming(next(_numbers))
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise Said(400, "The form holds a form.", key=_BAD_PACKAGE)
            if part.name != "content":
                fields[part.name or ""] = b"".join([piece async for piece in _pieces(part)]).decode()
                continue
            filename = part.filename
            with path.open("wb") as incoming:
                async for piece in _pieces(part):
                    incoming.write(piece)
                    sha256.update(piece)
                    md5.update(piece)
                    size += len(piece)
        if not filename:
            raise Said(400, "The form has no file.", key=_BAD_PACKAGE)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Form(fields, filename, path, size, sha256.hexdigest(), md5.hexdigest())


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE_BYTES):
        yield piece


def check_form(form: Form, manners: Manners) -> None:
    """Raise Said where the form and its file do not go together, or are more than the feed takes."""
    if form.fields.get(":action") != "file_upload":
        raise Said(400, "The form's :action is not file_upload.", key=_BAD_PACKAGE)
    try:
        stated = canonicalize_name(form.fields["name"], validate=True), short(str(Version(form.version)))
        named, version = release_of(form.filename)
    except (KeyError, ValueError, InvalidVersion) as error:
        raise Said(
            400, f"The package's name or version is not valid: {_plain(error)}", key=_BAD_PACKAGE
        ) from None
    if stated != (named, short(version)):
        raise Said(400, f"The file '{form.filename}' is not of the package it is sent for.", key=_BAD_PACKAGE)
    for field, digest in (("sha256_digest", form.sha256), ("md5_digest", form.md5)):
        if form.fields.get(field, digest).lower() != digest:
            raise Said(400, f"The file '{form.filename}' does not have its {field}.", key=_BAD_PACKAGE)
    _check_limits(form, manners)


def _check_limits(form: Form, manners: Manners) -> None:
    metadata, newest = form.fields.get("metadata_version", ""), manners.newest_metadata
    if newest is not None and (metadata not in _SUPPORTED or Version(metadata) > Version(newest)):
        supported = ",".join(version for version in _SUPPORTED if Version(version) <= Version(newest))
        words = f"Metadata version '{metadata}' is unsupported. Supported versions are: {supported}."
        raise Said(400, words, key=_BAD_PACKAGE)
    if manners.size_limit_bytes is not None and form.size > manners.size_limit_bytes:
        words = f"The file '{form.filename}' has {form.size} bytes, the limit is {manners.size_limit_bytes}."
        raise Said(manners.size_status, words, key="PackageLimitExceededException")


def check_free(form: Form, contents: Contents, manners: Manners, feed: str) -> None:
    """Raise Said where that file, or its version, is there or was there once."""
    package = f"{form.project} {form.version}"
    if contents.is_deleted(form.project, form.version):
        words = f"The package '{package}' in feed '{feed}' has been deleted, and cannot be republished"
        raise Said(manners.deleted_status, words, key="PackageVersionDeletedException")
    held = contents.find(form.filename)
    if held is not None and (held.is_saved or manners.upstream_sources):
        words = f"The feed '{feed}' already contains file '{form.filename}' in package '{package}'."
        raise Said(manners.exists_status, words, key="PackageExistsException")
    release = form.project, short(form.version)
    if manners.upstream_sources and any(not one.is_published and one.release == release for one in contents):
        words = (
            f"'{package}' cannot be published to the feed because it exists in at least one of the feed's "
            f"upstream sources. Publishing this copy would prevent you from using '{package}' from 'PyPI'."
        )
        raise Said(manners.exists_status, words, key="PackageExistsInUpstreamException")


def keep(form: Form, contents: Contents, now: float) -> Held:
    """Take the file into the feed."""
    form.path.replace(contents.blob(form.sha256))
    return contents.keep(
        Held(
            project=form.project,
            name=form.fields["name"],
            version=form.version,
            filename=form.filename,
            sha256=form.sha256,
            size=form.size,
            requires_python=form.fields.get("requires_python") or None,
            stored_at=now,
        )
    )


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())

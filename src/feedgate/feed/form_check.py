"""The file is the truth and the form only a hint: a field that contradicts the file is refused.

Scanners that read the form would otherwise see another name, another version
or other dependencies than installers do.
"""

from collections.abc import Callable, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, canonicalize_version

from feedgate.blobs.store import AlsoHash, Incoming
from feedgate.errors import Invalid
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.formats.upload_form import UploadForm
from feedgate.model.distribution import Kind, parse_filename

_FILE_TYPES = {Kind.WHEEL: "bdist_wheel", Kind.SDIST: "sdist"}


class FormContradictsFile(Invalid):
    """A form field says something else than the file."""

    code = "form-contradicts-file"

    def __init__(self, filename: str, field: str, *, form: str, file: str) -> None:
        super().__init__(
            f"{filename}: the form says {field} {form[:80]!r}, the file says {file[:80]!r}",
            next_step="Nothing was stored. Upload the file with a client that reads the form from it, such as twine.",
            facts={"filename": filename, "field": field},
        )


class WrongDigest(Invalid):
    """The bytes that came are not those whose digest the form states."""

    code = "upload-digest-mismatch"

    def __init__(self, filename: str, field: str, *, stated: str, received: str) -> None:
        super().__init__(
            f"{filename}: the form states {field} {stated[:16]!r}…, the bytes that came have {received[:16]}…",
            next_step="Nothing was stored. Upload the file again; it was changed on its way or since it was hashed.",
            facts={"filename": filename, "field": field},
        )


class EmptyFile(Invalid):
    """A file of no bytes."""

    code = "empty-file"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"{filename}: the file is empty",
            next_step="Nothing was stored. Build it anew and upload it again.",
        )


class NotAnUpload(Invalid):
    """A form that asks for another action than an upload."""

    code = "form-action-unknown"

    def __init__(self, action: str) -> None:
        super().__init__(
            f"the form's :action is {action[:40]!r}; only 'file_upload' is taken here",
            next_step="Use the client's upload command.",
        )


def check_bytes(form: UploadForm, incoming: Incoming) -> None:
    """Compare what came with what the form states of it; raises EmptyFile, WrongDigest, NotAnUpload."""
    action = _first(form, ":action")
    if action not in {"", "file_upload"}:
        raise NotAnUpload(action)
    if incoming.size_bytes == 0:
        raise EmptyFile(form.filename)
    received: dict[str, str] = {
        "sha256_digest": incoming.digest,
        "md5_digest": incoming.hexdigest(AlsoHash.MD5),
        "blake2_256_digest": incoming.hexdigest(AlsoHash.BLAKE2_256),
    }
    for field, value in received.items():
        stated = _first(form, field)
        if stated and stated.lower() != value:
            raise WrongDigest(form.filename, field, stated=stated, received=value)


def check_form(form: UploadForm, metadata: CoreMetadata) -> None:
    """Compare name, version, type, Python and dependencies, each normalized; raises FormContradictsFile."""
    stem = parse_filename(form.filename)
    file: dict[str, str] = {
        "name": metadata.name,
        "version": str(metadata.version),
        "filetype": _FILE_TYPES[stem.kind],
        "metadata_version": metadata.metadata_version,
        "requires_python": metadata.requires_python or "",
    }
    for field, value in file.items():
        stated = _first(form, field)
        normalize = _NORMALIZED.get(field, str)
        if stated and _or_as_is(normalize, stated) != _or_as_is(normalize, value):
            raise FormContradictsFile(form.filename, field, form=stated, file=value)
    stated_requirements = [value for value in form.fields.get("requires_dist", ()) if value.strip()]
    if stated_requirements:
        _check_requirements(form.filename, stated_requirements, [str(r) for r in metadata.requires_dist])


def _check_requirements(filename: str, stated: list[str], file: list[str]) -> None:
    form_set = {_or_as_is(_requirement, value) for value in stated}
    file_set = {_or_as_is(_requirement, value) for value in file}
    if form_set != file_set:
        odd = min(form_set ^ file_set)
        absent = "no such requirement"
        form, in_file = (odd, absent) if odd in form_set else (absent, odd)
        raise FormContradictsFile(filename, "requires_dist", form=form, file=in_file)


def _requirement(raw: str) -> str:
    requirement = Requirement(raw)
    requirement.name = canonicalize_name(requirement.name)
    requirement.extras = {canonicalize_name(extra) for extra in requirement.extras}
    return str(requirement)


def _or_as_is(normalize: Callable[[str], Any], raw: str) -> str:
    try:
        return str(normalize(raw))
    except (InvalidSpecifier, InvalidRequirement):
        return raw


_NORMALIZED: Mapping[str, Callable[[str], Any]] = {
    "name": canonicalize_name,
    "version": canonicalize_version,
    "requires_python": SpecifierSet,
}


def _first(form: UploadForm, field: str) -> str:
    values = form.fields.get(field, ())
    return values[0].strip() if values else ""

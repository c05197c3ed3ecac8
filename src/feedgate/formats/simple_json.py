"""The JSON page of a simple index (PEP 691, 700, 714, 592, 792): read and written.

A closure reads some 150 pages with 30,000 entries, so an entry costs a few
microseconds here: no name is parsed, no pattern matched, and an entry once
dumped is joined as bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson
from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.formats.links import Links
from feedgate.formats.listing import check_listed, named_unreadable
from feedgate.formats.project_names import PROJECT_LIST, sort_names
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import BadPage, ProjectPage, Status
from feedgate.model.names import ProjectName
from feedgate.model.times import parse_time

CONTENT_TYPE: Final = "application/vnd.pypi.simple.v1+json"

API_VERSION: Final = "1.4"
"""The version whose promises we keep: ``versions`` and ``size`` (1.1), project status (1.4)."""

API_VERSION_WITHOUT_PROMISES: Final = "1.0"
"""What a page says that can not state every size and version, which 1.1 makes mandatory."""

_DIGEST_CHARACTERS: Final = 64
_LARGEST_SIZE: Final = 2**53  # what every reader of JSON can tell from its neighbours
_STATUSES: Final = {status.value: status for status in Status}


def parse_page(body: bytes, *, name: ProjectName, base_url: str) -> ProjectPage:
    """Return what the page lists of ``name``; links are joined to ``base_url``.

    Entries that can not be read (no file name, a digest that is none, a link
    that is not http or https) are no files of the page, and named as unreadable. Of the hashes only sha256 counts.
    Raises BadPage if the body is no such page, is one of another major
    version, or is another project's.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadPage(name, reason=f"not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise BadPage(name, reason="no list of files (PEP 691)")
    _check_version(document, name)
    said = document.get("name")
    if isinstance(said, str) and canonicalize_name(said) != name:
        raise BadPage(name, reason=f"it is the page of {said[:80]!r}")
    links = Links(base_url)
    files = []
    unreadable = []
    for entry in document["files"]:
        try:
            files.append(_parse_entry(entry, links))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            unreadable.append(named_unreadable(entry.get("filename") if isinstance(entry, dict) else entry))
    status, reason = _parse_status(document.get("project-status"))
    return ProjectPage(
        name=name,
        files=tuple(files),
        validator=sha256(body).hexdigest(),
        status=status,
        status_reason=reason,
        unreadable=tuple(unreadable),
    )


def render_entry(file: Distribution, url: str) -> bytes:
    """Return the file's object on the page, to be joined by ``render_page``."""
    metadata_digest = file.metadata_digest
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": url,
        "hashes": {} if file.digest is None else {"sha256": file.digest},
        "yanked": file.yanked or file.yanked is not None,
        "core-metadata": {"sha256": metadata_digest} if metadata_digest else metadata_digest is not None,
    }
    if file.requires_python is not None:
        entry["requires-python"] = file.requires_python
    if file.size_bytes is not None:
        entry["size"] = file.size_bytes
    if file.uploaded_at is not None:
        entry["upload-time"] = file.uploaded_at
    return orjson.dumps(entry, option=orjson.OPT_UTC_Z)


def render_page(
    page: ProjectPage, entries: Iterable[bytes], *, versions: Sequence[str] | None = None
) -> bytes:
    """Return the page around ``entries``, made by ``render_entry``, in their order.

    ``versions`` is what ``list_versions`` says. None, or a file without a size,
    makes it a page of version 1.0, because 1.1 promises both.
    """
    keeps_promises = versions is not None and all(file.size_bytes is not None for file in page.files)
    status: dict[str, str] = {"status": page.status}
    if page.status_reason is not None:
        status["reason"] = page.status_reason
    head: dict[str, Any] = {
        "meta": {"api-version": API_VERSION if keeps_promises else API_VERSION_WITHOUT_PROMISES},
        "name": page.name,
        "project-status": status,
    }
    if versions is not None:
        head["versions"] = list(versions)
    return b"".join((orjson.dumps(head)[:-1], b',"files":[', b",".join(entries), b"]}"))


def list_versions(files: Iterable[Distribution]) -> tuple[str, ...] | None:
    """Return the versions of ``files``, oldest first; None if a file name tells none.

    PEP 700 wants every file to belong to a listed version, so one old file
    name leaves only silence.
    """
    try:
        found: set[Version] = {file.stem.version for file in files}
    except InvalidFilename:
        return None
    return tuple(str(version) for version in sorted(found))


def parse_names(body: bytes) -> tuple[ProjectName, ...]:
    """Return the projects on the list of an index, sorted; what is no name is left out.

    Raises BadPage if the body is no such list or is one of another major version.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadPage(PROJECT_LIST, reason=f"not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("projects"), list):
        raise BadPage(PROJECT_LIST, reason="no list of projects (PEP 691)")
    _check_version(document, PROJECT_LIST)
    said = (entry.get("name") for entry in document["projects"] if isinstance(entry, dict))
    return sort_names(name for name in said if isinstance(name, str))


def render_names(names: Iterable[ProjectName], *, serial: int | None = None) -> bytes:
    """Return the list of projects; ``serial`` stands in its meta, where clients of PyPI look for it."""
    meta: dict[str, Any] = {"api-version": API_VERSION}
    if serial is not None:
        meta["_last-serial"] = serial
    return orjson.dumps({"meta": meta, "projects": [{"name": name} for name in names]})


def _check_version(document: Mapping[str, Any], name: str) -> None:
    meta = document.get("meta")
    version = str(meta.get("api-version", "1.0")) if isinstance(meta, dict) else "1.0"
    if version.partition(".")[0] != "1":
        raise BadPage(name, reason=f"its API version {version[:20]!r} is not 1.x")


def _parse_entry(entry: dict[str, Any], links: Links) -> Distribution:
    get = entry.get
    filename, requires_python = entry["filename"], get("requires-python")
    check_listed(filename, requires_python)
    digest = entry["hashes"].get("sha256")
    size_bytes = get("size")
    if size_bytes is not None and (type(size_bytes) is not int or not 0 <= size_bytes <= _LARGEST_SIZE):
        raise ValueError(size_bytes)
    uploaded_at = get("upload-time")
    return Distribution(
        filename,
        None if digest is None else _parse_digest(digest),
        size_bytes,
        requires_python or None,
        None if uploaded_at is None else parse_time(uploaded_at),
        _parse_core_metadata(get("core-metadata", get("dist-info-metadata"))),
        _parse_yanked(get("yanked")),
        links.join(entry["url"]),
    )


def _parse_digest(raw: str) -> Digest:
    # fromhex takes capitals and skips white space; this is thrice as fast as a pattern
    digest = bytes.fromhex(raw).hex()
    if not len(raw) == len(digest) == _DIGEST_CHARACTERS:
        raise ValueError(raw)
    return Digest(digest)


def _parse_core_metadata(raw: Any) -> str | None:
    if not raw:
        return "" if raw == {} else None
    if raw is True:
        return ""
    digest = raw.get("sha256")
    return "" if digest is None else _parse_digest(digest)


def _parse_yanked(raw: object) -> str | None:
    if not raw:
        return None
    if raw is True:
        return ""
    if isinstance(raw, str):
        return raw
    raise TypeError(raw)


def _parse_status(raw: object) -> tuple[Status, str | None]:
    if not isinstance(raw, dict):
        return Status.ACTIVE, None
    status, reason = raw.get("status"), raw.get("reason")
    # A marker of a later standard tells us nothing we could act on.
    known = _STATUSES.get(status, Status.ACTIVE) if isinstance(status, str) else Status.ACTIVE
    return known, reason if isinstance(reason, str) else None

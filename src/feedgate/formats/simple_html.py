"""The HTML page of a simple index (PEP 503, 592, 658, 714, 629, 792): read and written.

Frozen since PEP 833: complete for what it had, no sizes, no times. Upstreams
that know no other form (Azure Artifacts) are read with pypi-simple's parser.
"""

from collections.abc import Iterable
from email.message import Message
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import urldefrag, urljoin

from bs4.exceptions import ParserRejectedMarkup
from packaging.version import InvalidVersion
from pypi_simple.errors import UnsupportedRepoVersionError
from pypi_simple.html import Link, RepositoryPage

from feedgate.model.digest import Digest, parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import BadPage, ProjectPage, Status
from feedgate.model.names import ProjectName

CONTENT_TYPE: Final = "application/vnd.pypi.simple.v1+html"

REPOSITORY_VERSION: Final = "1.4"
"""The version of PEP 629 we state: since 1.4 a page may tell its project's status."""

_STATUSES: Final = {status.value: status for status in Status}


def parse_page(body: bytes, *, name: ProjectName, base_url: str, content_type: str | None) -> ProjectPage:
    """Return what the page lists of ``name``; links are joined to ``base_url``.

    ``content_type`` is the answer's header, for its charset. A link without a
    sha256 gives a file without a digest; links that are not http or https, or
    state a sha256 that is none, are left out. Raises BadPage if the body can
    not be read as HTML or is of a newer major version.
    """
    try:
        page = RepositoryPage.from_html(body, from_encoding=_charset(content_type))
    except UnsupportedRepoVersionError as error:
        raise BadPage(name, reason="its repository version is not 1.x (PEP 629)") from error
    except (ParserRejectedMarkup, AssertionError, InvalidVersion, ValueError) as error:
        raise BadPage(name, reason=f"not HTML: {error}") from error
    files = []
    for link in page.links:
        try:
            files.append(_parse_link(link, base_url))
        except ValueError:  # noqa: PERF203 - free until it happens on 3.11
            continue
    stated = page.pypi_meta.get("project-status", [""])[0]
    return ProjectPage(
        name=name,
        files=tuple(files),
        validator=sha256(body).hexdigest(),
        status=_STATUSES.get(stated, Status.ACTIVE),
        status_reason=page.status_reason,
    )


def render_page(page: ProjectPage, links: Iterable[str]) -> bytes:
    """Return the page; ``links`` are the addresses of ``page.files``, in their order."""
    head = [_meta("repository-version", REPOSITORY_VERSION), _meta("project-status", page.status)]
    if page.status_reason is not None:
        head.append(_meta("project-status-reason", page.status_reason))
    anchors = [_anchor(file, link) for file, link in zip(page.files, links, strict=True)]
    return _document(f"Links for {page.name}", head, anchors)


def render_names(names: Iterable[ProjectName]) -> bytes:
    """Return the list of projects, each linked relative to the list itself."""
    anchors = [f'<a href="{escape(name)}/">{escape(name)}</a><br>' for name in names]
    return _document("Simple index", [_meta("repository-version", REPOSITORY_VERSION)], anchors)


def _charset(content_type: str | None) -> str | None:
    header = Message()
    header["Content-Type"] = content_type or "text/html"
    return header.get_content_charset()


def _parse_link(link: Link, base_url: str) -> Distribution:
    filename = link.text
    if not filename.isascii() or not filename.isprintable() or "/" in filename or not filename:
        raise ValueError(filename)
    address, fragment = urldefrag(urljoin(base_url, link.url))
    if not address.startswith(("https://", "http://")) or not address.isprintable():
        raise ValueError(address)
    attributes = {name: value for name, value in link.attrs.items() if isinstance(value, str)}
    offered = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Distribution(
        filename=filename,
        digest=_stated_digest(fragment),
        requires_python=attributes.get("data-requires-python") or None,
        metadata_digest=_parse_core_metadata(offered),
        yanked=attributes.get("data-yanked"),
        source=address,
    )


def _stated_digest(fragment: str) -> Digest | None:
    for part in fragment.split("&"):
        algorithm, _, value = part.partition("=")
        if algorithm == "sha256":
            return parse_digest(value.lower())
    return None


def _parse_core_metadata(raw: str | None) -> str | None:
    if raw is None:
        return None
    algorithm, equals, value = raw.partition("=")
    if algorithm == "sha256" and equals:
        return parse_digest(value.lower())
    return "" if equals or raw.lower() == "true" else None


def _meta(name: str, content: str) -> str:
    return f'<meta name="pypi:{name}" content="{escape(content)}">'


def _anchor(file: Distribution, link: str) -> str:
    fragment = "" if file.digest is None else f"#sha256={file.digest}"
    attributes = [f'href="{escape(link + fragment)}"']
    if file.requires_python is not None:
        attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
    if file.metadata_digest is not None:
        offered = f"sha256={file.metadata_digest}" if file.metadata_digest else "true"
        attributes.append(f'data-core-metadata="{escape(offered)}"')
    if file.yanked is not None:
        attributes.append(f'data-yanked="{escape(file.yanked)}"')
    return f"<a {' '.join(attributes)}>{escape(file.filename)}</a><br>"


def _document(title: str, head: list[str], body: list[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        *head,
        f"<title>{escape(title)}</title>",
        "</head>",
        "<body>",
        f"<h1>{escape(title)}</h1>",
        *body,
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()

"""The HTML page of a simple index (PEP 503, 592, 629, 658, 714, 792): read and written.

Frozen since PEP 833: complete for what it had, no sizes, no times. Some
upstreams know no other form (Azure Artifacts).
"""

from collections.abc import Iterable
from email.message import Message
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from feedgate.formats.links import Links
from feedgate.formats.listing import check_listed, named_unreadable
from feedgate.formats.project_names import PROJECT_LIST, sort_names
from feedgate.model.digest import Digest, InvalidDigest, parse_digest
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
    state a sha256 that is none, are no files of the page, and named as unreadable,
    except those to a folder. Raises BadPage if the body can
    not be read as HTML or is of another major version.
    """
    page = _read(body, name, content_type)
    _check_version(page, name)
    links = Links(_base(page, base_url))
    files = []
    unreadable = []
    for text, attributes in page.links:
        try:
            files.append(_parse_link(text, attributes, links))
        except ValueError:
            if not _leads_to_folder(attributes["href"]):
                unreadable.append(named_unreadable(text))
    return ProjectPage(
        name=name,
        files=tuple(files),
        validator=sha256(body).hexdigest(),
        status=_STATUSES.get(page.meta.get("project-status", ""), Status.ACTIVE),
        status_reason=page.meta.get("project-status-reason"),
        unreadable=tuple(unreadable),
    )


def render_page(page: ProjectPage, links: Iterable[str]) -> bytes:
    """Return the page; ``links`` are the addresses of ``page.files``, in their order."""
    head = [_meta("repository-version", REPOSITORY_VERSION), _meta("project-status", page.status)]
    if page.status_reason is not None:
        head.append(_meta("project-status-reason", page.status_reason))
    anchors = [_anchor(file, link) for file, link in zip(page.files, links, strict=True)]
    return _document(f"Links for {page.name}", head, anchors)


def parse_names(body: bytes, *, content_type: str | None) -> tuple[ProjectName, ...]:
    """Return the projects on the list of an index, sorted; what is no name is left out.

    Raises BadPage if the body can not be read as HTML or is of another major version.
    """
    page = _read(body, PROJECT_LIST, content_type)
    _check_version(page, PROJECT_LIST)
    return sort_names(text for text, _ in page.links)


def render_names(names: Iterable[ProjectName]) -> bytes:
    """Return the list of projects, each linked relative to the list itself."""
    anchors = [f'<a href="{escape(name)}/">{escape(name)}</a><br>' for name in names]
    return _document("Simple index", [_meta("repository-version", REPOSITORY_VERSION)], anchors)


class _Reader(HTMLParser):
    """Collects links, ``pypi:`` metas and the base in one pass.

    A link ends where the next begins, so a page of open links costs no more
    than its length.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.meta: dict[str, str] = {}
        self.links: list[tuple[str, dict[str, str]]] = []
        self._open: dict[str, str] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Browsers take the first of two attributes with one name.
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if tag == "a":
            self.end_link()
            self._open = attributes
        elif tag == "meta" and attributes.get("name", "").startswith("pypi:"):
            self.meta.setdefault(attributes["name"].removeprefix("pypi:"), attributes.get("content", ""))
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.end_link()

    def end_link(self) -> None:
        """Note the open link, if there is one that leads anywhere."""
        if self._open is not None and "href" in self._open:
            self.links.append(("".join(self._text).strip(), self._open))
        self._open = None
        self._text.clear()


def _read(body: bytes, name: str, content_type: str | None) -> _Reader:
    header = Message()
    header["Content-Type"] = content_type or "text/html"
    try:
        text = body.decode(header.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # no charset, or one that decodes no text
        text = body.decode("utf-8", "replace")
    reader = _Reader()
    try:
        # Without close(): it would read what is left open at the page's end once for each "<" in it.
        reader.feed(text)
    except (AssertionError, ValueError) as error:  # how the standard parser says that it is lost
        raise BadPage(name, reason=f"not HTML: {error}") from error
    reader.end_link()
    return reader


def _check_version(page: _Reader, name: str) -> None:
    version = page.meta.get("repository-version", "1.0")
    if version.partition(".")[0].strip() != "1":
        raise BadPage(name, reason=f"its repository version {version[:20]!r} is not 1.x (PEP 629)")


def _base(page: _Reader, base_url: str) -> str:
    try:
        return urljoin(base_url, page.base or "")
    except ValueError:
        return base_url


def _parse_link(text: str, attributes: dict[str, str], links: Links) -> Distribution:
    requires_python = attributes.get("data-requires-python")
    check_listed(text, requires_python)
    address, _, fragment = attributes["href"].strip().partition("#")
    offered = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Distribution(
        filename=text,
        digest=_stated_digest(fragment),
        requires_python=requires_python or None,
        metadata_digest=_parse_core_metadata(offered),
        yanked=attributes.get("data-yanked"),
        source=links.join(address),
    )


def _leads_to_folder(link: str) -> bool:
    """Whether a link is one to go up or on, as web servers put on their lists of files."""
    return link.strip().partition("#")[0].partition("?")[0].endswith("/")


def _stated_digest(fragment: str) -> Digest | None:
    for part in fragment.split("&"):
        algorithm, _, value = part.partition("=")
        if algorithm == "sha256":
            return _parse_digest(value)
    return None


def _parse_core_metadata(raw: str | None) -> str | None:
    if raw is None:
        return None
    algorithm, equals, value = raw.partition("=")
    if algorithm == "sha256" and equals:
        return _parse_digest(value)
    return "" if equals or raw.lower() == "true" else None


def _parse_digest(raw: str) -> Digest:
    try:
        return parse_digest(raw.lower())
    except InvalidDigest as error:
        raise ValueError(raw) from error


def _meta(name: str, content: str) -> str:
    return f'<meta name="pypi:{name}" content="{escape(content)}">'


def _anchor(file: Distribution, link: str) -> str:
    fragment = "" if file.digest is None else f"#sha256={file.digest}"
    attributes = [f'href="{escape(link + fragment)}"']
    if file.requires_python is not None:
        attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
    if file.metadata_digest is not None:
        offered = f"sha256={file.metadata_digest}" if file.metadata_digest else "true"
        attributes.append(f'data-core-metadata="{offered}"')
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

"""Which form of a page a client wants: Accept by the letter of PEP 691 and RFC 9110."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from feedgate.formats import simple_html, simple_json


class Format(StrEnum):
    """The three forms of a page, the one we like best first."""

    JSON = "json"
    HTML = "html"
    TEXT_HTML = "text-html"

    @property
    def content_type(self) -> str:
        """The media type the answer carries."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES: Mapping[Format, str] = {
    Format.JSON: simple_json.CONTENT_TYPE,
    Format.HTML: simple_html.CONTENT_TYPE,
    Format.TEXT_HTML: "text/html",
}
_RANGES: Mapping[str, tuple[tuple[Format, int], ...]] = {
    "application/vnd.pypi.simple.v1+json": ((Format.JSON, 2),),
    "application/vnd.pypi.simple.latest+json": ((Format.JSON, 2),),
    "application/vnd.pypi.simple.v1+html": ((Format.HTML, 2),),
    "application/vnd.pypi.simple.latest+html": ((Format.HTML, 2),),
    "text/html": ((Format.TEXT_HTML, 2),),
    "application/*": ((Format.JSON, 1), (Format.HTML, 1)),
    "text/*": ((Format.TEXT_HTML, 1),),
    "*/*": ((Format.TEXT_HTML, 0), (Format.HTML, 0), (Format.JSON, 0)),
}
"""What each media range admits, and how closely it names it."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def negotiate(accept: str | None) -> Format | None:
    """Return the form that ``accept`` prefers; None if it admits none of ours (406).

    No header and ``*/*`` give ``text/html``, which a person's browser and the
    oldest pip can read. Of equal quality, what is named most closely wins,
    then JSON.
    """
    if accept is None or not accept.strip():
        return Format.TEXT_HTML
    best: dict[Format, tuple[int, float]] = {}
    for media_range, quality in _weighted(accept):
        for form, closeness in _RANGES.get(media_range, ()):
            # The range that names a form most closely decides its quality (RFC 9110, 12.5.1).
            best[form] = max(best.get(form, (-1, 0.0)), (closeness, quality))
    acceptable = [form for form, (_, quality) in best.items() if quality > 0]
    if not acceptable:
        return None
    return min(acceptable, key=lambda form: (-best[form][1], -best[form][0], _taste(form, best[form][0])))


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an answer may be compressed with gzip (RFC 9110, 12.5.3); no header = better not."""
    qualities = dict(_weighted(accept_encoding or ""))
    return qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0))) > 0


def _taste(form: Format, closeness: int) -> int:
    """Rank equals: JSON first, but what nobody named at all is answered as HTML."""
    rank = list(Format).index(form)
    return -rank if closeness == 0 else rank


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """Yield each member in lower case with its quality; members that are not well formed are left out."""
    for member in _QUOTED.sub("", header).lower().split(","):
        value, *parameters = (part.strip() for part in member.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, stated = parameter.partition("=")
            if key.strip() == "q":
                matched = _QUALITY.fullmatch(stated.strip())
                quality = float(matched.group()) if matched else -1.0
        if value and quality >= 0:
            yield value, quality

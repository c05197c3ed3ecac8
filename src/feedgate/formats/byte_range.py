"""Range, If-Range and If-None-Match as requests state them (RFC 9110, 13 and 14)."""

import re

from feedgate.model.index import Span, SpanNotSatisfiable

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')
_LONGEST_NUMBER = 18


def parse_range(header: str | None, *, size_bytes: int) -> Span | None:
    """Return the part of a content of ``size_bytes`` that is asked for.

    None = send the whole: no header, several ranges, another unit, or no
    range by the grammar, all of which a server may ignore. Raises
    SpanNotSatisfiable if the range begins behind the end.
    """
    match = None if header is None else _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size_bytes)
    start = _number(first)
    stop = size_bytes if not last else min(_number(last) + 1, size_bytes)
    if last and _number(last) < start:
        return None
    if start >= size_bytes:
        raise SpanNotSatisfiable(size_bytes)
    return Span(start, stop)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this already: 304. ``etag`` is ours, in quotes.

    The weak comparison over a list, or ``*`` (RFC 9110, 13.1.2).
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in _ENTITY_TAG.findall(if_none_match)


def range_applies(if_range: str | None, etag: str) -> bool:
    """Whether a range may be answered as one; else the whole is sent.

    The strong comparison (RFC 9110, 13.1.5). A date never applies, because we
    send no Last-Modified.
    """
    return if_range is None or (if_range.strip() == etag and not etag.startswith("W/"))


def _suffix(digits: str, size_bytes: int) -> Span | None:
    if not digits:
        return None
    length = _number(digits)
    if length == 0:
        raise SpanNotSatisfiable(size_bytes)
    if size_bytes == 0:
        return None
    return Span(max(0, size_bytes - length), size_bytes)


def _number(digits: str) -> int:
    # int() refuses thousands of digits with an error of its own; no content is that long anyway.
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER

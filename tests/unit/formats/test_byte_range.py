import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.byte_range import matches, parse_range, range_applies
from feedgate.model.index import Span, SpanNotSatisfiable


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("bytes=0-0", Span(0, 1), id="the-first-byte"),
        pytest.param("bytes=9-9", Span(9, 10), id="the-last-byte"),
        pytest.param("bytes=2-5", Span(2, 6), id="in-the-middle"),
        pytest.param("bytes=2-", Span(2, 10), id="to-the-end"),
        pytest.param("bytes=2-10", Span(2, 10), id="one-past-the-end"),
        pytest.param(f"bytes=2-{'9' * 5000}", Span(2, 10), id="far-past-the-end"),
        pytest.param("bytes=-1", Span(9, 10), id="the-last-one"),
        pytest.param("bytes=-10", Span(0, 10), id="the-last-ten"),
        pytest.param("bytes=-11", Span(0, 10), id="more-than-there-is"),
        pytest.param("bytes=00-0000000000000000000000000003", Span(0, 4), id="leading-zeros"),
        pytest.param(" Bytes= 1-2 ", Span(1, 3), id="capitals-and-white-space"),
    ],
)
def test_a_range_within_ten_bytes(header: str, expected: Span) -> None:
    assert parse_range(header, size_bytes=10) == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1,3-4",
        "bytes=+1-2",
        "bytes=1-2-3",
        "bytes=\u0661-\u0662",
        "items=0-1",
        "bytes 0-1/10",
    ],
)
def test_what_may_be_ignored_gives_the_whole(header: str | None) -> None:
    assert parse_range(header, size_bytes=10) is None


@pytest.mark.parametrize(
    ("header", "size_bytes"),
    [
        pytest.param("bytes=10-", 10, id="one-past-the-end"),
        pytest.param("bytes=10-20", 10, id="all-past-the-end"),
        pytest.param(f"bytes={'9' * 5000}-", 10, id="far-past-the-end"),
        pytest.param("bytes=-0", 10, id="the-last-none"),
        pytest.param("bytes=0-", 0, id="of-an-empty-content"),
    ],
)
def test_a_range_behind_the_end_is_416_with_the_size(header: str, size_bytes: int) -> None:
    with pytest.raises(SpanNotSatisfiable) as caught:
        parse_range(header, size_bytes=size_bytes)

    assert caught.value.size_bytes == size_bytes


def test_the_end_of_an_empty_content_is_the_whole() -> None:
    assert parse_range("bytes=-5", size_bytes=0) is None


@given(st.binary(max_size=40), st.integers(0, 60), st.none() | st.integers(0, 60))
def test_a_range_is_what_a_slice_would_be(content: bytes, first: int, last: int | None) -> None:
    header = f"bytes={first}-{'' if last is None else last}"
    try:
        span = parse_range(header, size_bytes=len(content))
    except SpanNotSatisfiable:
        assert first >= len(content)
        return

    if span is None:
        assert last is not None
        assert last < first
    else:
        assert content[span.start : span.stop] == content[first : None if last is None else last + 1]


@given(st.text(max_size=30) | st.from_regex(r"\Abytes=[0-9,\- ]*\Z"), st.integers(0, 10))
def test_no_header_leads_outside_the_content(header: str, size_bytes: int) -> None:
    try:
        span = parse_range(header, size_bytes=size_bytes)
    except SpanNotSatisfiable:
        return

    assert span is None or (span.stop is not None and 0 <= span.start < span.stop <= size_bytes)


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        (None, False),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", W/"y","abc"', True),
        ("*", True),
        (" * ", True),
        ('"ABC"', False),
        ("abc", False),
        ('"abc', False),
        ('"a,bc"', False),
        ('"x*"', False),
        ("", False),
    ],
)
def test_what_the_client_has_is_compared_weakly(if_none_match: str | None, expected: bool) -> None:
    assert matches(if_none_match, '"abc"') is expected


def test_a_weak_tag_of_ours_matches_too() -> None:
    assert matches('"abc"', 'W/"abc"')


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        (None, True),
        ('"abc"', True),
        (' "abc" ', True),
        ('W/"abc"', False),
        ('"x"', False),
        ("Sun, 08 Mar 2026 12:00:00 GMT", False),
    ],
)
def test_a_part_is_sent_only_of_the_same_bytes(if_range: str | None, expected: bool) -> None:
    assert range_applies(if_range, '"abc"') is expected


def test_a_weak_tag_promises_no_bytes() -> None:
    assert not range_applies('W/"abc"', 'W/"abc"')

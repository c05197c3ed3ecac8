import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.negotiation import Format, accepts_gzip, negotiate

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PIP = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"
UV = f"{JSON}, {HTML};q=0.2, text/html;q=0.01"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, Format.TEXT_HTML, id="no-header"),
        pytest.param(" ", Format.TEXT_HTML, id="empty-header"),
        pytest.param("*/*", Format.TEXT_HTML, id="anything"),
        pytest.param("text/*", Format.TEXT_HTML, id="any-text"),
        pytest.param("application/*", Format.JSON, id="any-application"),
        pytest.param(PIP, Format.JSON, id="pip"),
        pytest.param(UV, Format.JSON, id="uv"),
        pytest.param(FIREFOX, Format.TEXT_HTML, id="firefox"),
        pytest.param(JSON, Format.JSON, id="json"),
        pytest.param(HTML, Format.HTML, id="html-by-its-own-name"),
        pytest.param("text/html", Format.TEXT_HTML, id="html-by-its-old-name"),
        pytest.param("application/vnd.pypi.simple.latest+json", Format.JSON, id="latest-json"),
        pytest.param("application/vnd.pypi.simple.latest+html", Format.HTML, id="latest-html"),
        pytest.param(
            "application/vnd.pypi.simple.v2+json, text/html;q=0.1", Format.TEXT_HTML, id="a-later-version"
        ),
        pytest.param("APPLICATION/VND.PYPI.SIMPLE.V1+JSON", Format.JSON, id="capitals"),
        pytest.param(f"{JSON} ; Q = 0.5 , {HTML};q=0.4", Format.JSON, id="white-space"),
        pytest.param(f"{HTML}, {JSON}", Format.JSON, id="of-equals-json"),
        pytest.param(f"text/html, {HTML}", Format.HTML, id="of-equals-the-own-name"),
        pytest.param(f"{JSON}, */*", Format.JSON, id="the-closest-of-equals"),
        pytest.param("*/*, text/html;q=0", Format.HTML, id="anything-but-text-html"),
        pytest.param(f"*/*, text/html;q=0, {HTML};q=0", Format.JSON, id="anything-but-html"),
        pytest.param(f"{JSON};q=0.1, */*;q=0.9", Format.TEXT_HTML, id="better-anything-than-json"),
        pytest.param(f"text/html;q=0.5, {JSON};q=0.500", Format.JSON, id="three-digits"),
        pytest.param("text/html;charset=utf-8;q=0.5", Format.TEXT_HTML, id="parameters-are-not-weighed"),
        pytest.param('text/html;a="x,y;q=0"', Format.TEXT_HTML, id="a-comma-in-quotes"),
        pytest.param(f",, ;q=1, {JSON},", Format.JSON, id="empty-members"),
    ],
)
def test_what_is_asked_for_is_sent(accept: str | None, expected: Format) -> None:
    assert negotiate(accept) is expected


@pytest.mark.parametrize(
    "accept",
    [
        pytest.param("image/png", id="a-picture"),
        pytest.param("application/json", id="plain-json"),
        pytest.param("application/vnd.pypi.simple.v2+json", id="a-later-version"),
        pytest.param("text/html;q=0", id="quality-zero"),
        pytest.param("text/html;q=0.000", id="quality-zero-at-length"),
        pytest.param("*/*;q=0", id="nothing-at-all"),
        pytest.param("text/html;q=2", id="quality-above-one"),
        pytest.param("text/html;q=0.1234", id="four-digits"),
        pytest.param("text/html;q=", id="quality-left-open"),
        pytest.param("text/html;q=nan", id="quality-is-no-number"),
        pytest.param("html", id="no-media-type"),
    ],
)
def test_what_admits_none_of_our_forms_is_406(accept: str) -> None:
    assert negotiate(accept) is None


@pytest.mark.parametrize(
    ("form", "content_type"), [(Format.JSON, JSON), (Format.HTML, HTML), (Format.TEXT_HTML, "text/html")]
)
def test_a_form_knows_its_content_type(form: Format, content_type: str) -> None:
    assert form.content_type == content_type


FORMS = {JSON: Format.JSON, HTML: Format.HTML, "text/html": Format.TEXT_HTML}
QUALITIES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(st.dictionaries(st.sampled_from([*FORMS, "image/png"]), QUALITIES, min_size=1), st.randoms())
def test_nothing_better_is_ever_left_unsent(qualities: dict[str, float], random: object) -> None:
    members = [f"{media_type};q={quality:.3f}" for media_type, quality in qualities.items()]
    random.shuffle(members)  # type: ignore[attr-defined]  # hypothesis types its Random as object

    chosen = negotiate(", ".join(members))

    ours = {FORMS[media_type]: quality for media_type, quality in qualities.items() if media_type in FORMS}
    best = max(ours.values(), default=0)
    assert (chosen is None) == (best == 0)
    assert chosen is None or ours[chosen] == best


@given(st.text(st.characters(max_codepoint=255), max_size=60) | st.text('ab/*;,q=0.1"\\ ', max_size=60))
def test_no_header_breaks_the_negotiation(header: str) -> None:
    assert negotiate(header) in {*Format, None}
    assert accepts_gzip(header) in {True, False}


def test_a_long_header_of_quotes_is_read_at_once() -> None:
    assert negotiate('"\\' * 500_000) is None


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("x-gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.1", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("identity", False),
        ("br, zstd", False),
    ],
)
def test_gzip_only_where_it_is_wanted(accept_encoding: str | None, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected

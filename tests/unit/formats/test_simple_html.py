from contextlib import suppress
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.simple_html import parse_page, render_names, render_page
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import BadPage, ProjectPage, Status
from feedgate.model.names import parse_project_name

DEMO = parse_project_name("demo")
BASE = "https://index.example/simple/demo/"
DIGEST = "ab" * 32
METADATA_DIGEST = "cd" * 32
NAME = "demo-1.0-py3-none-any.whl"


def parsed(body: str | bytes, content_type: str | None = "text/html") -> ProjectPage:
    raw = body.encode() if isinstance(body, str) else body
    return parse_page(raw, name=DEMO, base_url=BASE, content_type=content_type)


def file_of(attributes: str = f'href="{NAME}"') -> Distribution:
    (file,) = parsed(f"<a {attributes}>{NAME}</a>").files
    return file


def test_everything_a_link_states_is_read() -> None:
    file = file_of(
        f'href="../../files/{NAME}#sha256={DIGEST.upper()}" data-requires-python="&gt;=3.9, &lt;4"'
        f' data-core-metadata="sha256={METADATA_DIGEST}" data-yanked="it&#39;s broken" rel="internal"'
    )

    assert file == Distribution(
        filename=NAME,
        digest=Digest(DIGEST),
        requires_python=">=3.9, <4",
        metadata_digest=METADATA_DIGEST,
        yanked="it's broken",
        source=f"https://index.example/files/{NAME}",
    )


def test_what_a_link_does_not_state_is_none() -> None:
    assert file_of() == Distribution(NAME, None, source=BASE + NAME)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", None),
        ("#md5=" + "0" * 32, None),
        (f"#sha256={DIGEST}", DIGEST),
        (f"#egg=demo&amp;sha256={DIGEST}", DIGEST),
    ],
)
def test_only_sha256_is_a_digest(fragment: str, expected: str | None) -> None:
    file = file_of(f'href="{NAME}{fragment}"')

    assert (file.digest, file.source) == (expected, BASE + NAME)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (f'data-core-metadata="sha256={METADATA_DIGEST}"', METADATA_DIGEST),
        (f'data-dist-info-metadata="sha256={METADATA_DIGEST}"', METADATA_DIGEST),
        (f'data-core-metadata="true" data-dist-info-metadata="sha256={METADATA_DIGEST}"', ""),
        ('data-core-metadata="True"', ""),
        ('data-core-metadata="md5=00"', ""),
        ('data-core-metadata="false"', None),
        ("data-core-metadata", None),
    ],
)
def test_metadata_beside_the_file(attributes: str, expected: str | None) -> None:
    assert file_of(f'href="{NAME}" {attributes}').metadata_digest == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [("", None), ("data-yanked", ""), ('data-yanked=""', ""), ('data-yanked="x"', "x")],
)
def test_to_be_there_is_to_be_yanked(attributes: str, expected: str | None) -> None:
    assert file_of(f'href="{NAME}" {attributes}').yanked == expected


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(f'<a href="{NAME}#sha256=ab">{NAME}</a>', id="digest-is-none"),
        pytest.param(
            f'<a href="{NAME}" data-core-metadata="sha256=ab">{NAME}</a>', id="digest-of-metadata-is-none"
        ),
        pytest.param(f'<a href="file:///{NAME}">{NAME}</a>', id="file"),
        pytest.param(f'<a href="javascript:alert(1)">{NAME}</a>', id="script"),
        pytest.param(f'<a href="https://[::1/{NAME}">{NAME}</a>', id="link-without-a-host"),
        pytest.param(f'<a href="//[::1/{NAME}">{NAME}</a>', id="link-that-can-not-be-joined"),
        pytest.param(f'<a name="{NAME}">{NAME}</a>', id="no-link"),
        pytest.param(f'<a href="{NAME}"></a>', id="no-filename"),
        pytest.param(f'<a href="{NAME}">../{NAME}</a>', id="filename-is-a-path"),
        pytest.param(f'<a href="{NAME}">{NAME}&#8238;</a>', id="filename-is-not-ascii"),
    ],
)
def test_a_broken_link_is_left_out_and_the_others_stay(broken: str) -> None:
    whole = f'<a href="other-{NAME}">other-{NAME}</a>'

    page = parsed(f"{broken}{whole}")

    assert {file.filename for file in page.files} - {NAME} == {f"other-{NAME}"}
    assert all(
        file.source and file.source.startswith("https://[") for file in page.files if file.filename == NAME
    )


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        pytest.param(f'<a href="{NAME}#sha256=ab">{NAME}</a>', NAME, id="digest-is-none"),
        pytest.param(f'<a href="javascript:alert(1)">{NAME}</a>', NAME, id="script"),
        pytest.param(f'<a href="{NAME}">../{NAME}</a>', f"'../{NAME}'", id="filename-is-a-path"),
        pytest.param(f'<a href="{NAME}">{NAME}&#8238;</a>', f"'{NAME}\\u202e'", id="filename-is-not-ascii"),
        pytest.param(f'<a href="{NAME}"></a>', "''", id="no-filename"),
    ],
)
def test_what_can_not_be_read_is_named(broken: str, named: str) -> None:
    page = parsed(f'{broken}<a href="other-{NAME}">other-{NAME}</a>')

    assert page.unreadable == (named,)


@pytest.mark.parametrize("link", ["../", "/simple/", "?C=N;O=D", "../?x#y"])
def test_a_link_to_go_up_is_no_file_that_could_not_be_read(link: str) -> None:
    assert parsed(f'<a href="{link}">../</a>').unreadable == ("'../'",) * (link == "?C=N;O=D")


def test_the_page_s_own_base_counts() -> None:
    body = f'<base href="../../mirror/"><base href="/x/"><a href="{NAME}">{NAME}</a>'

    assert parsed(body).files[0].source == f"https://index.example/mirror/{NAME}"


@pytest.mark.parametrize("base", ["<base href='//[::1'>", "<base target='x'>"])
def test_a_base_that_is_none_does_not_count(base: str) -> None:
    assert parsed(f'{base}<a href="{NAME}">{NAME}</a>').files == parsed(f'<a href="{NAME}">{NAME}</a>').files


def test_a_link_ends_where_the_next_begins() -> None:
    page = parsed(f'text <a href="a">\n {NAME} \n<a href="b"><b>demo-1.1</b>.tar.gz</a> text')

    assert [file.filename for file in page.files] == [NAME, "demo-1.1.tar.gz"]


def test_of_two_attributes_with_one_name_the_first_counts() -> None:
    assert file_of(f'href="{NAME}" href="other"').source == BASE + NAME


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/html",
        "text/html; charset=utf-8",
        "text/html; charset=latin-1",
        "text/html; charset=unheard",
        "text/html; charset=idna",
        "text/html; charset=rot13",
    ],
)
def test_any_charset_is_read(content_type: str | None) -> None:
    encoding = "latin-1" if content_type and "latin" in content_type else "utf-8"
    body = f'<a href="{NAME}" data-yanked="défaut">{NAME}</a>'.encode(encoding)

    assert parsed(body, content_type).files[0].yanked == "défaut"


def test_bytes_of_no_charset_do_not_break_the_page() -> None:
    assert len(parsed(b"\xff\xfe" + f'<a href="{NAME}">{NAME}</a>'.encode()).files) == 1


@pytest.mark.parametrize("version", ["1.0", "1.99", ""])
def test_versions_of_the_same_major_are_read(version: str) -> None:
    meta = (
        f'<meta name="pypi:repository-version" content="{version}">' if version else "<meta charset='utf-8'>"
    )

    assert parsed(meta).files == ()


@pytest.mark.parametrize("version", ["2.0", "0.9", "", "one"])
def test_another_major_version_is_refused(version: str) -> None:
    with pytest.raises(BadPage, match="PEP 629"):
        parsed(f'<meta name="pypi:repository-version" content="{version}">')


@pytest.mark.timeout(20)
@pytest.mark.parametrize("after", ["", ">", "</a>", "-->", '">'])
@pytest.mark.parametrize(
    "piece",
    [
        "<a href=x>y",
        "<a ",
        '<a href="',
        "<b>",
        "</a>",
        "</a",
        "<",
        "&",
        "&#1;<",
        "<!--",
        "<!",
        "<?",
        "<script>",
        " ='",
    ],
)
def test_a_page_costs_no_more_than_its_length(piece: str, after: str) -> None:
    parsed(piece * 20_000 + after)


@pytest.mark.parametrize("body", ["<![unheard of[x]]>", "&#" + "1" * 5_000 + ";<p>"])
def test_what_the_standard_parser_gives_up_on_is_a_bad_page(body: str) -> None:
    with pytest.raises(BadPage, match="not HTML"):
        parsed(body)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("quarantined", Status.QUARANTINED), ("asleep", Status.ACTIVE), ("", Status.ACTIVE)],
)
def test_the_project_status(status: str, expected: Status) -> None:
    page = parsed(
        f'<meta name="pypi:project-status" content="{status}">'
        '<meta name="pypi:project-status" content="archived">'
        '<meta name="pypi:project-status-reason" content="a &amp; b">'
    )

    assert (page.status, page.status_reason) == (expected, "a & b")


def test_the_validator_is_the_digest_of_the_body() -> None:
    assert parsed("<p>").validator == sha256(b"<p>").hexdigest()


EVIL = "\"><script>alert(1)</script>&amp;'"


class Tags(HTMLParser):
    """Collects the names of a document's tags."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


def test_nothing_on_a_page_becomes_markup() -> None:
    file = Distribution(EVIL, None, requires_python=EVIL, metadata_digest="", yanked=EVIL)
    body = render_page(ProjectPage(DEMO, (file,), "v", Status.ARCHIVED, EVIL), [EVIL]).decode()

    tags = Tags()
    tags.feed(body)

    assert tags.seen == {"html", "head", "meta", "title", "body", "h1", "a", "br"}
    assert parsed(body).status_reason == EVIL
    assert body.startswith("<!DOCTYPE html>\n")


def test_every_file_has_its_link() -> None:
    page = ProjectPage(DEMO, (Distribution("a", None), Distribution("b", None)), "v")

    with pytest.raises(ValueError, match="zip"):
        render_page(page, ["only-one"])


def test_the_list_of_projects_links_to_their_pages() -> None:
    body = render_names([DEMO, parse_project_name("Other.Name")]).decode()

    assert '<a href="demo/">demo</a>' in body
    assert '<a href="other-name/">other-name</a>' in body
    assert '<meta name="pypi:repository-version" content="1.4">' in body


DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: Digest(raw.hex()))
TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)
FILES = st.builds(
    Distribution,
    filename=st.from_regex(r"\A[A-Za-z0-9._+-]{1,30}\Z"),
    digest=st.none() | DIGESTS,
    requires_python=st.none() | TEXTS.filter(bool),
    metadata_digest=st.none() | st.just("") | DIGESTS,
    yanked=st.none() | TEXTS,
    source=st.from_regex(r"\Ahttps://[a-z]{1,10}\.example/[a-z0-9/._-]{0,20}\Z"),
)


@given(st.lists(FILES, max_size=4), st.sampled_from(Status), st.none() | TEXTS)
def test_a_page_reads_back_as_it_was_written(
    files: list[Distribution], status: Status, reason: str | None
) -> None:
    page = ProjectPage(DEMO, tuple(files), "v", status, reason)

    again = parsed(render_page(page, [file.source or "" for file in files]))

    assert (again.files, again.status, again.status_reason) == (page.files, status, reason)


@given(st.binary(max_size=200) | st.text("<>/!a=\"' href[]-#&;\n", max_size=200).map(str.encode))
def test_no_page_breaks_the_reader(body: bytes) -> None:
    with suppress(BadPage):
        parsed(body)

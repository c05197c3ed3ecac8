from collections.abc import Iterable, Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.errors import FeedgateError
from feedgate.formats.upload_form import (
    FileBegins,
    FileChunk,
    FileEnds,
    FormLimits,
    FormTooLarge,
    InvalidForm,
    UploadForm,
    UploadFormParser,
)

BOUNDARY = "9a7d1f"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
FILENAME = "demo-1.0-py3-none-any.whl"
CONTENT = b"PK\x03\x04\r\n--9a7d1\r\n--\r\r\n--9a7d1fx"


def field(name: str, value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), content)


def file(
    content: bytes = CONTENT, *, name: str = "content", filename: str = FILENAME, headers: str = ""
) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n{headers}\r\n'
    return disposition.encode() + content


def body(*parts: bytes, end: str = "--\r\n") -> bytes:
    opening = f"--{BOUNDARY}".encode()
    return b"".join(opening + b"\r\n" + part + b"\r\n" for part in parts) + opening + end.encode()


class Read:
    """What came of one form, its file put together again."""

    def __init__(
        self, chunks: Iterable[bytes], *, content_type: str = CONTENT_TYPE, limits: FormLimits
    ) -> None:
        parser = UploadFormParser(content_type, limits=limits)
        self.order = ""
        self.content = b""
        for chunk in chunks:
            for event in parser.feed(chunk):
                self.order += {FileBegins: "b", FileChunk: "c", FileEnds: "e"}[type(event)]
                if isinstance(event, FileBegins):
                    self.begins = event
                elif isinstance(event, FileChunk):
                    self.content += event.content
        self.form: UploadForm = parser.close()


def read(whole: bytes, *, content_type: str = CONTENT_TYPE, limits: FormLimits | None = None) -> Read:
    return Read([whole], content_type=content_type, limits=limits or FormLimits())


TWINE = body(
    field(":action", "file_upload"),
    field("protocol_version", "1"),
    field("name", "démo"),
    field("requires_dist", "a; python_version < '4'"),
    field("requires_dist", "b"),
    field("description", "line\r\nline\n"),
    field("comment", ""),
    file(headers="Content-Type: application/octet-stream\r\n"),
    file(b"a signature", name="gpg_signature", filename=f"{FILENAME}.asc"),
    field("attestations", "[]"),
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    ":action": ("file_upload",),
    "protocol_version": ("1",),
    "name": ("démo",),
    "requires_dist": ("a; python_version < '4'", "b"),
    "description": ("line\r\nline\n",),
    "comment": ("",),
    "attestations": ("[]",),
}


def test_the_form_that_twine_sends() -> None:
    upload = read(TWINE)

    assert upload.form == UploadForm(FIELDS, FILENAME)
    assert upload.begins == FileBegins(FILENAME, "content")
    assert upload.content == CONTENT
    assert (upload.order[0], upload.order[-1]) == ("b", "e")


@given(st.lists(st.integers(0, len(TWINE)), max_size=12))
def test_however_it_is_cut_the_form_is_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TWINE)]

    upload = Read((TWINE[start:stop] for start, stop in pairwise(edges)), limits=FormLimits())

    assert (upload.form, upload.content) == (UploadForm(FIELDS, FILENAME), CONTENT)


def test_it_may_come_byte_by_byte() -> None:
    upload = Read((TWINE[index : index + 1] for index in range(len(TWINE))), limits=FormLimits())

    assert (upload.form, upload.content) == (UploadForm(FIELDS, FILENAME), CONTENT)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_every_byte_of_the_file_arrives(content: bytes, step: int) -> None:
    whole = body(file(content))

    upload = Read((whole[index : index + step] for index in range(0, len(whole), step)), limits=FormLimits())

    assert upload.content == content
    assert upload.order == "b" + "c" * (len(upload.order) - 2) + "e"


def test_the_file_may_come_first_and_be_empty() -> None:
    upload = read(body(file(b""), field("name", "demo")))

    assert (upload.form.fields, upload.content) == ({"name": ("demo",)}, b"")


@pytest.mark.parametrize(
    "content_type",
    [
        f"Multipart/Form-Data;boundary={BOUNDARY}",
        f'multipart/form-data; boundary="{BOUNDARY}"; charset=utf-8',
    ],
)
def test_the_boundary_in_every_spelling(content_type: str) -> None:
    assert read(TWINE, content_type=content_type).form.filename == FILENAME


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/mixed; boundary={BOUNDARY}",
        f"multipart/form-data; boundary={'x' * 300}",
        "multipart/form-data; boundary=\u20ac",
        "\u20ac; boundary=x",
    ],
)
def test_a_body_that_is_announced_as_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidForm):
        UploadFormParser(content_type, limits=FormLimits())


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        pytest.param(b"", "cut short", id="empty"),
        pytest.param(TWINE[:-4], "cut short", id="without-its-end"),
        pytest.param(TWINE[: len(TWINE) // 2], "cut short", id="half"),
        pytest.param(body(end="\r\n"), "cut short", id="a-part-that-never-comes"),
        pytest.param(body(), "no field content", id="no-parts"),
        pytest.param(body(field("name", "demo")), "no field content", id="no-file"),
        pytest.param(body(file(name="wheel")), "no field content", id="a-file-in-another-field"),
        pytest.param(body(file(), file()), "two fields content", id="two-files"),
        pytest.param(body(field("content", "PK")), "content is no file", id="content-without-a-name"),
        pytest.param(body(file(filename="")), "empty or has a backslash", id="an-empty-name"),
        pytest.param(body(file(filename="..\\\\demo.whl")), "backslash", id="a-name-with-a-backslash"),
        pytest.param(body(file(filename="C:\\\\demo.whl")), "backslash", id="a-name-of-windows"),
        pytest.param(
            body(b'Content-Disposition: form-data; name="content"; filename="\xff"\r\n\r\n'),
            "not UTF-8",
            id="a-name-that-is-no-text",
        ),
        pytest.param(
            body(b'Content-Disposition: form-data; name="\xff"\r\n\r\n'),
            "not UTF-8",
            id="a-field-s-name-that-is-no-text",
        ),
        pytest.param(
            body(field("name", b"\xff")), "the field 'name' is not UTF-8", id="a-field-that-is-no-text"
        ),
        pytest.param(body(b"\r\nx"), "which field", id="no-headers"),
        pytest.param(body(b"Content-Type: text/plain\r\n\r\nx"), "which field", id="no-disposition"),
        pytest.param(body(b"Content-Disposition: form-data\r\n\r\nx"), "which field", id="no-name"),
        pytest.param(
            body(b'Content-Disposition: attachment; name="name"\r\n\r\nx'), "which field", id="an-attachment"
        ),
        pytest.param(body(file(headers="Content-Transfer-Encoding: base64\r\n")), "encoded", id="base64"),
        pytest.param(b"no boundary", "malformed", id="no-boundary"),
        pytest.param(body(b"a b: c\r\n\r\n"), "malformed", id="a-header-that-is-none"),
        pytest.param(body(b"a: " + b"b" * 10_000 + b"\r\n\r\n"), "malformed", id="a-header-without-end"),
        pytest.param(body(b"a: b\r\n" * 100 + b"\r\n"), "malformed", id="a-hundred-headers"),
    ],
)
def test_a_form_that_can_not_be_relied_on_is_refused(whole: bytes, reason: str) -> None:
    with pytest.raises(InvalidForm, match=reason):
        read(whole)


@pytest.mark.parametrize("encoding", ["binary", "8BIT", " 7bit "])
def test_plain_encodings_may_be_named(encoding: str) -> None:
    assert read(body(file(headers=f"Content-Transfer-Encoding: {encoding}\r\n"))).content == CONTENT


def test_a_name_is_handed_on_unchecked() -> None:
    assert read(body(file(filename="../dem\u00f6"))).begins.filename == "../dem\u00f6"


LIMITS = FormLimits(field_bytes=5, fields=3, total_field_bytes=8)


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(body(field("a", "x" * 5), field("b", "x" * 3), file()), id="of-fields"),
        pytest.param(
            body(file(b"x" * 5, name="gpg_signature"), field("b", "x" * 3), file()), id="of-ignored-files"
        ),
    ],
)
def test_a_form_at_its_limits_is_read(whole: bytes) -> None:
    assert read(whole, limits=LIMITS).content == CONTENT


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        pytest.param(body(field("a", "x" * 6), file()), "5 bytes in one field", id="a-field-too-long"),
        pytest.param(
            body(file(b"x" * 6, name="gpg_signature"), file()),
            "5 bytes in one field",
            id="an-ignored-file-too-long",
        ),
        pytest.param(
            body(field("a", "x" * 5), field("b", "x" * 4), file()),
            "8 bytes in its fields",
            id="too-much-in-all",
        ),
        pytest.param(
            body(file(), field("a", ""), field("a", ""), field("a", "")), "3 fields", id="a-field-too-many"
        ),
    ],
)
def test_a_form_beyond_its_limits_is_too_large(whole: bytes, reason: str) -> None:
    with pytest.raises(FormTooLarge, match=reason):
        read(whole, limits=LIMITS)


def test_the_file_itself_has_no_limit_here() -> None:
    whole = body(file(b"x" * 100_000))

    assert len(read(whole, limits=LIMITS).content) == 100_000


@pytest.mark.parametrize(
    ("whole", "kind"), [(b"no boundary", InvalidForm), (body(field("a", "x" * 6)), FormTooLarge)]
)
def test_after_an_error_it_says_the_same_again(whole: bytes, kind: type[FeedgateError]) -> None:
    parser = UploadFormParser(CONTENT_TYPE, limits=LIMITS)
    with pytest.raises(kind) as first:
        parser.feed(whole)

    with pytest.raises(kind) as again:
        parser.feed(TWINE)
    with pytest.raises(kind) as at_the_end:
        parser.close()

    assert first.value is again.value is at_the_end.value


def test_it_reads_on_although_nobody_looks_at_the_events() -> None:
    parser = UploadFormParser(CONTENT_TYPE, limits=FormLimits())
    parser.feed(TWINE[:300])
    parser.feed(TWINE[300:])

    assert parser.close().filename == FILENAME


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"\r", b"\r\n", b"\r\n--", b"\r\n--9a7d1", b"-", b"\r\n--9a7d1f "])
@pytest.mark.parametrize("step", [1_000, 100_000])
def test_a_file_made_of_almost_boundaries_costs_no_more_than_its_length(piece: bytes, step: int) -> None:
    whole = body(file(b"x" + piece * 30_000))

    try:
        upload = Read((whole[i : i + step] for i in range(0, len(whole), step)), limits=FormLimits())
    except InvalidForm:
        assert piece.endswith(b" ")  # a boundary with white space behind it is one (RFC 2046)
    else:
        assert len(upload.content) == 1 + 30_000 * len(piece)


LINES = st.sampled_from(
    [
        f"--{BOUNDARY}".encode(),
        f"--{BOUNDARY}--".encode(),
        b'Content-Disposition: form-data; name="content"; filename="a"',
        b'Content-Disposition: form-data; name="a"',
        b"Content-Disposition: form-data",
        b"Content-Type: text/plain",
        b"",
        b"x",
        b": :",
    ]
)


@given(
    st.lists(LINES | st.binary(max_size=5), max_size=12).map(b"\r\n".join) | st.binary(max_size=60),
    st.integers(1, 50),
)
def test_no_body_breaks_the_parser(whole: bytes, step: int) -> None:
    outcomes: list[tuple[type, bytes]] = []
    for chunks in ([whole], [whole[i : i + step] for i in range(0, len(whole), step)]):
        try:
            upload = Read(chunks, limits=FormLimits())
        except (InvalidForm, FormTooLarge) as error:
            outcomes.append((type(error), b""))
        else:
            outcomes.append((UploadForm, upload.content))

    assert outcomes[0] == outcomes[1]


@given(st.text(max_size=40) | st.text('multipart/form-data; boundary="\\=', max_size=60))
def test_no_content_type_breaks_the_parser(content_type: str) -> None:
    try:
        parser = UploadFormParser(content_type, limits=FormLimits())
    except InvalidForm:
        return

    with pytest.raises(InvalidForm):
        parser.close()

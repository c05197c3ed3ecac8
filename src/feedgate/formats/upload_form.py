"""The legacy upload form (multipart/form-data), parsed while it arrives.

Without I/O: the caller feeds chunks and writes down what comes out, so the
file's bytes are never held here, and an upload costs one copy on disk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from feedgate.errors import Invalid, TooLarge

_CONTENT_FIELD: Final = "content"
_PLAIN_ENCODINGS: Final = frozenset({b"", b"binary", b"8bit", b"7bit"})


class InvalidForm(Invalid):
    """A body that is no upload form."""

    code = "invalid-form"

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"the upload can not be read: {reason}",
            next_step="Upload with twine, uv publish or Poetry; they send the form that is asked for here.",
        )


class FormTooLarge(TooLarge):
    """More fields, or longer ones, than the limits allow; the file itself is not counted."""

    code = "form-too-large"

    def __init__(self, *, what: str, limit: int) -> None:
        super().__init__(
            f"the upload's form has more than {limit} {what}",
            next_step="Shorten the project's description, or raise the limit in the settings.",
            facts={"limit": limit},
        )


@dataclass(frozen=True, slots=True)
class FormLimits:
    """How much of a form is read: bytes of one field, number of parts, bytes of all fields."""

    field_bytes: int = 4 * 1024 * 1024
    fields: int = 4_096
    total_field_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileBegins:
    """The file starts: the name it was sent under, unchecked, and the field."""

    filename: str
    field: str


@dataclass(frozen=True, slots=True)
class FileChunk:
    """The next bytes of the file."""

    content: bytes


@dataclass(frozen=True, slots=True)
class FileEnds:
    """The file is there to its last byte, if the form is closed well."""


@dataclass(frozen=True, slots=True)
class UploadForm:
    """The form's fields, each with its values in order, and the name of its file."""

    fields: Mapping[str, tuple[str, ...]]
    filename: str


FormEvent: TypeAlias = FileBegins | FileChunk | FileEnds


class UploadFormParser:
    """One form. After an error it says the same error again."""

    def __init__(self, content_type: str, *, limits: FormLimits) -> None:
        """Prepare for the form that ``content_type`` announces; raises InvalidForm if it announces none."""
        self._limits = limits
        self._events: list[FormEvent] = []
        self._fields: dict[str, list[str]] = {}
        self._filename: str | None = None
        self._failure: InvalidForm | FormTooLarge | None = None
        self._has_ended = False
        self._parts = 0
        self._all_bytes = 0
        self._begin_part()
        try:
            kind, options = parse_options_header(content_type)
            boundary = options.get(b"boundary", b"")
            if kind != b"multipart/form-data" or not boundary:
                raise InvalidForm(reason="Content-Type is not multipart/form-data with a boundary")
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._part_content,
                    "on_part_end": self._end_part,
                    "on_end": self._end_form,
                },
            )
        except (FormParserError, UnicodeError) as error:
            raise InvalidForm(reason=f"the boundary can not be used ({error})") from error

    def feed(self, chunk: bytes) -> Iterator[FormEvent]:
        """Take the next bytes and return what they held of the file; raises InvalidForm, FormTooLarge."""
        if self._failure is not None:
            raise self._failure
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            self._failure = InvalidForm(reason=f"malformed multipart ({error})")
            raise self._failure from error
        except (InvalidForm, FormTooLarge) as error:
            self._failure = error
            raise
        events, self._events = self._events, []
        return iter(events)

    def close(self) -> UploadForm:
        """Return the form; raises InvalidForm if it was cut short or had no file."""
        if self._failure is not None:
            raise self._failure
        if not self._has_ended:
            raise InvalidForm(reason="it was cut short")
        if self._filename is None:
            raise InvalidForm(reason="it has no field content with a file")
        return UploadForm({name: tuple(values) for name, values in self._fields.items()}, self._filename)

    def _begin_part(self) -> None:
        self._header_name: list[bytes] = []
        self._header_text: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._field: str | None = None
        self._is_file = False
        self._kept: list[bytes] = []
        self._part_bytes = 0

    def _header_field(self, content: bytes, start: int, end: int) -> None:
        self._header_name.append(content[start:end])

    def _header_value(self, content: bytes, start: int, end: int) -> None:
        self._header_text.append(content[start:end])

    def _end_header(self) -> None:
        self._headers[b"".join(self._header_name).lower()] = b"".join(self._header_text)
        self._header_name, self._header_text = [], []

    def _end_headers(self) -> None:
        self._parts += 1
        if self._parts > self._limits.fields:
            raise FormTooLarge(what="fields", limit=self._limits.fields)
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() not in _PLAIN_ENCODINGS:
            raise InvalidForm(reason="a part is encoded for transfer; RFC 7578 knows only plain ones")
        disposition = self._headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise InvalidForm(reason="a part does not say which field it is")
        name = _text(options[b"name"], "the name of a field")
        if b"filename" in options and name == _CONTENT_FIELD:
            self._begin_file(_text(options[b"filename"], "the name of the file"), disposition)
        elif name == _CONTENT_FIELD:
            raise InvalidForm(reason="its field content is no file")
        elif b"filename" not in options:
            self._field = name

    def _begin_file(self, filename: str, disposition: bytes) -> None:
        if self._filename is not None:
            raise InvalidForm(reason="it has two fields content")
        # The parser cuts what looks like a folder of Windows; nobody's name may change on the way.
        if b"\\" in disposition or not filename:
            raise InvalidForm(reason="the name of the file is empty or has a backslash")
        self._filename = filename
        self._is_file = True
        self._events.append(FileBegins(filename, _CONTENT_FIELD))

    def _part_content(self, content: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._events.append(FileChunk(content[start:end]))
            return
        self._part_bytes += end - start
        self._all_bytes += end - start
        if self._part_bytes > self._limits.field_bytes:
            raise FormTooLarge(what="bytes in one field", limit=self._limits.field_bytes)
        if self._all_bytes > self._limits.total_field_bytes:
            raise FormTooLarge(what="bytes in its fields", limit=self._limits.total_field_bytes)
        if self._field is not None:
            self._kept.append(content[start:end])

    def _end_part(self) -> None:
        if self._is_file:
            self._events.append(FileEnds())
        elif self._field is not None:
            value = _text(b"".join(self._kept), f"the field {self._field[:80]!r}")
            self._fields.setdefault(self._field, []).append(value)

    def _end_form(self) -> None:
        self._has_ended = True


def _text(raw: bytes, what: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidForm(reason=f"{what} is not UTF-8") from error

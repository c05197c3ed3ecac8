"""``.pypirc``: where uploads go and as whom, as twine reads it and pipelines write it.

Nothing in it is interpolated, so a ``%`` in a password is one. White space around a value
is not part of it, as for twine. ``TwineAuthenticate@1`` writes values as they are; ``@0`` writes
with a library that quotes and escapes some, and that is undone.
"""

import configparser
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from feedgate.errors import Invalid
from feedgate.machine.files import read_file
from feedgate.model.secret import Secret
from feedgate.outside.index_place import has_plain_authority

PATH_VARIABLE: Final = "PYPIRC_PATH"
_SERVERS: Final = "distutils"


class PypircMissing(Invalid):
    """PYPIRC_PATH names a file that is not there."""

    code = "pypirc-missing"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not exist ({PATH_VARIABLE} names it)",
            next_step="A pipeline's task removes the file at the job's end: have it run in this job, or unset the variable.",
        )


class BrokenPypirc(Invalid):
    """A .pypirc that can not be read as one."""

    code = "broken-pypirc"

    def __init__(self, path: Path, *, line: int | None, reason: str) -> None:
        # The line itself is not quoted: it may be the password's.
        place = str(path) if line is None else f"{path}, line {line}"
        super().__init__(
            f"{place}: {reason}",
            next_step="Each section is [NAME] with repository, username and password, one NAME = VALUE a line.",
        )


class UnusableSection(Invalid):
    """A section of .pypirc that names no address to send to."""

    code = "unusable-pypirc-section"

    def __init__(self, name: str, path: Path, reason: str) -> None:
        super().__init__(
            f"section {name!r} of {path} {reason}",
            next_step="Give it a repository that is the upload address alone, with username and password beside it.",
        )


class _Home(Protocol):
    @property
    def environment(self) -> Mapping[str, str]: ...
    @property
    def home(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Section:
    """One section with its address; ``username`` is "" and ``password`` None where none stand there."""

    name: str
    path: Path
    repository: str
    username: str = field(default="", repr=False)
    password: Secret | None = None

    @property
    def source(self) -> str:
        """What to call it before people."""
        return f"section {self.name!r} of {self.path}"


def pypirc_path(surroundings: _Home) -> Path:
    """Return the file: PYPIRC_PATH, else ``.pypirc`` in the home folder."""
    named = surroundings.environment.get(PATH_VARIABLE, "")
    if not named:
        return surroundings.home / ".pypirc"
    return surroundings.home / named[2:] if named.startswith("~/") else Path(named)


def find_section(name: str, surroundings: _Home) -> Section | None:
    """Return the section of that name, of ``project/feed`` the one of the last part; None where there is none.

    A pipeline's task names the section by the feed without its project. Case counts only where two differ
    in nothing else. Raises UnusableSection and what ``_parser`` raises.
    """
    path = pypirc_path(surroundings)
    parser = _parser(path, surroundings)
    if parser is None:
        return None
    titles = {_name(title): title for title in parser.sections() if title != _SERVERS}
    for wanted in (name, name.rpartition("/")[2]):
        if wanted in titles:
            return _section(parser, titles[wanted], path)
        alike = [title for known, title in titles.items() if known.casefold() == wanted.casefold()]
        if len(alike) == 1:
            return _section(parser, alike[0], path)
    return None


def section_names(surroundings: _Home) -> tuple[str, ...]:
    """Return the names of the sections that have an address, as ``find_section`` takes them; raises as ``_parser``."""
    return tuple(section.name for section in usable_sections(surroundings))


def usable_sections(surroundings: _Home) -> tuple[Section, ...]:
    """Return the sections that have an address, those first that ``index-servers`` lists; raises as ``_parser``."""
    path = pypirc_path(surroundings)
    parser = _parser(path, surroundings)
    if parser is None:
        return ()
    listed = _value(parser, _SERVERS, "index-servers").split()
    titles = [title for title in parser.sections() if title != _SERVERS]
    found = []
    for title in sorted(titles, key=lambda title: _name(title) not in listed):
        try:
            found.append(_section(parser, title, path))
        except UnusableSection:
            continue  # another client's, or one that has a default we do not know
    return tuple(found)


def _parser(path: Path, surroundings: _Home) -> configparser.RawConfigParser | None:
    """Read the file; None where there is none and none was named.

    Raises PypircMissing, BrokenPypirc, and the machine's UnreadableFile.
    """
    content = read_file(path)
    if content is None:
        if surroundings.environment.get(PATH_VARIABLE):
            raise PypircMissing(path)
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BrokenPypirc(path, line=None, reason="it is no UTF-8 text") from None
    except configparser.Error as error:
        raise BrokenPypirc(path, line=_line(error), reason=_reason(error)) from None
    return parser


def _section(parser: configparser.RawConfigParser, title: str, path: Path) -> Section:
    name, repository = _name(title), _value(parser, title, "repository")
    if not repository:
        raise UnusableSection(name, path, "has no repository")
    if not has_plain_authority(repository):
        raise UnusableSection(name, path, "has a repository with more than host and port before its path")
    password = _value(parser, title, "password")
    return Section(
        name=name,
        path=path,
        repository=repository,
        username=_value(parser, title, "username"),
        password=Secret(password) if password else None,
    )


def _name(title: str) -> str:
    """Return the name that ``@0`` made a title of."""
    return title.replace("\\.", ".")


def _value(parser: configparser.RawConfigParser, title: str, option: str) -> str:
    """Return a value as it was before ``@0`` wrote it; "" where there is none.

    It puts into JSON's quotes what holds an equals sign, and else a backslash before each ``;`` and ``#``. Where one
    of them stands without, somebody else wrote the value, and it is taken as it is.
    """
    raw = parser.get(title, option, fallback="")
    if len(raw) > 1 and raw[0] == raw[-1] == '"':
        try:
            return str(json.loads(raw))
        except ValueError:
            return raw
    if re.search(r"(?<!\\)[;#]", raw):
        return raw
    return re.sub(r"\\([;#])", r"\1", raw)


def _line(error: configparser.Error) -> int | None:
    found = getattr(error, "lineno", None)
    if found is None and isinstance(error, configparser.ParsingError):
        found = error.errors[0][0]
    return found if isinstance(found, int) else None


def _reason(error: configparser.Error) -> str:
    match error:
        case configparser.DuplicateSectionError():
            return "a section of that name stands above already"
        case configparser.DuplicateOptionError():
            return "the section says that twice"
        case configparser.MissingSectionHeaderError():
            return "it stands in no section"
        case _:
            return "it is neither a section nor NAME = VALUE"

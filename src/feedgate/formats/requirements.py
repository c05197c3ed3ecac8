"""Requirements, as arguments and as files: read strictly, written plainly.

To an installer a requirements file is a program: one line can turn builds on,
add an index or read another file. So nothing of its text goes any further:
only what was parsed here is written again, one plain PEP 508 line each.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import packaging.requirements
from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from feedgate.errors import Invalid
from feedgate.model.names import InvalidName, parse_project_name
from feedgate.model.request import RequirementLine

LONGEST_REQUIREMENT: Final = 2_000
"""Characters of one requirement, its hashes not counted."""

_HASH_DIGITS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_INCLUDES: Final[dict[str, Literal["requirements", "constraints"]]] = {
    "-r": "requirements",
    "--requirement": "requirements",
    "-c": "constraints",
    "--constraint": "constraints",
}
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_FIRST_OPTION = re.compile(r"(?:^|[ \t])-")
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_CREDENTIALS = re.compile(r"(?<=//)[^/\s]*@")
_QUERY = re.compile(r"\?\S+")
_NOT_PLAIN: Final = frozenset("\\#$")
_ARCHIVES: Final = (".whl", ".tar.gz", ".zip")


class InvalidRequirement(Invalid):
    """A line that is no requirement (PEP 508)."""

    code = "invalid-requirement"

    def __init__(self, raw: str, *, origin: str, reason: str) -> None:
        super().__init__(
            f"{origin}: {_shown(raw)!r} is no requirement: {reason}",
            next_step="Write it as PEP 508 has it, for example: demo[extra]>=1.0; python_version >= '3.10'",
            facts={"origin": origin},
        )


class OptionNotAllowed(Invalid):
    """An option that would change where files come from or what is run."""

    code = "option-not-allowed"

    def __init__(self, raw: str, *, origin: str) -> None:
        super().__init__(
            f"{origin}: the option {_option_name(raw)!r} is not allowed here",
            next_step="Leave it out: only requirements, -r, -c and --hash are read; indexes are the feed's own settings.",
            facts={"origin": origin},
        )


class DirectUrlNotAllowed(Invalid):
    """A path or an address where a name must stand."""

    code = "direct-url-not-allowed"

    def __init__(self, raw: str, *, origin: str) -> None:
        super().__init__(
            f"{origin}: {_shown(raw)!r} names a file or an address, not a release",
            next_step="Write NAME==VERSION; what no index has, bring in with: feedgate upload",
            facts={"origin": origin},
        )


class AddressNotAllowed(Invalid):
    """A requirements file that includes one from an address."""

    code = "address-not-allowed"

    def __init__(self, raw: str, *, origin: str) -> None:
        super().__init__(
            f"{origin}: {_shown(raw)!r} is an address; only files beside this one are included",
            next_step="Download it, look at it, and include the file by its path.",
            facts={"origin": origin},
        )


class HashNotAllowed(Invalid):
    """A hash that is too weak, or that is none."""

    code = "hash-not-allowed"

    def __init__(self, raw: str, *, origin: str) -> None:
        super().__init__(
            f"{origin}: {_shown(raw)!r} is no hash we can rely on",
            next_step="Write --hash=sha256: and 64 hexadecimal digits (or sha384, sha512), as: pip hash FILE",
            facts={"origin": origin},
        )


@dataclass(frozen=True, slots=True)
class Include:
    """Another file that a requirements file reads: its path as written, relative to the file."""

    kind: Literal["requirements", "constraints"]
    path: str
    origin: str


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """What one file says, in its order."""

    lines: tuple[RequirementLine, ...]
    includes: tuple[Include, ...]


def parse_requirements_text(text: str, *, origin: str) -> RequirementsFile:
    """Read a requirements or constraints file; ``origin`` is its name.

    A line's own origin is ``NAME:LINE``, the first one where it is continued.
    Raises InvalidRequirement, OptionNotAllowed, DirectUrlNotAllowed,
    AddressNotAllowed or HashNotAllowed, each naming it.
    """
    lines: list[RequirementLine] = []
    includes: list[Include] = []
    for number, line in _logical_lines(text):
        where = f"{origin}:{number}"
        if line.startswith("-"):
            includes.append(_parse_include(line, where))
        else:
            lines.append(parse_requirement(line, origin=where))
    return RequirementsFile(tuple(lines), tuple(includes))


def parse_requirement(raw: str, *, origin: str) -> RequirementLine:
    """Read one requirement with its ``--hash`` options, from a command line or a line of a file.

    Raises InvalidRequirement, OptionNotAllowed, DirectUrlNotAllowed or
    HashNotAllowed, each naming ``origin``.
    """
    text = raw.replace("\t", " ").strip()
    if variable := _VARIABLE.search(text):
        raise InvalidRequirement(text, origin=origin, reason=f"{variable[0]} is not filled in")
    option = _FIRST_OPTION.search(text)
    wanted, options = (
        (text, "") if option is None else (text[: option.start()].rstrip(), text[option.start() :])
    )
    if not wanted and options:
        raise OptionNotAllowed(options.strip(), origin=origin)
    requirement = _parse_plain(wanted, origin)
    return RequirementLine(requirement, origin, _parse_hashes(options.split(), origin))


def write_requirements(lines: Iterable[Requirement]) -> str:
    """Return one plain PEP 508 line each, for an installer to read.

    Raises what ``parse_requirement`` raises for one that an installer could
    read as anything else.
    """
    checked = [parse_requirement(_as_text(requirement), origin="requirement") for requirement in lines]
    return "".join(f"{line.requirement}\n" for line in checked)


def _as_text(requirement: Requirement) -> str:
    try:
        return str(requirement)
    except ValueError as error:  # a marker with both kinds of quotation marks
        raise InvalidRequirement(requirement.name, origin="requirement", reason=str(error)) from error


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Join continued lines, drop comments and blank lines; numbers count from 1."""
    pending: list[str] = []
    first = 1
    physical = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate([*physical, ""], start=1):
        if not pending:
            first = number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment and number <= len(physical):
            pending.append(line[:-1])
            continue
        joined = _COMMENT.sub("", "".join([*pending, "" if is_comment else line])).strip()
        pending.clear()
        if joined:
            yield first, joined


def _parse_include(line: str, origin: str) -> Include:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidRequirement(line, origin=origin, reason="a quotation mark is left open") from error
    name, *values = words
    for option, kind in _INCLUDES.items():
        if name == option and len(values) == 1:
            return _include(kind, values[0], origin)
        glued = f"{option}=" if option.startswith("--") else option
        if name != option and name.startswith(glued) and not values:
            return _include(kind, name.removeprefix(glued), origin)
    raise OptionNotAllowed(line, origin=origin)


def _include(kind: Literal["requirements", "constraints"], path: str, origin: str) -> Include:
    if _ADDRESS.match(path):
        raise AddressNotAllowed(path, origin=origin)
    if not path or not path.isprintable() or _VARIABLE.search(path):
        raise InvalidRequirement(path, origin=origin, reason="it does not name a file to include")
    return Include(kind, path, origin)


def _parse_plain(text: str, origin: str) -> Requirement:
    if not text.isprintable() or len(text) > LONGEST_REQUIREMENT:
        reason = f"it is longer than {LONGEST_REQUIREMENT} characters or has control characters"
        raise InvalidRequirement(text, origin=origin, reason=reason)
    if _is_elsewhere(text.partition(";")[0].strip()):
        raise DirectUrlNotAllowed(text, origin=origin)
    try:
        requirement = Requirement(text)
        parse_project_name(requirement.name)
    except (packaging.requirements.InvalidRequirement, InvalidName, RecursionError) as error:
        raise InvalidRequirement(text, origin=origin, reason=_first_line(error)) from error
    if requirement.url is not None:
        raise DirectUrlNotAllowed(text, origin=origin)
    for specifier in requirement.specifier:
        if specifier.operator == "===" and not _is_version(specifier.version):
            raise InvalidRequirement(
                text, origin=origin, reason=f"{specifier.version!r} is no version (PEP 440)"
            )
    if any(character in text for character in _NOT_PLAIN):
        raise InvalidRequirement(
            text, origin=origin, reason="its marker has characters that installers read differently"
        )
    return requirement


def _parse_hashes(words: list[str], origin: str) -> frozenset[str]:
    hashes: set[str] = set()
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if option != "--hash":
            raise OptionNotAllowed(word, origin=origin)
        stated = value if equals else next(rest, "")
        algorithm, _, digits = stated.lower().partition(":")
        if len(digits) != _HASH_DIGITS.get(algorithm) or not _HEXADECIMAL.fullmatch(digits):
            raise HashNotAllowed(stated, origin=origin)
        hashes.add(f"{algorithm}:{digits}")
    return frozenset(hashes)


def _is_elsewhere(text: str) -> bool:
    """Whether an installer would take this for an address, a folder or a file."""
    is_path = text.startswith(("/", ".", "~")) or "\\" in text or ("/" in text and "@" not in text)
    return is_path or _ADDRESS.match(text) is not None or text.lower().endswith(_ARCHIVES)


def _shown(raw: str) -> str:
    """Return ``raw`` for a message: short, without credentials."""
    return _QUERY.sub("?…", _CREDENTIALS.sub("***@", raw))[:200]


def _option_name(raw: str) -> str:
    """Return the option without its value, which may hold credentials."""
    name = raw.split(maxsplit=1)[0].partition("=")[0]
    return name[:80] if name.startswith("--") else name[:2]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip()


def _is_version(raw: str) -> bool:
    try:
        Version(raw)
    except InvalidVersion:
        return False
    return True

"""The tables of a policy's document, and what is wrong with one, said with its place and the nearest name."""

import difflib
import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feedgate.errors import Invalid

LARGEST_CHARACTERS: Final = 100_000
_LONGEST_DAYS: Final = 36_500
_LONGEST_WORD: Final = 80
_MOST_BITS: Final = 64

_Days = Annotated[float, Field(ge=0, le=_LONGEST_DAYS)]
_Word = Annotated[str, Field(min_length=1, max_length=200)]
_Verdict = Literal["admit", "hold", "refuse"]
_Severity = Literal["low", "medium", "high", "critical"]


class InvalidPolicy(Invalid):
    """A policy document that can not be read, or that says what no policy can."""

    code = "invalid-policy"

    def __init__(self, where: str, fact: str, next_step: str) -> None:
        super().__init__(f"policy, {where}: {fact}", next_step=next_step, facts={"where": where})


class Table(BaseModel):
    """What every table is: it has the keys that are named and no others, of the types that they have."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


class RuleTable(Table):
    """A rule; with ``report`` its opinion is kept and shown, and does not count."""

    report: bool = False


class AdvisoriesTable(RuleTable):
    """``[rules.advisories]``."""

    fixable: _Verdict = "refuse"
    unfixable: _Verdict = "hold"
    least: _Severity = "low"


class AgeTable(RuleTable):
    """``[rules.age]``."""

    wait_days: _Days = 7
    fix_days: _Days = 0


class DatabaseAgeTable(RuleTable):
    """``[rules.database-age]``."""

    max_days: _Days = 7


class DowngradeTable(RuleTable):
    """``[rules.downgrade]``."""

    max_days: _Days = 365


class RuleTables(Table):
    """``[rules]``: those that are stated take the place of what the policy is ``like``."""

    archive: RuleTable | None = None
    metadata: RuleTable | None = None
    identity: RuleTable | None = None
    malicious: RuleTable | None = None
    advisories: AdvisoriesTable | None = None
    age: AgeTable | None = None
    downgrade: DowngradeTable | None = None
    database_age: DatabaseAgeTable | None = Field(default=None, alias="database-age")

    def stated(self) -> dict[str, RuleTable]:
        """Return the rules that are stated, by code."""
        found = {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}
        return {code: table for code, table in found.items() if table is not None}


class ExceptionTable(Table):
    """``[[exception]]``."""

    project: _Word
    rule: _Word
    reason: _Word
    until: date


class ExampleAdvisory(Table):
    """An advisory that names the release of an example; without ``fixed`` no fix is known."""

    id: _Word
    fixed: _Word | None = None
    severity: _Severity = "high"


class ExampleTable(Table):
    """``[[example]]``: one file at the gate, and the verdict that the policy must come to.

    ``rule`` is one that must be among those that decide. What is not said is as good as can be.
    """

    says: _Word
    expect: _Verdict
    rule: _Word | None = None
    file: _Word = "demo-1.0-py3-none-any.whl"
    way: Literal["import", "upload"] = "import"
    age_days: _Days | Literal["unknown"] = 3650
    database: bool = True
    advisories: list[ExampleAdvisory] = Field([])
    malware: list[_Word] = Field([])
    fixes: list[_Word] = Field([])
    findings: dict[str, list[_Word]] = Field({})


class PolicyDocument(Table):
    """The whole."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    like: str = "default"
    rules: RuleTables = RuleTables()
    exception: list[ExceptionTable] = Field([])
    example: list[ExampleTable] = Field([])


def read_tables(text: str) -> PolicyDocument:
    """Return the tables of a document; raises InvalidPolicy, which names the first thing that is wrong."""
    if len(text) > LARGEST_CHARACTERS:
        raise InvalidPolicy(
            "document", f"has {len(text)} characters, {LARGEST_CHARACTERS} are the most", "Shorten it."
        )
    try:
        content = tomllib.loads(text)
        too_much = _has_huge_number(content)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy("document", f"is no TOML: {error}", "Mend it at that place.") from error
    except (ValueError, RecursionError):  # numbers of thousands of digits, tables in tables in tables
        too_much = True
    if too_much:
        raise InvalidPolicy("document", "is too deep, or holds too large a number", "Write it plainer.")
    try:
        return PolicyDocument.model_validate(content)
    except ValidationError as error:
        raise _named(error) from None


def not_known(where: str, word: str, known: Sequence[str]) -> InvalidPolicy:
    """Return the error for a word that stands where only ``known`` ones may, naming the nearest."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0)
    mean = f"Did you mean {near[0]!r}? " if near else ""
    return InvalidPolicy(
        where, f"{word[:_LONGEST_WORD]!r} is not known", f"{mean}There are: {', '.join(sorted(known))}."
    )


def _named(error: ValidationError) -> InvalidPolicy:
    first = error.errors(include_url=False)[0]
    loc = first["loc"]
    where = ".".join(_in_words(part) for part in loc) or "document"
    if first["type"] == "extra_forbidden":
        return not_known(where, str(loc[-1]), _keys_beside(loc))
    if first["type"] == "missing":
        return InvalidPolicy(where, "is missing", "Say it.")
    given = str(first.get("input"))[:_LONGEST_WORD]
    return InvalidPolicy(where, f"{first['msg']}, not {given!r}", "Mend that value.")


def _has_huge_number(value: object) -> bool:
    """Whether a whole number of more than 64 bits (TOML's most) stands somewhere: Python refuses to write it out."""
    if isinstance(value, dict):
        return any(map(_has_huge_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_huge_number, value))
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def _in_words(part: int | str) -> str:
    """Return one step of a place; tables of one name are counted from 1."""
    return str(part + 1) if isinstance(part, int) else part[:_LONGEST_WORD]


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    model: type[Table] = PolicyDocument
    for part in loc[:-1]:
        if isinstance(part, str):
            found = [
                field.annotation for name, field in model.model_fields.items() if part in {name, field.alias}
            ]
            model = next((inner for one in found if (inner := _table_in(one)) is not None), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _table_in(annotation: Any) -> type[Table] | None:
    """Return the table in a field's type: itself, one of an optional, those of a list."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next((found for one in get_args(annotation) if (found := _table_in(one)) is not None), None)

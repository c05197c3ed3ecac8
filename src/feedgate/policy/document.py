"""A policy as a team writes it: one TOML document, each rule a table, each error with its place in it."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feedgate.errors import Invalid
from feedgate.model.advisory import AdvisorySeverity
from feedgate.model.decision import Verdict
from feedgate.policy.policies import BUILT_IN, Policy, find_policy
from feedgate.policy.rule import Rule
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age
from feedgate.policy.rules.archive import Archive
from feedgate.policy.rules.identity import Identity
from feedgate.policy.rules.malicious import Malicious

LARGEST_CHARACTERS: Final = 100_000
_LONGEST_DAYS: Final = 36_500

_Days = Annotated[float, Field(ge=0, le=_LONGEST_DAYS)]


class InvalidPolicy(Invalid):
    """A policy document that can not be read, or that says what no policy can."""

    code = "invalid-policy"

    def __init__(self, where: str, fact: str, next_step: str) -> None:
        super().__init__(f"policy, {where}: {fact}", next_step=next_step, facts={"where": where})


class _Table(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    report: bool = False
    """Its opinion is kept and shown, and does not count."""


class _Plain(_Table):
    """A rule without settings."""


class _AdvisoriesTable(_Table):
    fixable: Literal["admit", "hold", "refuse"] = "refuse"
    unfixable: Literal["admit", "hold", "refuse"] = "hold"
    least: Literal["low", "medium", "high", "critical"] = "low"


class _AgeTable(_Table):
    wait_days: _Days = 7
    fix_days: _Days = 0


class _DatabaseAgeTable(_Table):
    max_days: _Days = 7


class _Rules(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    archive: _Plain | None = None
    identity: _Plain | None = None
    malicious: _Plain | None = None
    advisories: _AdvisoriesTable | None = None
    age: _AgeTable | None = None
    database_age: _DatabaseAgeTable | None = Field(default=None, alias="database-age")


class _Document(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    like: str = "default"
    rules: _Rules = _Rules()


def read_policy(text: str) -> Policy:
    """Return the policy that ``text`` names, or that it is the document of.

    Raises UnknownPolicy, InvalidPolicy.
    """
    if text in BUILT_IN or ("\n" not in text and "=" not in text):
        return find_policy(text)
    return parse_policy(text)


def parse_policy(text: str) -> Policy:
    """Return the policy of a TOML document: the one that it is ``like``, with the rules that it states.

    Raises InvalidPolicy, UnknownPolicy.
    """
    if len(text) > LARGEST_CHARACTERS:
        raise InvalidPolicy(
            "document",
            f"has {len(text)} characters, {LARGEST_CHARACTERS} are the most",
            "Shorten it.",
        )
    try:
        document = _Document.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy("document", f"is no TOML: {error}", "Mend it at that place.") from error
    except ValidationError as error:
        raise _named(error) from None
    return _merged(find_policy(document.like), document)


def _merged(like: Policy, document: _Document) -> Policy:
    tables = document.rules
    stated: dict[str, Rule] = {}
    if tables.archive is not None:
        stated[Archive.code] = Archive()
    if tables.identity is not None:
        stated[Identity.code] = Identity()
    if tables.malicious is not None:
        stated[Malicious.code] = Malicious()
    if tables.advisories is not None:
        of = tables.advisories
        stated[Advisories.code] = Advisories(
            Verdict(of.fixable), Verdict(of.unfixable), AdvisorySeverity(of.least)
        )
    if tables.age is not None:
        stated[Age.code] = Age(timedelta(days=tables.age.wait_days), timedelta(days=tables.age.fix_days))
    rules = {rule.code: rule for rule in like.rules} | stated
    max_age, reported = like.database_max_age, set(like.reported)
    for code, table in _tables(tables).items():
        if table.report:
            reported.add(code)
        else:
            reported.discard(code)
    if tables.database_age is not None:
        max_age = None if tables.database_age.report else timedelta(days=tables.database_age.max_days)
        reported.discard("database-age")
    return replace(
        like,
        name=document.name,
        rules=tuple(rules.values()),
        database_max_age=max_age,
        reported=frozenset(reported),
    )


def _tables(rules: _Rules) -> Mapping[str, _Table]:
    stated: dict[str, _Table | None] = {
        field.alias or name: getattr(rules, name) for name, field in _Rules.model_fields.items()
    }
    return {code: table for code, table in stated.items() if table is not None}


def _named(error: ValidationError) -> InvalidPolicy:
    """Return the first thing that is wrong, with its place; of a key that nobody knows, the nearest one."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "document"
    if first["type"] == "extra_forbidden":
        known = _keys_beside(first["loc"])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0)
        return InvalidPolicy(
            where, "is not known", f"Did you mean {near[0]!r}? There are: {', '.join(sorted(known))}."
        )
    return InvalidPolicy(where, f"{first['msg']}, not {str(first.get('input'))[:80]!r}", "Mend that value.")


def _keys_beside(place: tuple[int | str, ...]) -> list[str]:
    model: Any = _Document
    for part in place[:-1]:
        if model is _Document:
            model = _Rules
            continue
        model = next(
            (_model_of(field) for name, field in model.model_fields.items() if part in {name, field.alias}),
            _Table,
        )
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_of(field: Any) -> Any:
    return next(one for one in field.annotation.__args__ if one is not type(None))

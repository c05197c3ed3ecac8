"""A policy as a team writes it: one TOML document, each rule a table, each error with its place in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from feedgate.model.advisory import AdvisorySeverity
from feedgate.model.decision import Verdict
from feedgate.model.names import InvalidName, parse_project_name
from feedgate.policy.document_tables import (
    ExceptionTable,
    InvalidPolicy,
    PolicyDocument,
    RuleTables,
    not_known,
    read_tables,
)
from feedgate.policy.downgrade import Downgrade
from feedgate.policy.exemption import Exemption
from feedgate.policy.policies import BUILT_IN, Policy, find_policy
from feedgate.policy.rule import Rule
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age
from feedgate.policy.rules.archive import Archive
from feedgate.policy.rules.identity import Identity
from feedgate.policy.rules.malicious import Malicious
from feedgate.policy.rules.metadata import Metadata


def read_policy(text: str) -> Policy:
    """Return the policy that ``text`` names, or that it is the document of.

    Raises UnknownPolicy, InvalidPolicy.
    """
    if text in BUILT_IN or ("\n" not in text and "=" not in text):
        return find_policy(text)
    return parse_policy(text)


def parse_policy(text: str) -> Policy:
    """Return the policy of a TOML document: the one that it is ``like``, with the rules that it states.

    Raises InvalidPolicy.
    """
    return policy_of(read_tables(text))


def policy_of(document: PolicyDocument) -> Policy:
    """Return the policy of a document whose tables were read; raises InvalidPolicy."""
    if document.name in BUILT_IN:
        raise InvalidPolicy(
            "name", f"{document.name!r} is a built-in policy's", "Give the document a name of its own."
        )
    if document.like not in BUILT_IN:
        raise not_known("like", document.like, [*BUILT_IN])
    like = BUILT_IN[document.like]
    tables = document.rules
    rules = {rule.code: rule for rule in like.rules} | {rule.code: rule for rule in _stated(tables)}
    reported = set(like.reported)
    for code, table in tables.stated().items():
        (reported.add if table.report else reported.discard)(code)
    max_age = like.database_max_age
    if tables.database_age is not None:
        max_age = timedelta(days=tables.database_age.max_days)
    downgrade = like.downgrade
    if tables.downgrade is not None:
        downgrade = Downgrade(timedelta(days=tables.downgrade.max_days))
    codes = [*rules, *([] if downgrade is None else [downgrade.code])]
    return replace(
        like,
        name=document.name,
        rules=tuple(rules.values()),
        database_max_age=max_age,
        reported=frozenset(reported),
        downgrade=downgrade,
        exemptions=tuple(
            _exemption(number, table, codes) for number, table in enumerate(document.exception, start=1)
        ),
    )


def _stated(tables: RuleTables) -> Iterator[Rule]:
    """Yield the rules that the document states."""
    if tables.archive is not None:
        yield Archive()
    if tables.metadata is not None:
        yield Metadata()
    if tables.identity is not None:
        yield Identity()
    if tables.malicious is not None:
        yield Malicious()
    if tables.advisories is not None:
        of = tables.advisories
        yield Advisories(Verdict(of.fixable), Verdict(of.unfixable), AdvisorySeverity(of.least))
    if tables.age is not None:
        yield Age(timedelta(days=tables.age.wait_days), timedelta(days=tables.age.fix_days))


def _exemption(number: int, table: ExceptionTable, codes: Sequence[str]) -> Exemption:
    where = f"exception.{number}"
    try:
        project = parse_project_name(table.project)
    except InvalidName as error:
        raise InvalidPolicy(f"{where}.project", error.message, error.next_step) from error
    if table.rule not in codes:
        raise not_known(f"{where}.rule", table.rule, codes)
    return Exemption(project, table.rule, table.reason, table.until)

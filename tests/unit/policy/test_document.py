from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.model.advisory import AdvisorySeverity
from feedgate.model.decision import Verdict
from feedgate.model.names import parse_project_name
from feedgate.policy.document import parse_policy, read_policy
from feedgate.policy.document_tables import LARGEST_CHARACTERS, InvalidPolicy
from feedgate.policy.downgrade import Downgrade
from feedgate.policy.exemption import Exemption
from feedgate.policy.policies import DEFAULT, OPEN, UnknownPolicy
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age

WHOLE = """
name = "team"
like = "default"

[rules.archive]
[rules.identity]
[rules.malicious]

[rules.advisories]
fixable = "hold"
unfixable = "admit"
least = "medium"

[rules.age]
wait_days = 3
fix_days = 0.5
report = true

[rules.downgrade]
max_days = 700

[rules.database-age]
max_days = 30

[[exception]]
project = "Our.Part"
rule = "age"
reason = "we make it"
until = 2026-12-31
"""


def test_a_document_is_the_policy_that_it_is_like_with_what_it_states() -> None:
    policy = parse_policy(WHOLE)

    assert policy.name == "team"
    assert [rule.code for rule in policy.rules] == [rule.code for rule in DEFAULT.rules]
    assert Advisories(Verdict.HOLD, Verdict.ADMIT, AdvisorySeverity.MEDIUM) in policy.rules
    assert Age(timedelta(days=3), timedelta(hours=12)) in policy.rules
    assert policy.database_max_age == timedelta(days=30)
    assert policy.downgrade == Downgrade(timedelta(days=700))
    assert policy.reported == {"age"}
    part = parse_project_name("our-part")
    assert policy.exemptions == (Exemption(part, "age", "we make it", date(2026, 12, 31)),)


def test_a_name_alone_is_default_by_another_name() -> None:
    policy = parse_policy('name = "ours"')

    assert (policy.rules, policy.database_max_age) == (DEFAULT.rules, DEFAULT.database_max_age)


def test_like_open_has_the_rules_of_open_and_those_that_are_stated() -> None:
    policy = parse_policy('name = "ours"\nlike = "open"\n[rules.age]\n')

    assert policy.rules == (*OPEN.rules, Age(timedelta(days=7)))
    assert policy.database_max_age is None


def test_the_database_s_age_may_be_reported_too() -> None:
    policy = parse_policy('name = "ours"\n[rules.database-age]\nreport = true')

    assert policy.reported == {"database-age"}
    assert policy.database_max_age == timedelta(days=7)


@pytest.mark.parametrize("policy", [OPEN, DEFAULT], ids=lambda policy: policy.name)
def test_a_built_in_policy_goes_by_its_name(policy: object) -> None:
    assert read_policy(policy.name) is policy  # type: ignore[attr-defined]  # a parameter of pytest's


def test_what_is_neither_a_name_nor_a_document_is_no_policy() -> None:
    with pytest.raises(UnknownPolicy):
        read_policy("team.toml")


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        pytest.param("", "name", "is missing", id="nothing"),
        pytest.param("name = ", "document", "is no TOML", id="no-toml"),
        pytest.param("a\x00b = 1", "document", "is no TOML", id="a-control-character"),
        pytest.param("a = " + "[" * 20_000, "document", "too deep", id="very-deep"),
        pytest.param("name = 0x" + "f" * 9000, "document", "too large a number", id="one-in-hexadecimal"),
        pytest.param("a = [[0x" + "f" * 9000 + "]]", "document", "too large a number", id="one-deep-inside"),
        pytest.param("a = " + "9" * 5000, "document", "too large a number", id="a-huge-number"),
        pytest.param('name = "open"', "name", "built-in", id="a-built-in-s-name"),
        pytest.param('name = ""', "name", "at least 1", id="no-name"),
        pytest.param(f'name = "{"a" * 65}"', "name", "at most 64", id="a-long-name"),
        pytest.param('name = "two words"', "name", "match", id="a-name-with-a-space"),
        pytest.param('name = "a\\n"', "name", "match", id="a-name-with-a-newline"),
        pytest.param('name = "a"\nlike = "defualt"', "like", "Did you mean 'default'?", id="like-nobody"),
        pytest.param('name = "a"\nrule = 1', "rule", "Did you mean 'rules'?", id="a-key"),
        pytest.param('name = "a"\n[rules.agee]', "rules.agee", "Did you mean 'age'?", id="a-rule"),
        pytest.param(
            'name = "a"\n[rules.database_age]',
            "rules.database_age",
            "Did you mean 'database-age'?",
            id="a-rule-with-a-line",
        ),
        pytest.param(
            'name = "a"\n[rules.age]\nwait = 3',
            "rules.age.wait",
            "Did you mean 'wait_days'?",
            id="a-setting",
        ),
        pytest.param(
            'name = "a"\n[rules.archive]\nreports = true',
            "rules.archive.reports",
            "Did you mean 'report'?",
            id="a-setting-of-a-rule-without-any",
        ),
        pytest.param(
            'name = "a"\n[rules.database-age]\ndays = 3',
            "rules.database-age.days",
            "Did you mean 'max_days'?",
            id="a-setting-of-the-database",
        ),
        pytest.param('name = "a"\nrules = 3', "rules", "not '3'", id="rules-that-are-none"),
        pytest.param(
            'name = "a"\n[rules.age]\nwait_days = -1', "rules.age.wait_days", "not '-1'", id="below-nothing"
        ),
        pytest.param(
            'name = "a"\n[rules.age]\nwait_days = nan', "rules.age.wait_days", "not 'nan'", id="no-number"
        ),
        pytest.param(
            'name = "a"\n[rules.age]\nwait_days = inf', "rules.age.wait_days", "not 'inf'", id="for-ever"
        ),
        pytest.param(
            'name = "a"\n[rules.age]\nwait_days = "7"', "rules.age.wait_days", "not '7'", id="a-word"
        ),
        pytest.param(
            'name = "a"\n[rules.age]\nwait_days = true', "rules.age.wait_days", "not 'True'", id="a-yes"
        ),
        pytest.param(
            'name = "a"\n[rules.advisories]\nfixable = "deny"',
            "rules.advisories.fixable",
            "'refuse'",
            id="another-word-for-a-verdict",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nproject = "p"\nrule = "age"\nuntil = 2026-12-31',
            "exception.1.reason",
            "is missing",
            id="an-exception-without-a-reason",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nproject = "p"\nrule = "age"\nreason = "r"',
            "exception.1.until",
            "is missing",
            id="an-exception-without-an-end",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nproject = "p"\nrule = "agee"\nreason = "r"\nuntil = 2026-12-31',
            "exception.1.rule",
            "Did you mean 'age'?",
            id="an-exception-from-nothing",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nproject = "p*"\nrule = "age"\nreason = "r"\nuntil = 2026-12-31',
            "exception.1.project",
            "p*",
            id="an-exception-for-no-name",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nprojects = "p"\nproject = "p"\nrule = "age"\nreason = "r"\nuntil = 2026-12-31',
            "exception.1.projects",
            "Did you mean 'project'?",
            id="a-key-of-an-exception",
        ),
        pytest.param(
            'name = "a"\n[[exception]]\nproject = "p"\nrule = "age"\nreason = "r"\nuntil = "soon"',
            "exception.1.until",
            "not 'soon'",
            id="an-end-that-is-no-date",
        ),
        pytest.param("#" * (LARGEST_CHARACTERS + 1), "document", "100000 are the most", id="too-long"),
    ],
)
def test_an_error_says_where_it_is_and_what_would_be_right(text: str, where: str, says: str) -> None:
    with pytest.raises(InvalidPolicy) as raised:
        parse_policy(text)

    error = raised.value
    assert error.facts["where"] == where
    assert error.message.startswith(f"policy, {where}: ")
    assert says in f"{error.message} {error.next_step}"
    assert len(error.message) < 500


def test_a_document_of_the_largest_size_is_read() -> None:
    text = 'name = "a"\n'

    assert parse_policy(text + "#" * (LARGEST_CHARACTERS - len(text))).name == "a"


_SCALARS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=8).map(
        lambda text: "'" + text.replace("'", "") + "'"
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.just("2026-01-01"),
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{','.join(v)}]"))
_KEYS = st.sampled_from(
    ["name", "like", "rules", "rules.age", "rules.age.wait_days", "exception", "example", "x.y"]
)


@given(st.lists(st.tuples(_KEYS, _VALUES), max_size=6), st.text(max_size=30))
def test_nonsense_is_told_to_be_none_and_nothing_else_happens(
    pairs: list[tuple[str, str]], loose: str
) -> None:
    for text in ("\n".join(f"{key} = {value}" for key, value in pairs), loose):
        try:
            parse_policy(text)
        except InvalidPolicy as error:
            assert error.facts["where"]  # noqa: PT017  # what may be raised, not what must

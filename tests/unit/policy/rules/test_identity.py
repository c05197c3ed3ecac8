import pytest

from feedgate.model.decision import Verdict
from feedgate.policy.facts import NotStated, Way
from feedgate.policy.rules.identity import Identity
from tests.unit.policy.facts import FILENAME, METADATA_DIGEST, NOON, facts, listed, stated

RULE = Identity()


@pytest.mark.parametrize("way", list(Way))
def test_a_file_that_says_what_its_name_says_is_admitted(way: Way) -> None:
    assert RULE.judge(facts(way=way), now=NOON).verdict is Verdict.ADMIT


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("Demo_Kit-1.0-py3-none-any.whl", "demo.kit", "1"),
        ("demo_kit-1.0.0.tar.gz", "Demo-Kit", "1.0"),
        ("demo-kit-1.0.zip", "demo_kit", "1.0.0"),
        ("demo_kit-1.0rc1+local.1-py3-none-any.whl", "demo-kit", "1.0-rc.1+local-1"),
    ],
)
def test_spellings_of_one_release_agree(filename: str, project: str, version: str) -> None:
    opinion = RULE.judge(facts(filename=filename, says=stated(project, version)), now=NOON)

    assert opinion.verdict is Verdict.ADMIT


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize(
    ("project", "version", "says"),
    [
        ("demo2", "1.0", "METADATA names demo2, the file name demo"),
        ("demo", "1.0.1", "METADATA has version 1.0.1, the file name 1.0"),
        ("demo", "1.0+local", "METADATA has version 1.0+local, the file name 1.0"),
        ("demo", "1!1.0", "METADATA has version 1!1.0, the file name 1.0"),
    ],
)
def test_a_file_that_goes_by_two_names_is_refused(way: Way, project: str, version: str, says: str) -> None:
    opinion = RULE.judge(facts(way=way, says=stated(project, version)), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert opinion.reason == f"{FILENAME}: {says}"


def test_all_that_differs_is_said() -> None:
    opinion = RULE.judge(facts(says=stated("other", "2.0")), now=NOON)

    assert opinion.reason.count(";") == 1


def test_metadata_that_nobody_read_is_held() -> None:
    assert RULE.judge(facts(says=None), now=NOON).verdict is Verdict.HOLD


def test_metadata_that_tells_nothing_is_refused_with_its_reason() -> None:
    opinion = RULE.judge(facts(says=NotStated("demo: Version is there twice")), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert opinion.reason == "demo: Version is there twice"


def test_a_file_name_that_is_none_is_refused() -> None:
    assert RULE.judge(facts(filename="demo.exe"), now=NOON).verdict is Verdict.REFUSE


@pytest.mark.parametrize(
    ("page", "own", "verdict"),
    [
        (None, None, Verdict.ADMIT),
        (None, ">=3.9", Verdict.ADMIT),
        ("", ">=3.9", Verdict.ADMIT),
        (">=3.9", ">=3.9", Verdict.ADMIT),
        ("<4,>=3.9", ">= 3.9, <4", Verdict.ADMIT),
        (">=3.9.0", ">=3.9", Verdict.ADMIT),
        (">=3.9", None, Verdict.REFUSE),
        (">=3.9", ">=3.10", Verdict.REFUSE),
        (">=3.9", ">=3.9,<4", Verdict.REFUSE),
        ("three", ">=3.9", Verdict.REFUSE),
    ],
)
def test_a_page_that_names_other_pythons_than_the_file_is_refused(
    page: str | None, own: str | None, verdict: Verdict
) -> None:
    given = facts(file=listed(requires_python=page), says=stated(requires_python=own))

    assert RULE.judge(given, now=NOON).verdict is verdict


@pytest.mark.parametrize(
    ("offered", "verdict"),
    [
        pytest.param(None, Verdict.ADMIT, id="not-offered"),
        pytest.param("", Verdict.ADMIT, id="offered-without-a-digest"),
        pytest.param(METADATA_DIGEST, Verdict.ADMIT, id="the-same"),
        pytest.param("6" * 64, Verdict.REFUSE, id="another"),
    ],
)
def test_metadata_beside_the_file_is_the_metadata_inside(offered: str | None, verdict: Verdict) -> None:
    """What was resolved by it would else be something other than what is installed."""
    assert RULE.judge(facts(file=listed(metadata_digest=offered)), now=NOON).verdict is verdict

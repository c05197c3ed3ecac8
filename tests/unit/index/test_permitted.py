"""What policy does not admit is not there to be chosen, and it is known what that was."""

from collections.abc import Callable, Mapping

import pytest

from feedgate.index.permitted import Permitted
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.index import ProjectPage
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import MemoryIndex, stocked_wheel

DEMO, PART = parse_project_name("demo"), parse_project_name("part")
STOCKED = [stocked_wheel(name, version) for name in ("demo", "part") for version in ("1.0", "2.0", "3.0")]
BY_VERSION = {"1.0": Verdict.ADMIT, "2.0": Verdict.HOLD, "3.0": Verdict.REFUSE}

Judge = Callable[[ProjectPage], Mapping[str, Decision] | None]


def decision(verdict: Verdict) -> Decision:
    return Decision("ours", (Opinion("says", verdict, f"says {verdict}"),))


def by_version(page: ProjectPage) -> Mapping[str, Decision]:
    return {file.filename: decision(BY_VERSION[str(file.stem.version)]) for file in page.files}


def permitted(gravest: Verdict = Verdict.ADMIT, judge: Judge = by_version) -> Permitted:
    return Permitted(MemoryIndex.of(STOCKED), judge, gravest)


async def versions(index: Permitted, name: str = "demo") -> list[str]:
    return [str(file.stem.version) for file in (await index.page(parse_project_name(name))).files]


@pytest.mark.parametrize(
    ("gravest", "shown"),
    [
        (Verdict.ADMIT, ["1.0"]),
        (Verdict.HOLD, ["1.0", "2.0"]),
        (Verdict.REFUSE, ["1.0", "2.0", "3.0"]),
    ],
)
async def test_what_is_graver_than_may_be_is_not_there_and_is_known_with_its_decision(
    gravest: Verdict, shown: list[str]
) -> None:
    index = permitted(gravest)

    assert await versions(index) == shown

    hidden = {f"demo-{version}-py3-none-any.whl" for version in BY_VERSION if version not in shown}
    assert {filename for page in index.hidden.values() for filename in page} == hidden
    assert all(one.verdict.rank > gravest.rank for page in index.hidden.values() for one in page.values())


async def test_only_pages_that_were_asked_for_tell_what_is_hidden() -> None:
    index = permitted()
    await index.page(PART)

    assert set(index.hidden) == {PART}


async def test_a_page_s_validator_changes_with_what_is_shown_of_it() -> None:
    source = await MemoryIndex.of(STOCKED).page(DEMO)
    pages = {gravest: await permitted(gravest).page(DEMO) for gravest in Verdict}

    assert len({page.validator for page in pages.values()}) == len(Verdict)
    assert pages[Verdict.REFUSE] == source
    assert await permitted().page(DEMO) == pages[Verdict.ADMIT]


async def test_other_decisions_on_as_many_files_make_another_validator() -> None:
    def turned(page: ProjectPage) -> Mapping[str, Decision]:
        verdicts = {"1.0": Verdict.HOLD, "2.0": Verdict.ADMIT, "3.0": Verdict.HOLD}
        return {file.filename: decision(verdicts[str(file.stem.version)]) for file in page.files}

    first, second = await permitted().page(DEMO), await permitted(judge=turned).page(DEMO)

    assert len(first.files) == len(second.files)
    assert first.validator != second.validator


async def test_where_nothing_is_judged_the_page_is_the_source_s_own() -> None:
    index = permitted(judge=lambda _page: None)

    assert await index.page(DEMO) == await MemoryIndex.of(STOCKED).page(DEMO)
    assert index.hidden == {}


async def test_a_file_without_a_decision_is_not_shown_whatever_may_be() -> None:
    index = permitted(Verdict.REFUSE, judge=lambda _page: {})

    assert await versions(index) == []


async def test_single_names_may_be_shown_with_more() -> None:
    index = permitted().widened([PART], Verdict.HOLD)

    assert await versions(index, "demo") == ["1.0"]
    assert await versions(index, "part") == ["1.0", "2.0"]
    assert set(index.hidden[PART]) == {"part-3.0-py3-none-any.whl"}

"""A newer version that was not taken, although all that was asked for admits it, is named with the rule."""

from collections.abc import Sequence

import pytest
from packaging.specifiers import SpecifierSet

from feedgate.errors import FeedgateError
from feedgate.index.admitting import LeftOut
from feedgate.intake.passed_over import Chosen, kept_back, passed_over, without_sources_of
from feedgate.model.distribution import Distribution
from feedgate.model.index import NoSuchProject
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.target import parse_target
from tests.doubles.memory_index import MemoryIndex, Stocked

LINUX = parse_target("3.11.5@x86_64-manylinux_2_28")
DEMO, PART = ProjectName("demo"), ProjectName("part")


def files(*names: str) -> list[Distribution]:
    return [Distribution(name, None) for name in names]


def index(*listed: Distribution) -> MemoryIndex:
    return MemoryIndex.of(
        Stocked(parse_project_name(file.filename.split("-")[0]), file, b"", None) for file in listed
    )


def pin(version: str = "1.0", name: ProjectName = DEMO) -> Pin:
    return Pin(name, version, Distribution(f"{name}-{version}-py3-none-any.whl", None))


def fact(filename: str, rule: str = "upload-time") -> LeftOut:
    return LeftOut(filename, rule, "a fact is missing")


async def passed(
    *listed: Distribution,
    specifiers: Sequence[str] = (),
    pre: bool = False,
    pinned: str = "1.0",
    left_out: Sequence[LeftOut] = (),
) -> list[tuple[str, str]]:
    """Return version and rule of what was passed over for a pin of demo."""
    chosen = Chosen(LINUX, {DEMO: pin(pinned)}, {DEMO: [SpecifierSet(one) for one in specifiers]}, pre)
    found = await passed_over(index(pin(pinned).file, *listed), chosen, {DEMO: left_out})
    return [(one.version, one.rule) for one in found]


# ------------------------------------------------------------------ only source


async def test_the_newest_that_was_passed_over_is_named_with_target_and_reason() -> None:
    chosen = Chosen(LINUX, {DEMO: pin()}, {}, allow_prereleases=False)
    listed = index(pin().file, *files("demo-1.5.tar.gz", "demo-2.0.tar.gz", "demo-1.9.tar.gz"))

    found = await passed_over(listed, chosen, {})

    assert found == (PassedOver(DEMO, "2.0", str(LINUX), "source", f"demo 2.0 has only source for {LINUX}"),)


async def test_each_pin_is_looked_at_in_the_order_of_names() -> None:
    chosen = Chosen(LINUX, {PART: pin(name=PART), DEMO: pin()}, {}, allow_prereleases=False)
    listed = index(pin().file, pin(name=PART).file, *files("part-3.0.tar.gz", "demo-2.0.tar.gz"))

    found = await passed_over(listed, chosen, {})

    assert [(one.project, one.version) for one in found] == [("demo", "2.0"), ("part", "3.0")]


async def test_where_the_newest_was_taken_nothing_is_named() -> None:
    assert await passed() == []
    assert await passed(*files("demo-0.9.tar.gz", "demo-1.0.tar.gz")) == []
    assert await passed(*files("demo-2.0.tar.gz", "demo-2.0-py3-none-any.whl")) == []


@pytest.mark.parametrize(
    ("specifiers", "expected"),
    [
        pytest.param([], ["2.0"], id="nothing-is-said"),
        pytest.param(["<=2.0"], ["2.0"], id="to-and-with-the-newest"),
        pytest.param(["<2.0"], ["1.5"], id="below-the-newest"),
        pytest.param(["<2.0", "!=1.5"], [], id="by-several-together"),
        pytest.param([">=1.0", "<2.0"], ["1.5"], id="by-request-and-closure"),
        pytest.param(["==1.0"], [], id="pinned-by-the-request"),
    ],
)
async def test_only_what_all_that_was_asked_for_admits_is_named(
    specifiers: list[str], expected: list[str]
) -> None:
    found = await passed(*files("demo-1.5.tar.gz", "demo-2.0.tar.gz"), specifiers=specifiers)

    assert found == [(version, "source") for version in expected]


async def test_a_pre_release_counts_where_pre_releases_may_be_taken() -> None:
    listed = files("demo-1.5.tar.gz", "demo-3.0rc2.tar.gz")

    assert await passed(*listed) == [("1.5", "source")]
    assert await passed(*listed, pre=True) == [("3.0rc2", "source")]
    assert await passed(*listed, pre=True, specifiers=["<4"]) == [("3.0rc2", "source")]
    assert await passed(*listed, pinned="3.0rc1") == [("3.0rc2", "source")]


# ------------------------------------------------------------------ missing facts


async def test_what_a_missing_fact_kept_out_is_named_by_its_own_rule_with_its_reason() -> None:
    chosen = Chosen(LINUX, {DEMO: pin()}, {}, allow_prereleases=False)
    name = "demo-2.0-py3-none-any.whl"

    found = await passed_over(index(pin().file), chosen, {DEMO: [fact(name)], PART: [fact("part-9.whl")]})

    assert found == (PassedOver(DEMO, "2.0", str(LINUX), "upload-time", f"{name}: a fact is missing"),)


@pytest.mark.parametrize(
    "filename",
    [
        pytest.param("demo-2.5-cp311-cp311-win_amd64.whl", id="for-another-machine"),
        pytest.param("demo-2.5.tar.gz", id="source"),
        pytest.param("demo-0.5-py3-none-any.whl", id="older"),
        pytest.param("demo-1.0-py3-none-any.whl", id="the-pin-itself"),
        pytest.param("demo-2.5rc1-py3-none-any.whl", id="a-pre-release"),
        pytest.param("odd name.whl", id="no-file-name"),
    ],
)
async def test_a_file_that_would_not_have_been_taken_anyway_is_not_named(filename: str) -> None:
    assert await passed(left_out=[fact(filename)]) == []


async def test_of_each_rule_the_newest_is_named() -> None:
    left_out = [
        fact("demo-2.0-py3-none-any.whl"),
        fact("demo-2.2-py3-none-any.whl"),
        fact("demo-2.1-py3-none-any.whl"),
        fact("demo-1.1-py3-none-any.whl", "requires-python"),
    ]

    found = await passed(*files("demo-3.0.tar.gz"), left_out=left_out)

    assert found == [("3.0", "source"), ("2.2", "upload-time"), ("1.1", "requires-python")]


# ------------------------------------------------------------------ faults


async def test_a_page_that_can_not_be_read_is_no_proof_that_nothing_is_newer() -> None:
    listed = index(pin().file)
    fault: FeedgateError = NoSuchProject(DEMO, index="memory")
    listed.faults[DEMO] = fault

    with pytest.raises(NoSuchProject):
        await passed_over(listed, Chosen(LINUX, {DEMO: pin()}, {}, allow_prereleases=False), {})


async def test_a_version_that_was_asked_for_and_fits_itself_is_kept_back_by_what_it_needs() -> None:
    chosen = Chosen(LINUX, {DEMO: pin("1.0")}, {DEMO: [SpecifierSet("<4")]}, allow_prereleases=False)
    listed = index(
        pin("1.0").file,
        *files(
            "demo-2.0-py3-none-any.whl",
            "demo-3.0-cp312-cp312-win_amd64.whl",
            "demo-3.1.tar.gz",
            "demo-4.0-py3-none-any.whl",
        ),
    )
    hidden = {"part-2.0-py3-none-any.whl": "too new"}

    found = await kept_back(listed, chosen, [DEMO, PART], hidden)

    assert [(one.project, one.version, one.rule) for one in found] == [(DEMO, "2.0", "destination")]
    assert await kept_back(listed, chosen, [DEMO], {}) == ()


def test_a_release_whose_wheels_the_destination_does_not_take_has_not_only_source() -> None:
    entries = [
        PassedOver(DEMO, version, str(LINUX), rule, "")
        for version, rule in (("2.0", "source"), ("2.0", "destination"), ("3.0", "source"))
    ]

    kept = without_sources_of(entries, {"demo-2.0-py3-none-any.whl": "too new"})

    assert [(one.version, one.rule) for one in kept] == [("2.0", "destination"), ("3.0", "source")]

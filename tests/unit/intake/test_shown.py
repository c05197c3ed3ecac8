"""A hold pass holds as little as can be: names that have nothing else, and of all others none that could be left out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import pytest

from feedgate.intake.asked import Asked, Words, words
from feedgate.intake.shown import Shown, closed_names, kept_out, solve_showing, with_fewest_held
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.names import ProjectName
from feedgate.model.run import Failed, RunKind
from feedgate.model.target import parse_target
from tests.doubles.memory_index import Facts, MemoryIndex, stocked_wheel

TARGET = parse_target("3.11.7@x86_64-manylinux_2_28")
A, B, C = map(ProjectName, "abc")
NO_WAY = Failed("unsolvable", "no")

Held = frozenset[ProjectName]


@dataclass
class Scripted:
    """Solves where ``solves`` says so of the names that are shown (None = all), and remembers what was shown."""

    solves: Callable[[Collection[ProjectName] | None], Held | None]
    asked: list[Shown] = field(default_factory=list)

    async def __call__(self, shown: Shown) -> Held | Failed:
        self.asked.append(shown)
        found = self.solves(None if shown.gravest is Verdict.HOLD else shown.names)
        return NO_WAY if found is None else found


def names(*each: ProjectName) -> Held:
    return frozenset(each)


async def test_what_has_nothing_else_is_shown_and_nothing_besides() -> None:
    attempt = Scripted(lambda shown: names(A) if shown == names(A) else None)

    async def closed() -> Held:
        return names(A)

    assert await solve_showing(attempt, closed, Verdict.HOLD, Verdict.ADMIT) == names(A)
    assert attempt.asked == [Shown(Verdict.ADMIT, names(A), Verdict.HOLD)]


async def test_names_that_are_met_on_the_way_are_shown_too() -> None:
    met = [names(A), names(B), names(B)]
    attempt = Scripted(lambda shown: names(A, B) if shown == names(A, B) else None)

    async def closed() -> Held:
        return met.pop(0)

    assert await solve_showing(attempt, closed, Verdict.HOLD, Verdict.ADMIT) == names(A, B)
    assert [shown.names for shown in attempt.asked] == [names(A), names(A, B)]


@pytest.mark.parametrize("first", [names(), names(A)])
async def test_where_that_is_too_little_everything_is_shown(first: Held) -> None:
    attempt = Scripted(lambda shown: names(C) if shown is None else None)

    async def closed() -> Held:
        return first

    assert await solve_showing(attempt, closed, Verdict.HOLD, Verdict.ADMIT) == names(C)
    assert attempt.asked[-1] == Shown(Verdict.HOLD)
    assert len(attempt.asked) == 1 + len(first)


async def test_what_can_not_be_solved_at_all_ends() -> None:
    attempt = Scripted(lambda _shown: None)

    async def closed() -> Held:
        return names(A)

    assert await solve_showing(attempt, closed, Verdict.HOLD, Verdict.ADMIT) is NO_WAY
    assert len(attempt.asked) == 2


def needing(*needed: ProjectName) -> Scripted:
    def solves(shown: Collection[ProjectName] | None) -> Held | None:
        assert shown is not None
        return frozenset(shown) if set(needed) <= set(shown) else None

    return Scripted(solves)


@pytest.mark.parametrize("needed", [(A,), (B,), (C,), (A, C), (A, B, C)])
async def test_only_what_is_needed_stays_held(needed: tuple[ProjectName, ...]) -> None:
    found = await with_fewest_held(names(A, B, C), needing(*needed), lambda held: held)

    assert found == names(*needed)


async def test_one_that_is_held_is_no_more_to_be_asked_about() -> None:
    attempt = needing(A)

    assert await with_fewest_held(names(A), attempt, lambda held: held) == names(A)
    assert attempt.asked == []


async def test_a_choice_of_very_many_held_names_is_not_narrowed_for_ever() -> None:
    many = frozenset(ProjectName(f"name-{number}") for number in range(500))
    attempt = needing(*many)

    assert await with_fewest_held(many, attempt, lambda held: held) == many
    assert len(attempt.asked) < 20


def asking(*requirements: str) -> Words:
    return words(Asked(RunKind.ADD, requirements), TARGET, TARGET.python)


def verdict(of: Verdict, rule: str = "says") -> Decision:
    return Decision("ours", (Opinion(rule, of, f"a-2.0-py3-none-any.whl: {of}"),))


@pytest.mark.parametrize(
    ("requirement", "is_closed"),
    [("a", False), ("a>=2", True), ("a<2", False), ("b", False), ("a==3.*", True)],
)
async def test_a_name_is_closed_where_what_is_left_is_not_what_was_asked_for(
    requirement: str, is_closed: bool
) -> None:
    index = MemoryIndex.of([stocked_wheel("a", "1.0"), stocked_wheel("a", "2.0")])
    hidden: Mapping[ProjectName, Mapping[str, Decision]] = {
        A: {"a-2.0-py3-none-any.whl": verdict(Verdict.HOLD)}
    }

    found = await closed_names(index, hidden, Verdict.ADMIT, asking(requirement), TARGET)

    assert found == (names(A) if is_closed else names())


async def test_what_is_left_for_another_python_or_as_source_leaves_a_name_closed() -> None:
    index = MemoryIndex.of(
        [stocked_wheel("a", "1.0", Facts(requires_python=">=3.12")), stocked_wheel("a", "2.0")]
    )
    hidden: Mapping[ProjectName, Mapping[str, Decision]] = {
        A: {"a-2.0-py3-none-any.whl": verdict(Verdict.HOLD)}
    }

    assert await closed_names(index, hidden, Verdict.ADMIT, asking("a"), TARGET) == names(A)
    assert await closed_names(index, hidden, Verdict.HOLD, asking("a"), TARGET) == names()


def test_what_is_kept_out_is_named_with_the_rule_that_decides() -> None:
    (only,) = kept_out({"a-2.0-py3-none-any.whl": verdict(Verdict.REFUSE, "advisories")})

    assert (only.filename, only.rule, only.reason) == ("a-2.0-py3-none-any.whl", "advisories", "refuse")
    assert not list(kept_out({"a-1.0-py3-none-any.whl": verdict(Verdict.ADMIT)}))

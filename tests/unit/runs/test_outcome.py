"""How outcomes are kept, and how they end a run."""

import json

import pytest

from feedgate.model.run import Again, Done, Failed, Held, Later, Outcome, Refused, RunState
from feedgate.model.target import Target, parse_target
from feedgate.runs.outcome import Ending, ending_of, from_json, to_json

ONE = parse_target("3.11@x86_64-manylinux_2_28")
OTHER = parse_target("3.12.4@aarch64-manylinux_2_28")


@pytest.mark.parametrize(
    "outcome",
    [
        Done(),
        Held("too young"),
        Refused("a licence"),
        Failed("no-proof", "it does not install"),
        Held(""),
        Again("it takes less"),
        Later("it is away"),
    ],
    ids=repr,
)
def test_an_outcome_comes_back_from_json_as_it_went(outcome: Outcome) -> None:
    assert from_json(json.loads(json.dumps(to_json(outcome)))) == outcome


@pytest.mark.parametrize(
    "body", [{}, {"outcome": "won"}, {"outcome": "held"}, {"outcome": "failed", "reason": "x"}]
)
def test_anything_else_is_no_outcome(body: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\{"):
        from_json(body)


def test_a_phase_that_is_done_everywhere_ends_nothing() -> None:
    assert ending_of([(ONE, Done()), (OTHER, Done())], several=True) is None


@pytest.mark.parametrize("outcome", [Again("it takes less"), Later("it is away")], ids=repr)
def test_what_begins_once_more_ends_nothing(outcome: Outcome) -> None:
    assert ending_of([(None, outcome)], several=False) is None


def test_a_phase_without_targets_ends_nothing() -> None:
    assert ending_of([], several=False) is None


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (Held("h"), Done(), RunState.HELD),
        (Held("h"), Refused("r"), RunState.REFUSED),
        (Refused("r"), Failed("c", "f"), RunState.FAILED),
        (Held("h"), Failed("c", "f"), RunState.FAILED),
    ],
)
def test_the_gravest_wins_in_either_order(first: Outcome, second: Outcome, state: RunState) -> None:
    for one, other in ((first, second), (second, first)):
        ending = ending_of([(ONE, one), (OTHER, other)], several=True)
        assert ending is not None
        assert ending.state is state


def test_only_the_gravest_give_their_reasons_each_with_its_target() -> None:
    outcomes: list[tuple[Target | None, Outcome]] = [
        (ONE, Failed("first", "a")),
        (None, Held("not told")),
        (OTHER, Failed("second", "b")),
    ]

    assert ending_of(outcomes, several=True) == Ending(RunState.FAILED, "first", f"{ONE}: a\n{OTHER}: b")


def test_where_there_is_one_target_it_is_not_named() -> None:
    assert ending_of([(ONE, Held("a"))], several=False) == Ending(RunState.HELD, None, "a")


def test_a_step_for_all_targets_names_none() -> None:
    assert ending_of([(None, Refused("a"))], several=True) == Ending(RunState.REFUSED, None, "a")

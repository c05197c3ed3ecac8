"""An error survives the way to the client: its kind, its code, its words."""

import json

import pytest

from feedgate import errors
from feedgate.api.bodies import ProblemBody
from feedgate.api.problem import KINDS, from_problem, kind_of, to_problem
from feedgate.errors import FeedgateError


def test_each_kind_has_a_name() -> None:
    assert set(KINDS.values()) == set(FeedgateError.__subclasses__())


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_kind_comes_back_although_statuses_are_shared(name: str, kind: type[FeedgateError]) -> None:
    class Leaf(kind):  # type: ignore[valid-type, misc]  # a leaf of each kind in turn
        code = "leaf"

    error = Leaf("demo: no", next_step="Do this.", facts={"name": "demo", "count": 2})

    back = from_problem(to_problem(error, 403).model_dump_json(), 403)

    assert kind_of(error) == name
    assert back.kind is kind
    assert (back.code, back.message, back.next_step) == ("leaf", "demo: no", "Do this.")
    assert back.facts == {"name": "demo", "count": 2}
    assert (str(back), back.status) == ("demo: no", 403)


def test_problem_details_have_their_members() -> None:
    document = json.loads(
        to_problem(errors.TooLarge("a: big", next_step="Shrink it."), 413).model_dump_json()
    )

    assert document == {
        "type": "urn:feedgate:too-large",
        "title": "Too large",
        "status": 413,
        "detail": "a: big. Next: Shrink it.",
        "error": {"code": "error", "message": "a: big", "next": "Shrink it.", "facts": {}},
    }


def test_an_error_of_no_kind_has_the_statuss_own_title() -> None:
    problem = to_problem(FeedgateError("x", next_step="y"), 500)

    assert (problem.type, problem.title) == ("about:blank", "Internal Server Error")
    assert from_problem(problem.model_dump_json(), 500).kind is FeedgateError


def test_the_text_stays_as_it_came() -> None:
    text = json.dumps(to_problem(errors.Missing("x", next_step="y"), 404).model_dump(), indent=3)

    assert from_problem(text, 404).text == text


def test_what_a_newer_server_says_more_is_left_out() -> None:
    document = json.loads(to_problem(errors.Missing("x", next_step="y"), 404).model_dump_json())
    document["instance"] = "urn:x"
    document["error"]["seen"] = 1

    assert from_problem(json.dumps(document), 404).code == "error"


@pytest.mark.parametrize(
    "body", ["", "<html>502</html>", "{}", "[]", "null", '{"error": "no"}', "\x00" * 1000]
)
def test_what_is_no_problem_of_ours_is_told_as_such(body: str) -> None:
    problem = from_problem(body, 520)

    assert (problem.code, problem.status, problem.kind) == ("unexpected-answer", 520, FeedgateError)
    assert "<html>" not in problem.message
    assert problem.message.isprintable()
    assert len(problem.message) < 300
    assert ProblemBody.model_validate_json(problem.text).error.code == "unexpected-answer"

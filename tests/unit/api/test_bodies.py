"""What a body may hold: so much, and no more, and nothing that a terminal would obey."""

from typing import Any

import pytest
from pydantic import ValidationError

from feedgate.api.bodies import Body, FeedChange, FeedCreation, ProjectChange, TokenCreation, YankBody
from feedgate.api.run_bodies import NamedText, RunCreation

TEN_YEARS_SECONDS = 10 * 366 * 86400
FILE = {"name": "request.txt", "kind": "requirements", "text": "demo\n"}


def problems(model: type[Body], body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return member and type of each error that ``body`` has."""
    try:
        model.model_validate(body)
    except ValidationError as error:
        return [(".".join(map(str, one["loc"])), one["type"]) for one in error.errors()]
    return []


@pytest.mark.parametrize(
    ("member", "one", "most"),
    [
        pytest.param("targets", "3.11@x86_64-manylinux_2_28", 64, id="targets"),
        pytest.param("requirements", "demo", 1000, id="requirements"),
        pytest.param("files", FILE, 100, id="files"),
    ],
)
def test_a_request_names_so_many_and_no_more(member: str, one: object, most: int) -> None:
    assert problems(RunCreation, {member: [one] * most}) == []
    assert problems(RunCreation, {member: [one] * (most + 1)}) == [(member, "too_long")]
    assert problems(RunCreation, {member: [one] * (most * 20)}) == [(member, "too_long")]


@pytest.mark.parametrize(
    ("model", "body"), [(RunCreation, {}), (YankBody, {})], ids=["why-it-is-asked-for", "why-it-is-yanked"]
)
def test_a_reason_is_no_longer_than_people_read(model: type[Body], body: dict[str, Any]) -> None:
    assert problems(model, {**body, "reason": "é" * 1000}) == []
    assert problems(model, {**body, "reason": "é" * 1001}) == [("reason", "string_too_long")]


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x00", id="nul"),
        pytest.param("\n", id="new-line"),
        pytest.param("\r", id="carriage-return"),
        pytest.param("\t", id="tab"),
        pytest.param("\x1b", id="escape"),
        pytest.param("\x1f", id="the-last-control-character"),
        pytest.param("\x7f", id="delete"),
        pytest.param("\x85", id="next-line"),
        pytest.param("\x9b", id="c1-introducer"),
        pytest.param("\u200e", id="left-to-right-mark"),
        pytest.param("\u200f", id="right-to-left-mark"),
        pytest.param("\u2028", id="line-separator"),
        pytest.param("\u202e", id="right-to-left-override"),
        pytest.param("\u2066", id="isolate"),
        pytest.param("\u2069", id="end-of-isolate"),
    ],
)
@pytest.mark.parametrize("model", [RunCreation, YankBody])
def test_a_reason_holds_nothing_that_a_terminal_would_obey(model: type[Body], character: str) -> None:
    for reason in (character, f"it is {character} broken", f"broken{character}"):
        assert problems(model, {"reason": reason}) == [("reason", "string_pattern_mismatch")]


@pytest.mark.parametrize(
    "reason", ["", " ", "it's <b>broken</b>", "kaputt, für immer", "壊れた", "😀", "\xa0"]
)
def test_a_reason_may_be_in_any_language(reason: str) -> None:
    assert problems(RunCreation, {"reason": reason}) == []
    assert problems(YankBody, {"reason": reason}) == []


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1, []),
        (TEN_YEARS_SECONDS, []),
        (None, []),
        (0, ["greater_than"]),
        (-1, ["greater_than"]),
        (TEN_YEARS_SECONDS + 1, ["less_than_equal"]),
        (10**400, ["less_than_equal"]),
        (1.5, ["int_from_float"]),
    ],
)
def test_a_token_lives_from_a_second_to_ten_years_or_for_ever(
    seconds: float | None, expected: list[str]
) -> None:
    found = problems(TokenCreation, {"expires_in_seconds": seconds})

    assert [kind for _member, kind in found] == expected


def test_a_life_that_is_left_out_is_told_from_one_without_end() -> None:
    """Left out is the server's default; null is for ever: a client must be able to say either."""
    left_out = TokenCreation.model_validate({})
    for_ever = TokenCreation.model_validate({"expires_in_seconds": None})

    assert "expires_in_seconds" not in left_out.model_fields_set
    assert "expires_in_seconds" in for_ever.model_fields_set
    assert "default" not in TokenCreation.model_json_schema()["properties"]["expires_in_seconds"]


@pytest.mark.parametrize(
    ("model", "body", "expected"),
    [
        (NamedText, {**FILE, "kind": "script"}, ("kind", "literal_error")),
        (NamedText, {"name": "request.txt", "kind": "lock"}, ("text", "missing")),
        (RunCreation, {"kind": "publish"}, ("kind", "literal_error")),
        (RunCreation, {"targets": "3.11@x86_64-manylinux_2_28"}, ("targets", "list_type")),
        (FeedCreation, {"organization": "acme"}, ("feed", "missing")),
        (FeedChange, {"uploads": "anything"}, ("uploads", "enum")),
        (ProjectChange, {}, ("upstream", "missing")),
        (TokenCreation, {"scope": "all"}, ("scope", "enum")),
    ],
)
def test_a_member_is_of_its_kind_or_named(
    model: type[Body], body: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(model, body) == [expected]


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (FeedCreation, {"organization": "acme", "feed": "team"}),
        (FeedChange, {}),
        (ProjectChange, {"upstream": None}),
        (RunCreation, {}),
        (TokenCreation, {}),
        (YankBody, {}),
        (NamedText, FILE),
    ],
)
def test_a_member_that_nobody_knows_is_refused_and_not_passed_over(
    model: type[Body], body: dict[str, Any]
) -> None:
    assert problems(model, body) == []
    assert problems(model, {**body, "polcy": "strict"}) == [("polcy", "extra_forbidden")]

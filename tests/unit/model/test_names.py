"""A string becomes a name, a feed or a version at the door, once, however it was spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.model.names import (
    FeedPath,
    InvalidFeedName,
    InvalidName,
    InvalidVersionText,
    parse_feed_path,
    parse_project_name,
    parse_version,
)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("demo", "demo"),
        ("Demo", "demo"),
        ("Demo.Part", "demo-part"),
        ("demo__part", "demo-part"),
        ("demo-_.part", "demo-part"),
        ("A", "a"),
        ("7zip", "7zip"),
    ],
)
def test_every_spelling_is_one_name(raw: str, name: str) -> None:
    assert parse_project_name(raw) == name


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "-demo",
        "demo-",
        "_demo",
        ".demo",
        "de mo",
        "demo\n",
        "de/mo",
        "demo@1",
        "..",
        "dem\u03bf",
        "\u212aelvin",
        "a\x00",
    ],
)
def test_what_is_no_name_is_refused(raw: str) -> None:
    with pytest.raises(InvalidName) as raised:
        parse_project_name(raw)

    assert raised.value.code == "invalid-name"
    assert len(raised.value.message) < 500


def test_a_name_of_a_million_letters_is_shown_in_part() -> None:
    with pytest.raises(InvalidName) as raised:
        parse_project_name("!" * 1_000_000)

    assert len(raised.value.message) < 200


@given(st.text())
def test_a_name_is_its_own_normal_form_or_none(raw: str) -> None:
    try:
        name = parse_project_name(raw)
    except InvalidName:
        return
    assert parse_project_name(name) == name
    assert name.isascii()
    assert name == name.lower()


@pytest.mark.parametrize(
    ("raw", "organization", "feed"),
    [
        ("acme/pip-feed", "acme", "pip-feed"),
        ("Acme/Pip.Feed_1", "Acme", "Pip.Feed_1"),
        ("a/b", "a", "b"),
        ("Köln/Maße", "Köln", "Maße"),
        ("acme/api", "acme", "api"),
        ("api-team/feed", "api-team", "feed"),
        (f"{'a' * 64}/{'b' * 64}", "a" * 64, "b" * 64),
    ],
)
def test_a_feed_is_an_organization_and_a_name(raw: str, organization: str, feed: str) -> None:
    path = parse_feed_path(raw)

    assert path == FeedPath(organization, feed)
    assert str(path) == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("acme", "slash"),
        ("", "slash"),
        ("/feed", "1 to 64"),
        ("acme/", "1 to 64"),
        (f"acme/{'b' * 65}", "1 to 64"),
        ("acme/project/feed", "'/'"),
        ("acme/_feed", "begins with"),
        ("acme/.feed", "begins with"),
        ("acme/-feed", "begins with"),
        ("acme/feed.", "end with"),
        ("acme/fe ed", "' '"),
        ("acme/fe\u00a0ed", "may not stand"),
        ("acme/feed\n", "may not stand"),
        ("acme/fe\u202eed", "may not stand"),
        ("acme/feed@Local", "'@'"),
        ("acme/fe%2Fed", "'%'"),
        ("a:c/feed", "':'"),
        ("api/feed", "'api' is where the server's own API answers"),
        ("API/feed", "'API' is where"),
    ],
)
def test_what_azure_or_we_would_not_take_is_no_feed(raw: str, reason: str) -> None:
    with pytest.raises(InvalidFeedName) as raised:
        parse_feed_path(raw)

    assert reason in raised.value.message


def test_two_spellings_of_a_feed_have_one_key() -> None:
    assert parse_feed_path("ACME/Maße").key == parse_feed_path("acme/MASSE").key
    assert parse_feed_path("acme/a").key != parse_feed_path("acme/b").key


@pytest.mark.parametrize("raw", ["1.0", "1.0.0rc1", "2!1.0.post1.dev3+local.7", "v1", " 1.0 "])
def test_a_version_is_one_of_pep_440(raw: str) -> None:
    assert str(parse_version(raw))


@pytest.mark.parametrize("raw", ["", "one", "1.0-x", "1..0", "==1.0", "1" * 256, "1" * 5_000])
def test_what_is_no_version_is_refused_even_where_python_itself_gives_up(raw: str) -> None:
    with pytest.raises(InvalidVersionText):
        parse_version(raw)

import orjson
import pytest

from feedgate.formats import simple_html, simple_json
from feedgate.formats.project_names import sort_names
from feedgate.model.index import BadPage
from feedgate.model.names import parse_project_name

NAMES = tuple(parse_project_name(name) for name in ("acme-core", "demo", "zope-interface"))


def test_what_is_written_is_read_again_in_both_forms() -> None:
    assert simple_json.parse_names(simple_json.render_names(NAMES)) == NAMES
    assert simple_html.parse_names(simple_html.render_names(NAMES), content_type=None) == NAMES


def test_names_come_normalized_sorted_and_once() -> None:
    assert sort_names(["zope.interface", "Demo", "demo", "ACME_core"]) == NAMES


@pytest.mark.parametrize("text", ["", "-demo", "../demo", "de mo", "d\u00e9mo", "demo\n", "Parent Directory"])
def test_what_is_no_name_is_left_out(text: str) -> None:
    assert sort_names([text, "demo"]) == ("demo",)


@pytest.mark.parametrize("entry", [None, 1, "demo", [], {}, {"name": None}, {"name": 1}])
def test_an_entry_without_a_name_is_left_out(entry: object) -> None:
    body = orjson.dumps({"meta": {"api-version": "1.0"}, "projects": [entry, {"name": "demo"}]})

    assert simple_json.parse_names(body) == ("demo",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"projects": {}}',
        b'{"meta": {"api-version": "2.0"}, "projects": []}',
    ],
)
def test_json_that_is_no_list_is_a_bad_page(body: bytes) -> None:
    with pytest.raises(BadPage, match="the list of projects"):
        simple_json.parse_names(body)


def test_html_of_another_major_version_is_a_bad_page() -> None:
    body = b'<meta name="pypi:repository-version" content="2.0"><a href="demo/">demo</a>'

    with pytest.raises(BadPage, match="the list of projects"):
        simple_html.parse_names(body, content_type="text/html")

import pytest

from feedgate.inspectors.paths import folded, is_unprintable, leads_outside, plain, shown, target_outside


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../up.py", "demo/../../up.py", "demo/..", "demo\\x.py", "C:/x.py", "c:x.py", "//host/x"],
)
def test_a_path_that_could_leave_its_folder_leads_outside(path: str) -> None:
    assert leads_outside(path)


@pytest.mark.parametrize("path", ["demo/x.py", "demo/..x", "demo/x..", "./demo/x.py", "demo/a:b", "...", "a"])
def test_dots_and_colons_inside_a_name_do_not_lead_outside(path: str) -> None:
    assert not leads_outside(path)


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "demo/../../x", "../x", "C:/x", "demo\\x"])
def test_a_link_out_of_the_archive_is_known_by_where_it_ends(target: str) -> None:
    assert target_outside(target)


@pytest.mark.parametrize("target", ["demo/x", "demo/../x", "demo/a/../../x", "..x"])
def test_a_link_may_climb_as_long_as_it_stays_inside(target: str) -> None:
    assert not target_outside(target)


@pytest.mark.parametrize("path", ["", "a\0b", "a\nb", "a\x7f", "a\u202eb", "a\udc80b", "é\r"])
def test_what_hides_a_path_is_unprintable(path: str) -> None:
    assert is_unprintable(path)


@pytest.mark.parametrize("path", ["demo/x y (dev).tmpl", "demo/é.txt", "demo/中.txt", "demo/👩\u200d💻.txt"])
def test_letters_of_any_script_are_printable(path: str) -> None:
    assert not is_unprintable(path)


def test_a_path_stands_in_a_sentence_on_one_line_and_not_for_ever() -> None:
    assert shown("demo/x.py") == "demo/x.py"
    assert shown("a\nb\x1b[31m\u202e\udc80") == "a\\nb\\x1b[31m\\u202e\\udc80"
    assert shown("x" * 200) == "x" * 200
    assert shown("x" * 201) == "x" * 200 + "…"


def test_two_spellings_of_one_path_meet() -> None:
    assert plain("./demo//x.py") == plain("demo/./x.py") == "demo/x.py"
    assert folded("Demo/X.py") == folded("demo/x.PY")
    assert folded("STRASSE") != folded("demo")
    assert folded("straße") == folded("STRASSE")
    assert folded("e\u0301") == folded("\u00e9")

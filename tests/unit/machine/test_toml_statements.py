import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.machine.toml_statements import (
    Bare,
    BrokenToml,
    Value,
    append_table,
    array_of_tables,
    comment_out,
    leaves,
    parse_statements,
    texts,
)

FILE = Path("uv.toml")

FULL = """\
# a comment
index-url = "https://a.example/simple/" # why
"quoted key" = 'literal \\ text'
many = [
  "one", # with a comment
  'two',
]
[pip]
extra-index-url = ["x"]
no-index = true
deep.er = { a = 1, b.c = "d", e = [{f = "g"}] }
[[index]]
name = "one"
url = "https://one.example/"
[index.settings]
api = "max-age=600"
[[index]]
url = '''https://two.example/'''
[tool . "un usual" . x]
when = 1979-05-27 07:32:00
text = \"\"\"
first \\
   second "quoted\"\"\"\"
"""


def as_tree(value: Value) -> Any:
    if isinstance(value, Bare):
        return tomllib.loads(f"x = {value}")["x"]
    if isinstance(value, list):
        return [as_tree(inner) for inner in value]
    if isinstance(value, dict):
        return {key: as_tree(inner) for key, inner in value.items()}
    return value


def test_every_form_is_read() -> None:
    statements = parse_statements(FILE, FULL)

    read = {".".join(s.path): as_tree(s.value) for s in statements if s.key}
    assert read["index-url"] == "https://a.example/simple/"
    assert read["quoted key"] == "literal \\ text"
    assert read["many"] == ["one", "two"]
    assert read["pip.extra-index-url"] == ["x"]
    assert read["pip.no-index"] is True
    assert read["pip.deep.er"] == {"a": 1, "b.c": "d", "e": [{"f": "g"}]}
    assert read["tool.un usual.x.text"] == 'first second "quoted"'
    assert (read["tool.un usual.x.text"],) == (tomllib.loads(FULL)["tool"]["un usual"]["x"]["text"],)
    assert read["tool.un usual.x.when"].year == 1979


def test_a_statement_knows_its_lines() -> None:
    lines = {".".join(s.path): (s.first, s.last) for s in parse_statements(FILE, FULL) if s.key}

    assert lines["index-url"] == (1, 1)
    assert lines["many"] == (3, 6)
    assert lines["tool.un usual.x.text"] == (20, 22)


def test_the_tables_of_an_array_are_told_apart() -> None:
    first, second = array_of_tables(parse_statements(FILE, FULL), ("index",))

    assert (first.text("name"), first.text("url")) == ("one", "https://one.example/")
    assert (second.text("name"), second.text("url")) == ("", "https://two.example/")
    assert [s.first for s in first.statements] == [11, 12, 13, 14, 15]


def test_the_tables_of_a_list_are_found_too() -> None:
    text = 'index = [{url = "a"}, {url = "b", default = true}, 3]\ntool = {uv = {index = [{url = "c"}]}}\n'
    statements = parse_statements(FILE, text)

    assert [table.text("url") for table in array_of_tables(statements, ("index",))] == ["a", "b"]
    assert [table.text("url") for table in array_of_tables(statements, ("tool", "uv", "index"))] == ["c"]


def test_a_value_that_is_no_text_is_none() -> None:
    (table,) = array_of_tables(parse_statements(FILE, "index = [{url = ['a']}]"), ("index",))

    assert table.text("url") == ""


def test_values_in_tables_within_a_line_have_their_whole_name() -> None:
    text = 'pip = {index-url = "a", x.y = "b"}\n[pip]\nno-index = true\n'

    assert [(path, value) for path, value, _ in leaves(parse_statements(FILE, text))] == [
        (("pip", "index-url"), "a"),
        (("pip", "x", "y"), "b"),
        (("pip", "no-index"), "true"),
    ]


def test_texts_are_found_however_deep() -> None:
    assert texts([Bare("1"), "a", {"x": ["b", ""]}]) == ["1", "a", "b"]


def test_statements_become_comments_and_all_else_stays() -> None:
    gone = [s for s in parse_statements(FILE, FULL) if s.path[0] in ("many", "index")]

    after = comment_out(FULL, gone)

    assert [line.removeprefix("# ") for line in after.splitlines()[1:]] == FULL.splitlines()[1:]
    assert "index" not in tomllib.loads(after)
    assert "many" not in tomllib.loads(after)
    assert tomllib.loads(after)["pip"] == tomllib.loads(FULL)["pip"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[[index]]\nu = 1\n"),
        ("a = 1\n", "a = 1\n\n[[index]]\nu = 1\n"),
        ("a = 1", "a = 1\n\n[[index]]\nu = 1\n"),
        ("a = 1\r\n", "a = 1\r\n\r\n[[index]]\r\nu = 1\r\n"),
        ("index = []\n[pip]\n", "# index = []\n[pip]\n\n[[index]]\nu = 1\n"),
        ("[[index]]\nu = 0\n", "[[index]]\nu = 0\n\n[[index]]\nu = 1\n"),
    ],
    ids=["empty", "after-a-key", "no-line-end", "crlf", "empty-list", "another-table"],
)
def test_a_table_is_added_at_the_end(before: str, after: str) -> None:
    assert append_table(FILE, before, ("index",), "[[index]]\nu = 1\n") == after
    assert tomllib.loads(after)["index"][-1] == {"u": 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", 1),
        ("a =", 1),
        ("a = 'b", 1),
        ('a = "b\nc"', 1),
        ('a = """b', 1),
        ("a = [1", 1),
        ("a = [1 2]", 1),
        ("a = {b = 1", 1),
        ("a = {b}", 1),
        ("a = {b = 1 c = 2}", 1),
        ("a = 1 b = 2", 1),
        ("ok = 1\n= 2", 2),
        ("ok = 1\n\n[a", 3),
        ("[[a]", 1),
        ("[a] b = 1", 1),
        ("a. = 1", 1),
        ('a = "\\U00FFFFFF"', 1),
    ],
)
def test_what_is_no_toml_is_named_by_line_and_not_repeated(text: str, line: int) -> None:
    with pytest.raises(BrokenToml, match=rf"uv\.toml, line {line}: not TOML"):
        parse_statements(FILE, text)


KEYS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=6)
STRINGS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)


def quoted(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else {"\\": "\\\\", '"': '\\"'}.get(c, c)
        for c in text
    )
    return f'"{escaped}"'


SCALARS = st.one_of(
    STRINGS.map(quoted),
    STRINGS.filter(lambda s: "'" not in s and s.isprintable()).map("'{}'".format),
    STRINGS.map(lambda s: '"""\n' + quoted(s)[1:-1] + '"""'),
    st.sampled_from(["true", "1", "-1_000", "3.14e-10", "inf", "0xff", "1979-05-27", "07:32:00.5"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: "[" + ", # why\n".join(values) + "]"),
        st.dictionaries(KEYS.map(quoted), inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{k} = {v}" for k, v in pairs.items()) + "}"
        ),
    ),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(
    KEYS.map(quoted), st.tuples(VALUES, st.sampled_from(["\n", " # why\n", "\r\n", "\n\n"])), max_size=5
).map(lambda pairs: "".join(f"{key} = {value}{end}" for key, (value, end) in pairs.items()))


@given(root=DOCUMENTS, table=DOCUMENTS)
def test_every_document_is_read_as_python_reads_it(root: str, table: str) -> None:
    text = f'{root}[" the table "]\n{table}'

    read = {
        statement.path: as_tree(statement.value)
        for statement in parse_statements(FILE, text)
        if statement.key
    }

    assert repr(read) == repr(
        {(key,): value for key, value in tomllib.loads(root).items()}
        | {(" the table ", key): value for key, value in tomllib.loads(table).items()}
    )

"""The command reads the files that a request names, and those inside them; the server opens no path."""

from pathlib import Path

import pytest

from feedgate.cli.request_files import FileUnreadable, read_request_files
from feedgate.formats.requirements import AddressNotAllowed, OptionNotAllowed


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command is called in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**texts: str) -> None:
    """Write files by their path, ``__`` for a slash and ``_`` for a dot."""
    for name, text in texts.items():
        path = Path(name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(*requirements: str, constraints: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return names and kinds in the order in which they are sent."""
    found = read_request_files(map(Path, requirements), map(Path, constraints))
    return [(file.name, file.kind) for file in found]


def test_a_file_is_sent_with_its_name_and_its_text() -> None:
    write(r_txt="demo # ü\n")

    [file] = read_request_files([Path("r.txt")], [])

    assert (file.name, file.kind, file.text) == ("r.txt", "requirements", "demo # ü\n")


def test_files_inside_are_found_from_the_file_that_names_them() -> None:
    write(
        a__r_txt="-r ../b/more.txt\n-c limits.txt\n",
        a__limits_txt="demo<2\n",
        b__more_txt="-r deeper/last.txt\n",
        b__deeper__last_txt="demo\n",
    )

    assert read("a/r.txt") == [
        ("a/r.txt", "requirements"),
        ("b/more.txt", "requirements"),
        ("a/limits.txt", "constraints"),
        ("b/deeper/last.txt", "requirements"),
    ]


def test_what_a_constraints_file_includes_only_constrains() -> None:
    write(c_txt="-r more.txt\n", more_txt="demo<2\n")

    assert read(constraints=("c.txt",)) == [("c.txt", "constraints"), ("more.txt", "constraints")]


def test_one_file_may_be_both() -> None:
    write(r_txt="demo\n")

    assert read("r.txt", "./r.txt", constraints=("r.txt",)) == [
        ("r.txt", "requirements"),
        ("r.txt", "constraints"),
    ]


def test_files_that_include_each_other_end() -> None:
    write(a_txt="-r b.txt\ndemo\n", b_txt="-r a.txt\n-r ./b.txt\n")

    assert read("a.txt") == [("a.txt", "requirements"), ("b.txt", "requirements")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pylock.toml", "lock"),
        ("pylock.prod.toml", "lock"),
        ("sub/pylock.toml", "lock"),
        ("my-pylock.toml", "requirements"),
        ("pylock.txt", "requirements"),
        ("requirements.toml", "requirements"),
    ],
)
def test_a_lock_is_known_by_its_name(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("# nothing\n")

    assert read(name) == [(name, kind)]


def test_an_absolute_path_is_read_too(folder: Path) -> None:
    write(sub__r_txt="-r more.txt\n", sub__more_txt="demo\n")

    path = folder / "sub" / "r.txt"
    assert read(str(path)) == [(str(path), "requirements"), (str(path.with_name("more.txt")), "requirements")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-r absent.txt\n", r"absent\.txt \(included by r\.txt:1\): can not be read: No such file"),
        ("\n-c folder\n", r"folder \(included by r\.txt:2\): can not be read: Is a directory"),
    ],
)
def test_a_file_that_can_not_be_read_is_named_with_who_named_it(folder: Path, text: str, said: str) -> None:
    (folder / "folder").mkdir()
    write(r_txt=text)

    with pytest.raises(FileUnreadable, match=said):
        read("r.txt")


def test_a_file_that_the_user_named_himself_is_named_alone(folder: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"^absent\.txt: can not be read"):
        read("absent.txt")
    (folder / "latin.txt").write_bytes(b"demo # \xfc\n")
    with pytest.raises(FileUnreadable, match="it is no UTF-8 text"):
        read("latin.txt")


@pytest.mark.parametrize(
    ("text", "error"),
    [("-r https://files.example/more.txt\n", AddressNotAllowed), ("--index-url x\n", OptionNotAllowed)],
)
def test_what_is_wrong_in_a_file_is_told_before_anything_is_sent(text: str, error: type[Exception]) -> None:
    write(r_txt="-r more.txt\n", more_txt=text)

    with pytest.raises(error, match=r"more\.txt:1"):
        read("r.txt")

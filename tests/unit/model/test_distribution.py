"""What a file name alone says, and which names are none."""

import pytest
from packaging.version import Version

from feedgate.model.distribution import Distribution, InvalidFilename, Kind, parse_filename


@pytest.mark.parametrize(
    ("filename", "project", "version", "kind"),
    [
        ("demo-1.0-py3-none-any.whl", "demo", "1.0", Kind.WHEEL),
        ("Demo_Part-1.0-1-cp311-cp311-manylinux_2_17_x86_64.whl", "demo-part", "1.0", Kind.WHEEL),
        ("demo-1.0.tar.gz", "demo", "1.0", Kind.SDIST),
        ("demo_part-1.0rc1.tar.gz", "demo-part", "1.0rc1", Kind.SDIST),
        ("demo-1.0.zip", "demo", "1.0", Kind.SDIST),
        ("demo-1!2.0+local.7-py3-none-any.whl", "demo", "1!2.0+local.7", Kind.WHEEL),
    ],
)
def test_a_name_says_project_version_and_kind(filename: str, project: str, version: str, kind: Kind) -> None:
    stem = parse_filename(filename)

    assert (stem.project, stem.version, stem.kind) == (project, Version(version), kind)
    assert Distribution(filename, None).stem == stem


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "demo",
        "demo.whl",
        "demo-1.0.exe",
        "demo-1.0.tar",
        "demo-1.0.tar.bz2",
        "demo-1.0-py3-none-any.WHL",
        "demo-one.tar.gz",
        "-1.0.tar.gz",
        "demo-1.0-py3-none-any.whl ",
        "demo-1.0-py3-none-any.whl\n",
        "demo-1.0\x00.tar.gz",
        "../demo-1.0.tar.gz",
        "a/demo-1.0.tar.gz",
        "a\\demo-1.0.tar.gz",
        "dem\u03bf-1.0.tar.gz",
        "demo-1.0\u202e.tar.gz",
        "demo-" + "1" * 300 + ".tar.gz",
    ],
)
def test_what_is_no_name_of_a_distribution_is_refused(filename: str) -> None:
    with pytest.raises(InvalidFilename) as raised:
        parse_filename(filename)

    assert raised.value.code == "invalid-filename"


@pytest.mark.parametrize("extra_characters", [0, 1])
def test_a_name_has_at_most_255_characters(extra_characters: int) -> None:
    tail = "-1.0.tar.gz"
    filename = "d" * (255 - len(tail) + extra_characters) + tail

    if extra_characters:
        with pytest.raises(InvalidFilename, match="longer than 255"):
            parse_filename(filename)
    else:
        assert parse_filename(filename).version == Version("1.0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("demo-1.0-py3-none-any.whl", "Demo-1.0.0-py3-none-any.whl"),
        ("demo-1.0-py2.py3-none-any.whl", "demo-1.0-py3.py2-none-any.whl"),
        ("de_mo-1.0.tar.gz", "De.Mo-1.tar.gz"),
    ],
)
def test_spellings_of_one_file_have_one_key(one: str, other: str) -> None:
    assert parse_filename(one).key == parse_filename(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("demo-1.0-py3-none-any.whl", "demo-1.0.1-py3-none-any.whl"),
        ("demo-1.0-py3-none-any.whl", "demo-1.0-py2-none-any.whl"),
        ("demo-1.0-py3-none-any.whl", "demo-1.0-1-py3-none-any.whl"),
        ("demo-1.0-1-py3-none-any.whl", "demo-1.0-2-py3-none-any.whl"),
        ("demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"),
        ("demo-1.0.zip", "demo-1.0.tar.gz"),
        ("demo-1.0.tar.gz", "demo-1.0rc1.tar.gz"),
        ("demo-1.0.tar.gz", "demo-1.0+a.tar.gz"),
    ],
)
def test_different_files_have_different_keys(one: str, other: str) -> None:
    assert parse_filename(one).key != parse_filename(other).key

"""What an import is asked for: one source, names and patterns that mean something, and never a secret."""

from dataclasses import replace

import pytest

from feedgate.errors import FeedgateError
from feedgate.intake.moving_in.asked import AskedImport, ListedFile, SourceNotPlain, SourceUnclear
from feedgate.model.digest import InvalidDigest
from feedgate.model.distribution import InvalidFilename
from feedgate.model.name_pattern import InvalidNamePattern
from feedgate.model.names import InvalidName, ProjectName
from feedgate.model.run import RunKind
from feedgate.outside.destination_address import InvalidDestination

INDEX = AskedImport(RunKind.IMPORT, "https://index.example/team/prod/")
FILE = ListedFile("demo-1.0.tar.gz", "a" * 64)
FOLDER = AskedImport(RunKind.IMPORT_PLAN, listed=(FILE,))


def test_it_is_read_as_it_was_written() -> None:
    asked = replace(
        INDEX, internal=("Acme_*",), names=("Demo", "de.mo"), reason="because", kind=RunKind.IMPORT_PLAN
    )

    assert AskedImport.from_text(asked.to_text()) == asked
    assert AskedImport.from_text(FOLDER.to_text()) == FOLDER


def test_names_and_patterns_are_compared_normalized() -> None:
    asked = replace(INDEX, internal=("Acme_*", "one"), names=("De.Mo", "a", "de-mo"))
    asked.check()

    assert asked.wanted == ("a", "de-mo")
    assert [asked.is_own(ProjectName(name)) for name in ("acme-core", "one", "ones", "not-acme")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_source_says_where_its_pages_should_be() -> None:
    assert INDEX.addresses.upload_url == "https://index.example/team/prod/"
    assert INDEX.addresses.read_url == "https://index.example/team/prod/+simple/"
    assert (INDEX.in_words, FOLDER.in_words) == ("https://index.example/team/prod/", "a folder")
    assert (INDEX.is_dry, FOLDER.is_dry) == (False, True)
    with pytest.raises(SourceUnclear):
        _ = FOLDER.addresses


@pytest.mark.parametrize("asked", [INDEX, FOLDER, replace(INDEX, kind=RunKind.IMPORT_PLAN)])
def test_what_is_right_passes(asked: AskedImport) -> None:
    asked.check()


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        pytest.param(replace(INDEX, source=None), SourceUnclear, id="nothing"),
        pytest.param(replace(INDEX, listed=(FILE,)), SourceUnclear, id="two-things"),
        pytest.param(replace(FOLDER, kind=RunKind.IMPORT), SourceUnclear, id="a-list-has-no-bytes"),
        pytest.param(
            replace(FOLDER, listed=(ListedFile("demo.zip.txt", "a" * 64),)), InvalidFilename, id="name"
        ),
        pytest.param(
            replace(FOLDER, listed=(ListedFile("demo-1.0.tar.gz", "A" * 64),)), InvalidDigest, id="digest"
        ),
        pytest.param(replace(INDEX, source="https://user:canary@index.example/"), SourceNotPlain, id="user"),
        pytest.param(replace(INDEX, source="https://user:can/ary@index.example/"), SourceNotPlain, id="odd"),
        pytest.param(replace(INDEX, source="file:///etc/"), SourceNotPlain, id="no-host"),
        pytest.param(replace(INDEX, source="ftp://index.example/"), InvalidDestination, id="scheme"),
        pytest.param(replace(INDEX, internal=("a b",)), InvalidNamePattern, id="pattern"),
        pytest.param(replace(INDEX, names=("_",)), InvalidName, id="project"),
    ],
)
def test_what_is_wrong_is_said_and_no_password_with_it(
    asked: AskedImport, error: type[FeedgateError]
) -> None:
    with pytest.raises(error) as raised:
        asked.check()

    assert "canary" not in f"{raised.value.message} {raised.value.next_step} {raised.value.facts}"
    assert "can/ary" not in f"{raised.value.message} {raised.value.next_step} {raised.value.facts}"

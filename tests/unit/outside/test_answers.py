"""What a status and a stranger's words mean, and how much of them is shown."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.outside.answers import (
    LONGEST_WORDS,
    Meaning,
    advice_on,
    meaning_of,
    newest_metadata_taken,
    shown,
    spoken,
)


@pytest.mark.parametrize(
    ("status", "words", "meaning"),
    [
        (200, "", Meaning.TAKEN),
        (201, "created", Meaning.TAKEN),
        (202, "", Meaning.TAKEN),
        (299, "", Meaning.TAKEN),
        (200, "the file already exists", Meaning.TAKEN),
        (300, "", Meaning.REFUSED),
        (304, "", Meaning.REFUSED),
        (409, "", Meaning.EXISTS),
        (409, "Conflict - The feed 'F' already contains file 'X' in package 'P V'.", Meaning.EXISTS),
        (409, "The package 'P V' in feed 'F' has been deleted, and cannot be republished", Meaning.DELETED),
        (400, "The package 'P V' in feed 'F' has been deleted, and cannot be republished", Meaning.DELETED),
        (
            400,
            "This filename was previously used by a file that has since been deleted. Use another version.",
            Meaning.DELETED,
        ),
        (400, "This filename has already been used, use a different version", Meaning.EXISTS),
        (400, "File already exists ('demo-1.0.whl', with blake2_256 hash 'x')", Meaning.EXISTS),
        (400, "Validation failed: File name has already been taken", Meaning.EXISTS),
        (400, "Repository does not allow updating assets: pypi-hosted", Meaning.EXISTS),
        (
            403,
            "Not enough permissions to delete/overwrite artifact 'a' (user 'b' needs DELETE)",
            Meaning.EXISTS,
        ),
        (403, "The package already exists", Meaning.EXISTS),
        (422, "already exists", Meaning.EXISTS),
        (
            409,
            "'P V' cannot be published to the feed because it exists in at least one of the feed's upstream sources.",
            Meaning.KEPT_FOR_UPSTREAM,
        ),
        (
            400,
            "Metadata version '2.3' is unsupported. Supported versions are: 1.0,1.1,1.2,2.0,2.1.",
            Meaning.METADATA_TOO_NEW,
        ),
        (400, "'2.5' is not a valid metadata version", Meaning.METADATA_TOO_NEW),
        (
            400,
            "Invalid value for metadata_version. Error: Use a known metadata version.",
            Meaning.METADATA_TOO_NEW,
        ),
        (400, "unsupported metadata version 2.4", Meaning.METADATA_TOO_NEW),
        (413, "", Meaning.TOO_LARGE),
        (400, "File too large. Limit for project 'demo' is 100 MB.", Meaning.TOO_LARGE),
        (400, "The size of the package exceeds the limit of 500 MB", Meaning.TOO_LARGE),
        (400, "The file 'x' has 9 bytes, the limit is 5.", Meaning.TOO_LARGE),
        (403, "The package exceeds the maximum file size", Meaning.TOO_LARGE),
        (403, "The organization's storage exceeds its limit", Meaning.DENIED),
        (403, "The quota of 2 GB is exceeded, the maximum size of the feed", Meaning.DENIED),
        (400, "The number of requests exceeds the limit", Meaning.REFUSED),
        (401, "", Meaning.DENIED),
        (403, "", Meaning.DENIED),
        (407, "", Meaning.DENIED),
        (404, "", Meaning.NO_SUCH_ADDRESS),
        (404, "already exists", Meaning.NO_SUCH_ADDRESS),
        (405, "", Meaning.NO_SUCH_ADDRESS),
        (408, "", Meaning.ASK_AGAIN),
        (429, "", Meaning.ASK_AGAIN),
        (500, "already exists", Meaning.ASK_AGAIN),
        (599, "", Meaning.ASK_AGAIN),
        (501, "", Meaning.NO_SUCH_ADDRESS),
        (400, "", Meaning.REFUSED),
        (400, "The package is not valid: its metadata lacks a version", Meaning.REFUSED),
        (402, "", Meaning.REFUSED),
        (418, "", Meaning.REFUSED),
        (422, "", Meaning.REFUSED),
    ],
)
def test_status_and_words_mean(status: int, words: str, meaning: Meaning) -> None:
    assert meaning_of(status, words) is meaning


@pytest.mark.parametrize(
    ("words", "sent", "newest"),
    [
        ("Supported versions are: 1.0,1.1,1.2,2.0,2.1.", "2.3", "2.1"),
        ("Supported versions are: 2.1, 2.10 and 2.9", "2.11", "2.10"),
        ("supported version is 2.1", "2.2", "2.1"),
        ("Supported metadata versions: [2.1]", "2.4", "2.1"),
        ("Supported versions are: 1.0,2.5.", "2.3", None),
        ("Supported versions are: 2.3.", "2.3", None),
        ("Use a known metadata version.", "2.5", "2.4"),
        ("Use a known metadata version.", "2.2", "2.1"),
        ("Supported versions are none of your business", "2.1", "1.2"),
        ("no", "1.0", None),
        ("no", "2.7", "2.5"),
    ],
)
def test_the_newest_version_that_is_taken_is_read_out_of_the_words(
    words: str, sent: str, newest: str | None
) -> None:
    assert newest_metadata_taken(words, sent) == newest


@pytest.mark.parametrize(
    ("reason", "content_type", "body", "said"),
    [
        ("Bad Request", "text/plain", b"", ""),
        ("BAD REQUEST", "", b"", ""),
        (None, "", b"", ""),
        (
            "Conflict - it is there",
            "application/json",
            b'{"message":"it is there"}',
            "Conflict - it is there",
        ),
        ("Odd", "text/plain", b"words", "Odd / words"),
        ("Bad Request", "application/json; charset=utf-8", b'{"$id":"1","message":"no","typeKey":"X"}', "no"),
        (
            "Bad Request",
            "application/problem+json",
            b'{"title":"No","detail":"for this reason"}',
            "for this reason No",
        ),
        ("Bad Request", "application/json", b'{"errors":[{"status":400,"message":"one"},"two"]}', "one two"),
        ("Bad Request", "application/json", b'{"error":{"message":"deep"}}', "deep"),
        ("Bad Request", "application/json", b'{"message":{"version":["is bad"],"n":1}}', "is bad"),
        ("Bad Request", "application/json", b'{"id":"1","code":2}', ""),
        (
            "Bad Request",
            "application/json",
            b'{"message":{"message":{"message":{"message":{"message":{"message":"x"}}}}}}',
            "",
        ),
        ("Bad Request", "application/json", b"{broken", "{broken"),
        ("Bad Request", "application/json", b"[" * 100_000, "[" * 4000),
        ("Bad Request", "application/json", b"{}", ""),
        ("Bad Request", "", b'{"message":"unnamed"}', "unnamed"),
        (
            "Bad Request",
            "text/html",
            b"<html><style>a{}</style><h1>400</h1><p>No &amp; no</p>",
            "400 No & no",
        ),
        ("Bad Request", "", b"<b>No</b>", "No"),
        (
            "Bad Request",
            "text/html",
            b"<html><title>Error 400</title><h1>Error 400</h1>why</html>",
            "Error 400 why",
        ),
        ("Bad Request", "text/html", b"<html><title>400 why</title></html>", "400 why"),
        ("Bad Request", "text/plain", b"\xff\xfe", "\ufffd\ufffd"),
        ("a\udcffb\x07", "", b"", "ab"),
    ],
)
def test_what_is_said_is_found_in_phrase_and_body(
    reason: str | None, content_type: str, body: bytes, said: str
) -> None:
    assert spoken(reason, content_type, body) == said


@given(st.text(), st.text(alphabet=string.printable), st.binary(max_size=2000))
def test_whatever_a_stranger_says_becomes_one_short_line(reason: str, content_type: str, body: bytes) -> None:
    words = shown(spoken(reason, content_type, body))

    assert len(words) <= LONGEST_WORDS
    assert words.isprintable()
    assert meaning_of(400, words)


def test_exactly_three_hundred_characters_are_shown_whole() -> None:
    assert shown("x" * 300) == "x" * 300
    assert shown("x" * 301) == "x" * 299 + "…"


def test_a_secret_at_the_cut_is_taken_out_before_the_cut() -> None:
    secret = "made-up-for-a-test"

    words = shown("x" * 295 + secret, (secret,))

    assert words == "x" * 295 + "***"


def test_what_looks_like_a_secret_goes_even_where_it_is_not_ours() -> None:
    assert "abcdefgh" not in shown("see https://user:abcdefgh@host.example/ with Basic abcdefghijkl")


def test_no_word_of_ours_without_a_secret_is_stars() -> None:
    assert shown("as it is", ("",)) == "as it is"


@pytest.mark.parametrize("meaning", list(Meaning))
@pytest.mark.parametrize("status", [200, 400, 402, 403, 409, 507])
def test_there_is_advice_on_everything(status: int, meaning: Meaning) -> None:
    assert advice_on(status, meaning).endswith(".")


@pytest.mark.parametrize(
    "words",
    ["<" * 60_000, "<script" * 9_000, "exceeds " * 7_000, "deleted " * 7_000, "metadata version " * 4_000],
)
def test_words_made_to_keep_us_busy_do_not(words: str) -> None:
    began = time.monotonic()

    meaning_of(400, spoken("Odd", "text/html", words.encode()))

    assert time.monotonic() - began < 2

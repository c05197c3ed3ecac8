"""Words between web process and supervisor."""

import os
from collections.abc import Iterator

import pytest

from feedgate.app.channel import Word, Words, tell


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_words_come_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    words = Words(reading)
    for word in (Word.ANSWERING, Word.WORKER_WANTED, Word.CLOSING):
        tell(writing, word)

    assert list(words.read()) == [Word.ANSWERING, Word.WORKER_WANTED, Word.CLOSING]


def test_nothing_said_is_no_word(pipe: tuple[int, int]) -> None:
    assert list(Words(pipe[0]).read()) == []


def test_half_a_word_waits_for_its_rest(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    words = Words(reading)
    os.write(writing, b"clos")
    assert list(words.read()) == []
    os.write(writing, b"ing\n")
    assert list(words.read()) == [Word.CLOSING]

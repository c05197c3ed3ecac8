"""Every error can be told apart, told to a person, and told to a program."""

import importlib
import inspect
import pkgutil
import re
from collections import Counter

import pytest

import feedgate
from feedgate.errors import FeedgateError

KINDS = frozenset(FeedgateError.__subclasses__())


def _leaves() -> list[type[FeedgateError]]:
    for module in pkgutil.walk_packages(feedgate.__path__, "feedgate."):
        if not re.search(r"\.(__main__|migrations)\b", module.name):
            importlib.import_module(module.name)
    found, queue = set[type[FeedgateError]](), list(KINDS)
    while queue:
        for leaf in queue.pop().__subclasses__():
            found.add(leaf)
            queue.append(leaf)
    return sorted(
        (leaf for leaf in found if leaf.__module__.startswith("feedgate.")), key=lambda leaf: leaf.code
    )


LEAVES = _leaves()


def test_there_are_eleven_kinds() -> None:
    assert len(KINDS) == 11


def test_a_code_is_used_once() -> None:
    twice = [code for code, count in Counter(leaf.code for leaf in LEAVES).items() if count > 1]

    assert not twice


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_an_error_has_a_code_of_its_own_in_words(leaf: type[FeedgateError]) -> None:
    assert "code" in vars(leaf), f"{leaf.__name__} inherits its code"
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", leaf.code)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_an_error_says_when_it_is_raised(leaf: type[FeedgateError]) -> None:
    assert vars(leaf).get("__doc__"), f"{leaf.__name__} has no docstring"


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_an_error_knows_the_next_step(leaf: type[FeedgateError]) -> None:
    """It names one itself, or has its caller name one."""
    source = inspect.getsource(leaf)
    parameters = inspect.signature(leaf).parameters

    assert "next_step=" in source or "next_step" in parameters
    assert not re.search(r"next_step=(\"\"|'')", source)

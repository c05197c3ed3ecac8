import importlib
import inspect
import pkgutil
import re

import pytest

import feedgate.machine
from feedgate.machine.errors import MachineError

for module in pkgutil.iter_modules(feedgate.machine.__path__, "feedgate.machine."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
LEAVES = MachineError.__subclasses__()


def test_an_error_is_its_message_and_knows_the_next_step() -> None:
    error = MachineError("the thing: the fact", next_step="Do this.")

    assert str(error) == "the thing: the fact"
    assert error.next_step == "Do this."


def test_a_code_is_used_once() -> None:
    assert len({leaf.code for leaf in LEAVES}) == len(LEAVES) > 8


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_an_error_has_a_code_of_its_own_an_exit_status_and_a_next_step(leaf: type[MachineError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", vars(leaf)["code"])
    assert leaf.exit_status in (1, 2)
    assert "next_step=" in inspect.getsource(leaf)

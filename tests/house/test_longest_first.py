"""Which test files begin first is a list of names, and a file that moved must not drop out of it unseen."""

import pytest

from tests.conftest import LONGEST, TESTS


@pytest.mark.parametrize("file", LONGEST)
def test_a_file_that_begins_first_is_there(file: str) -> None:
    assert (TESTS / file).is_file()

"""A bill of materials is of one feed or of one run, and that is said before a server is asked."""

import pytest

from feedgate.cli.exit import Exit
from feedgate.cli.main import call


@pytest.mark.parametrize("words", [[], ["-f", "acme/team", "--run", "run_1"]])
def test_of_nothing_and_of_two_there_is_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["sbom", *words]) == Exit.USAGE
    assert "of one feed or of one run" in capsys.readouterr().err

"""What a machine cannot show is said aloud, and where it must be shown it fails."""

from typing import NoReturn

import pytest

PREFIX = "left out: "


def leave_out(what: str, *, brings: str) -> NoReturn:
    """Skip the test because this machine lacks ``what``; ``brings`` says how to get it.

    With ``--nothing-left-out``, as CI runs, the test fails instead.
    """
    pytest.skip(f"{PREFIX}{what} ({brings})")

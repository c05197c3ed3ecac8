"""A task that several wait for: whoever is cancelled takes nothing away from the others."""

import asyncio
from typing import Any


def retrieve(task: "asyncio.Task[Any]") -> None:
    """Look at the outcome, so that an error whose askers all went away is no warning.

    To be added to such a task as a callback.
    """
    if not task.cancelled():
        task.exception()

"""The room's own small error tree, since it may import nothing of the house."""

from __future__ import annotations

from typing import ClassVar


class MachineError(Exception):
    """What stands in the way on this machine, and what to do next.

    ``exit_status`` is what a command ends with: 1 failed, 2 wrong usage.
    """

    code: ClassVar[str] = "machine"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return self.message

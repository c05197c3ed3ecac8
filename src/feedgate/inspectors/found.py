"""What an inspector has found so far: in order, and of many alike the first few."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Generic, TypeVar

from feedgate.model.inspection import Finding, Severity

MOST_OF_A_CODE: Final = 5
"""How many findings of one code are spelled out; the rest is counted."""

Code = TypeVar("Code", bound=StrEnum)


class Found(Generic[Code]):
    """Findings in the order they came; ``severity_of`` says how much those of a code weigh."""

    def __init__(self, severity_of: Callable[[Code], Severity]) -> None:
        self._severity_of = severity_of
        self._found: list[Finding] = []
        self._counts: dict[Code, int] = {}

    def add(self, code: Code, sentence: str, member: str | None = None) -> None:
        """Note one finding."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= MOST_OF_A_CODE:
            self._found.append(Finding(code.value, self._severity_of(code), sentence, member))

    def all(self) -> tuple[Finding, ...]:
        """Return what was noted, and of what was not spelled out the count."""
        further = (
            Finding(
                code.value,
                self._severity_of(code),
                f"and {count - MOST_OF_A_CODE} more of this kind ({code.value})",
            )
            for code, count in self._counts.items()
            if count > MOST_OF_A_CODE
        )
        return (*self._found, *further)

"""Slow down whoever guesses: answers to wrong credentials are delayed after five in a row."""

from collections import OrderedDict
from dataclasses import dataclass, field

_REMEMBERED = 10_000


@dataclass(slots=True)
class Attempts:
    """Counts wrong credentials in a row by address; a valid one begins anew.

    Calls without credentials are not to be told here: uv asks every address
    without them first.
    """

    free: int = 5
    longest_seconds: float = 5.0
    _wrong: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def wrong(self, address: str) -> float:
        """Count a wrong credential; return the seconds its answer is to wait."""
        count = self._wrong.pop(address, 0) + 1
        self._wrong[address] = count
        if len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)
        over = count - self.free
        return 0.0 if over <= 0 else min(self.longest_seconds, 0.25 * 2.0 ** min(over, 16))

    def valid(self, address: str) -> None:
        """A valid credential came from there."""
        self._wrong.pop(address, None)

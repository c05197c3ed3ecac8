"""Rounds of measurements side by side: every way once a round, so that a slow minute hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Measured:
    """The parts of one way in seconds, by name and in order; their sum is what it took."""

    parts: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return sum(self.parts.values())

    def timed(self, part: str, act: Callable[[], T]) -> T:
        """Do ``act`` and write down how long it took."""
        before = time.perf_counter()
        result = act()
        self.parts[part] = time.perf_counter() - before
        return result


Way = Callable[[Path], Measured]
"""Measures once, with nothing but the empty folder that it is given: all its caches are cold."""


def measure(ways: Mapping[str, Way], rounds: int, tell: Callable[[str], None]) -> dict[str, list[Measured]]:
    """Run every way ``rounds`` times, round by round."""
    results: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(1, rounds + 1):
        for name, way in ways.items():
            with TemporaryDirectory(prefix="feedgate-bench-") as folder:
                results[name].append(way(Path(folder)))
            tell(f"round {number} of {rounds}: {name} {results[name][-1].seconds:.2f} s")
    return results


def median_of(results: list[Measured], part: str | None = None) -> float:
    """Return the median of the whole, or of one part."""
    return statistics.median(result.seconds if part is None else result.parts[part] for result in results)

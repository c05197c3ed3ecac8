"""Generated closures for an upstream: wheels that need each other, so that a test says only what matters to it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.doubles.upstream import Upstream

TARGET = "3.11@x86_64-manylinux_2_28"


@dataclass
class Closure:
    """What an upstream offers for a test; ``digests`` are by file name."""

    upstream: Upstream
    make_wheel: Callable[..., Path]
    word: str = ""
    digests: dict[str, str] = field(default_factory=dict)

    def offer(self, name: str, version: str = "1.0", **options: Any) -> Path:
        """List a wheel upstream, and return it; ``options`` are those of ``make_wheel``."""
        files = {"word.txt": self.word, **options.pop("files", {})} if self.word else options.pop("files", {})
        wheel = self.make_wheel(name, version, files=files, **options)
        self.upstream.add(wheel.name, wheel.read_bytes())
        self.digests[wheel.name] = hashlib.sha256(wheel.read_bytes()).hexdigest()
        return wheel

    def offer_all(self, releases: Mapping[str, Iterable[str]], version: str = "1.0") -> None:
        """List a wheel of each name, with what it requires."""
        for name, requires in releases.items():
            self.offer(name, version, requires=requires)

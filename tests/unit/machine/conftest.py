"""A machine below one folder: nothing of the developer's own settings is read or written."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.surroundings import Surroundings


@dataclass
class Vm:
    """A made-up machine; ``variables`` is its environment."""

    base: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            root=self.base / "root",
            home=self.base / "home",
            environment=self.variables,
            folder=self.base / "work",
        )

    def etc(self, name: str, text: str | None = None) -> Path:
        return self._file(self.base / "root" / "etc" / name, text)

    def home(self, name: str, text: str | None = None) -> Path:
        return self._file(self.base / "home" / name, text)

    def work(self, name: str, text: str | None = None) -> Path:
        return self._file(self.base / "work" / name, text)

    def elsewhere(self, name: str, text: str | None = None) -> Path:
        return self._file(self.base / "elsewhere" / name, text)

    @staticmethod
    def _file(path: Path, text: str | None) -> Path:
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return path


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    for folder in ("root", "home", "work"):
        (tmp_path / folder).mkdir()
    return Vm(tmp_path)


@pytest.fixture
def feed() -> FeedUrl:
    return parse_feed_url("https://feeds.example/demo/pip-feed")

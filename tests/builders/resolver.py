"""The real resolver on the bench of one test: its own cache, its own folder, its own listener."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uv
from packaging.requirements import Requirement

from feedgate.index.loopback import Loopback, Mount
from feedgate.intake.uv import IndexFault, Solved, Unsolvable, Uv, Wanted
from feedgate.model.index import Index
from tests.doubles.memory_index import Facts, MemoryIndex, stocked_wheel

LINUX = "x86_64-manylinux_2_28"


@dataclass
class Bench:
    """uv with a cache and a folder of this test's own."""

    uv: Uv
    folder: Path
    calls: int = field(default=0)

    async def compile(
        self, index: Index | Mount, *requirements: str, python: str = "3.11.7", **wanted: object
    ) -> Solved | Unsolvable | IndexFault:
        self.calls += 1
        question = Wanted([Requirement(text) for text in requirements], python, LINUX)
        return await self.uv.compile(
            index if isinstance(index, Mount) else Mount(index),
            replace(question, **wanted),  # type: ignore[arg-type]  # each test names fields of Wanted
            working_directory=self.folder / str(self.calls),
        )

    async def versions(self, index: Index | Mount, *requirements: str, **wanted: object) -> dict[str, str]:
        answer = await self.compile(index, *requirements, **wanted)  # type: ignore[arg-type]  # as above
        assert isinstance(answer, Solved), answer
        return {file.project: file.version for file in answer.files}


@asynccontextmanager
async def resolver_bench(folder: Path) -> AsyncIterator[Bench]:
    """Open a listener and give uv the folder."""
    async with Loopback() as loopback:
        resolver = Uv(Path(uv.find_uv_bin()), Path(sys.executable), folder / "cache", loopback)
        yield Bench(resolver, folder / "work")


def index_of(*wheels: tuple[str, str] | tuple[str, str, Facts]) -> MemoryIndex:
    return MemoryIndex.of([stocked_wheel(*wheel) for wheel in wheels])

"""Children that look, a few, kept warm: each takes one file after the other, and a dead one is replaced."""

import asyncio
import base64
import contextlib
import json
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feedgate.gate.child import OUT_OF_MEMORY
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.walk import INSPECTORS
from feedgate.model.inspection import Finding, Severity

BASE_SECONDS: Final = 5.0
BYTES_A_SECOND: Final = 20 * 1000 * 1000
PATIENCE: Final = 4.0
"""How many times its CPU seconds a look may last by the clock, on a busy machine."""

LARGEST_ANSWER_BYTES: Final = 64 * 1024 * 1024

Start = Callable[[], Awaitable[Process]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child saw: findings by inspector, in the order of INSPECTORS, and the METADATA."""

    findings: tuple[tuple[Finding, ...], ...]
    metadata: bytes | None
    is_lasting: bool = True


def cpu_seconds(size_bytes: int) -> float:
    """Return how long a look at a file of that size may compute."""
    return BASE_SECONDS + size_bytes / BYTES_A_SECOND


class Children:
    """At most ``most`` children, started when they are needed and then kept."""

    def __init__(self, start: Start, most: int) -> None:
        self._start = start
        self._free = asyncio.Semaphore(most)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def ask(self, path: Path, filename: str) -> Answer:
        """Let a child look at the file; one that dies or takes too long is a finding, never an error.

        A death that the file need not have caused is given a second child.
        """
        async with self._free:
            first = await self._ask_one(path, filename)
            return first if first is not None else await self._ask_one(path, filename) or _died()

    async def _ask_one(self, path: Path, filename: str) -> Answer | None:
        seconds = cpu_seconds(path.stat().st_size)
        child = self._idle.pop() if self._idle else await self._start_one()
        try:
            async with asyncio.timeout(seconds * PATIENCE):
                question = {"path": str(path), "filename": filename, "cpu_seconds": str(seconds)}
                answer = await _exchange(child, question)
        except TimeoutError:
            await self._end(child)
            return _limited(f"it was given up after {seconds * PATIENCE:.0f} s", is_lasting=False)
        except (asyncio.IncompleteReadError, ConnectionError):
            return _end_by_limit(await self._end(child), seconds)
        except BaseException:
            await self._end(child)
            raise
        self._idle.append(child)
        return answer

    async def warm(self) -> None:
        """Start a child, so that the first question need not wait for it."""
        if not self._all:
            self._idle.append(await self._start_one())

    async def close(self) -> None:
        """End all children."""
        for child in list(self._all):
            await self._end(child)
        self._idle.clear()

    async def _start_one(self) -> Process:
        child = await self._start()
        self._all.add(child)
        return child

    async def _end(self, child: Process) -> int:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        self._all.discard(child)
        return await child.wait()


async def _exchange(child: Process, question: dict[str, str]) -> Answer:
    if child.stdin is None or child.stdout is None:
        raise ConnectionError
    content = json.dumps(question).encode()
    child.stdin.write(len(content).to_bytes(4, "big") + content)
    await child.stdin.drain()
    length = int.from_bytes(await child.stdout.readexactly(4), "big")
    if length > LARGEST_ANSWER_BYTES:
        raise ConnectionError
    answer = json.loads(await child.stdout.readexactly(length))
    return Answer(
        tuple(
            tuple(
                Finding(code, Severity(severity), sentence, member)
                for code, severity, sentence, member in findings
            )
            for findings in answer["findings"]
        ),
        None if answer["metadata"] is None else base64.b64decode(answer["metadata"]),
    )


def _end_by_limit(status: int, seconds: float) -> Answer | None:
    if status == -signal.SIGPROF:
        return _limited(f"it took more than {seconds:.0f} s of computing")
    if status == OUT_OF_MEMORY:
        return _limited("it took more memory than any honest archive")
    return None


def _died() -> Answer:
    return _limited("it ended the process that looked, twice", is_lasting=False)


def _limited(reason: str, *, is_lasting: bool = True) -> Answer:
    finding = Finding(
        ArchiveCode.INSPECTION_LIMIT.value, Severity.HIGH, f"it could not be looked at to the end: {reason}"
    )
    return Answer(((finding,),) * len(INSPECTORS), None, is_lasting)

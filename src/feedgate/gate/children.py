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
MEMORY_BYTES: Final = 256 * 1024 * 1024
"""What a child may take: seven times what a look at the largest of azure-cli's wheels took."""

TRIES: Final = 2
LAST_WORDS_SECONDS: Final = 2.0

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
    """At most ``most`` children, started when they are needed and then kept.

    ``allow`` says how many seconds a look at so many bytes may compute; by the
    clock it may take ``patience`` times that, for the machine may be busy.
    """

    def __init__(
        self, start: Start, most: int, *, allow: Callable[[int], float] = cpu_seconds, patience: float = 10
    ) -> None:
        self._start = start
        self._most = most
        self._allow = allow
        self._patience = patience
        self._free = asyncio.Semaphore(most)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def ask(self, path: Path, filename: str) -> Answer:
        """Let a child look at the file; one that dies or takes too long is a finding, never an error.

        A death that the file need not have caused is given a second child.
        """
        async with self._free:
            for _ in range(TRIES):
                answer = await self._ask_one(path, filename)
                if answer is not None:
                    return answer
        return _limited("it ended the process that looked, twice", is_lasting=False)

    async def _ask_one(self, path: Path, filename: str) -> Answer | None:
        seconds = self._allow(path.stat().st_size)
        child = self._idle.pop() if self._idle else await self._start_one()
        try:
            async with asyncio.timeout(seconds * self._patience):
                question = {"path": str(path), "filename": filename, "cpu_seconds": str(seconds)}
                answer = await _exchange(child, question)
        except TimeoutError:
            await self._end(child)
            return _limited(f"there was no answer after {seconds * self._patience:.0f} s", is_lasting=False)
        except (asyncio.IncompleteReadError, ConnectionError, _NotAnAnswerError):
            return _end_by_limit(await self._last_words(child), seconds)
        except BaseException:
            await self._end(child)
            raise
        self._idle.append(child)
        return answer

    async def warm(self) -> None:
        """Start all children, so that the first questions need not wait for them."""
        starting = self._most - len(self._all)
        self._idle += await asyncio.gather(*(self._start_one() for _ in range(starting)))

    async def close(self) -> None:
        """End all children."""
        for child in list(self._all):
            await self._end(child)
        self._idle.clear()

    async def _start_one(self) -> Process:
        child = await self._start()
        self._all.add(child)
        return child

    async def _last_words(self, child: Process) -> int:
        """Return the exit status of a child that is ending; killed in that moment, it would have none."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), LAST_WORDS_SECONDS)
        return await self._end(child)

    async def _end(self, child: Process) -> int:
        self._all.discard(child)
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        return await child.wait()


class _NotAnAnswerError(Exception):
    """What came from a child is not what a child of ours says."""


async def _exchange(child: Process, question: dict[str, str]) -> Answer:
    if child.stdin is None or child.stdout is None:
        raise _NotAnAnswerError
    content = json.dumps(question).encode()
    child.stdin.write(len(content).to_bytes(4, "big") + content)
    await child.stdin.drain()
    length = int.from_bytes(await child.stdout.readexactly(4), "big")
    if length > LARGEST_ANSWER_BYTES:
        raise _NotAnAnswerError
    return _read(await child.stdout.readexactly(length))


def _read(raw: bytes) -> Answer:
    try:
        answer = json.loads(raw)
        findings = tuple(tuple(_finding(*one) for one in found) for found in answer["findings"])
        metadata = answer["metadata"]
        if len(findings) != len(INSPECTORS):
            raise _NotAnAnswerError
        return Answer(findings, None if metadata is None else base64.b64decode(metadata))
    except (ValueError, KeyError, TypeError) as error:
        raise _NotAnAnswerError from error


def _finding(code: str, severity: str, sentence: str, member: str | None) -> Finding:
    return Finding(code, Severity(severity), sentence, member)


def _end_by_limit(status: int, seconds: float) -> Answer | None:
    if status == -signal.SIGPROF:
        return _limited(f"it took more than {seconds:.3g} s of computing, which is the limit for its size")
    if status == OUT_OF_MEMORY:
        return _limited(f"it took more memory than {MEMORY_BYTES // 1024**2} MiB")
    return None


def _limited(reason: str, *, is_lasting: bool = True) -> Answer:
    findings = tuple(
        (
            Finding(
                ArchiveCode.INSPECTION_LIMIT.value,
                Severity.HIGH,
                f"inspector {inspector.name} could not look at it to the end: {reason}",
            ),
        )
        for inspector in INSPECTORS
    )
    return Answer(findings, None, is_lasting)

"""The only place that starts uv, the resolver.

Its input file is a program and its environment acts, so both are made from
nothing; it has one index and one way out, our listener; its prose is shown and
never read, since it changes between releases.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement

from feedgate.errors import Broken, FeedgateError, Unavailable
from feedgate.formats.pylock import LockedFile, parse_resolution, write_preferences
from feedgate.formats.requirements import write_requirements
from feedgate.index.loopback import PROOF_HOST, RUN_HOST, Call, Loopback, Mount
from feedgate.intake.wheel_choice import choose_wheels
from feedgate.model.names import ProjectName

_SOLVED, _NO_SOLUTION = 0, 1
_INPUT = "request.in"
_CONSTRAINTS = "constraints.txt"
_OUTPUT = "pylock.toml"
_INDEX_NAMES = {RUN_HOST: "the run's index", PROOF_HOST: "the feed"}
_LONGEST_PROSE_BYTES = 256 * 1024
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")


class ResolverFailed(Broken):
    """uv ended neither with a solution nor with the finding that there is none."""

    code = "resolver-failed"

    def __init__(self, status: int, prose: str) -> None:
        super().__init__(
            f"the resolver: uv ended with status {status}: {prose or 'without a word'}",
            next_step="Retry the run. If it ends so again, report it with the lines above.",
            facts={"status": status},
        )


class ResolverTimedOut(Unavailable):
    """uv did not come to an end in time."""

    code = "resolver-timed-out"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__(
            f"the resolver: uv did not end within {timeout_seconds:.0f} s",
            next_step="Retry the run, or ask for narrower versions, so that there is less to try.",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be resolved: for an exact ``python`` on ``platform``, one of uv's names.

    ``preferences`` are versions that are kept where they satisfy.
    """

    requirements: Sequence[Requirement]
    python: str
    platform: str
    constraints: Sequence[Requirement] = ()
    preferences: Sequence[tuple[ProjectName, str]] = ()
    allow_prereleases: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What one call asked of the listener.

    ``escapes`` are attempts to reach anything else (method and address),
    ``not_found`` the names that the index does not have.
    """

    names: frozenset[ProjectName] = frozenset()
    not_found: tuple[ProjectName, ...] = ()
    escapes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Solved:
    """One file a project, as uv would install it; ``url`` is the path that the listener gave it."""

    files: tuple[LockedFile, ...]
    asked: Asked


@dataclass(frozen=True, slots=True)
class Unsolvable:
    """There is no solution; ``reason`` is uv's own prose, cleaned, for people."""

    reason: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class IndexFault:
    """The index could not answer for the names in ``faults``, so what uv says means nothing."""

    faults: Mapping[ProjectName, FeedgateError]
    asked: Asked


def resolvers_by_default() -> int:
    """Return how many resolvers run at once unless a setting says otherwise: one a core, and two at least."""
    return max(2, os.cpu_count() or 1)


def _turns() -> asyncio.Semaphore:
    return asyncio.Semaphore(resolvers_by_default())


@dataclass(frozen=True, slots=True)
class Uv:
    """uv's ``binary``, a ``python`` of ours (any version does), the ``cache`` folder, the listener.

    ``timeout_seconds`` bounds one call, from when one of ``turns`` is free for it. Start it from the event loop's thread
    of a worker: the kernel kills uv when the thread that started it dies.
    """

    binary: Path
    python: Path
    cache: Path
    loopback: Loopback
    timeout_seconds: float = 600
    turns: asyncio.Semaphore = field(default_factory=_turns)

    async def compile(
        self,
        mount: Mount,
        wanted: Wanted,
        *,
        working_directory: Path,
        index_host: str = RUN_HOST,
        cached: bool = True,
    ) -> Solved | Unsolvable | IndexFault:
        """Resolve what is ``wanted`` from ``mount`` alone.

        ``working_directory`` is made if need be; it is this call's alone while it lasts.
        Raises ResolverFailed, ResolverTimedOut. When the caller is cancelled, uv
        and all its children are killed before the cancellation goes on.
        """
        folder = working_directory.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _INPUT).write_text(write_requirements(wanted.requirements))
        (folder / _CONSTRAINTS).write_text(write_requirements(wanted.constraints))
        output = folder / _OUTPUT
        output.write_text(write_preferences(wanted.preferences))  # uv reads it before it writes it
        arguments = self._arguments(wanted, index_host, cached=cached)
        async with self.turns:
            with self.loopback.call({index_host: mount}, python=wanted.python) as call:
                status, prose = await self._run(arguments, self._environment(call, folder), folder)
        asked = Asked(frozenset(call.asked), tuple(dict.fromkeys(call.not_found)), tuple(call.escapes))
        if call.unavailable:
            return IndexFault(dict(call.unavailable), asked)
        if status == _SOLVED:
            listed = parse_resolution(output.read_bytes())
            files = choose_wheels(listed, python=wanted.python, platform=wanted.platform)
            return Solved(files, asked)
        if status == _NO_SOLUTION or asked.escapes:
            return Unsolvable(clean(prose), asked)
        raise ResolverFailed(status, clean(prose))

    def _arguments(self, wanted: Wanted, index_host: str, *, cached: bool) -> list[str]:
        return [
            *_death_with_the_worker(),
            str(self.binary),
            "pip",
            "compile",
            _INPUT,
            *([f"--constraints={_CONSTRAINTS}"] if wanted.constraints else []),
            "--no-config",
            "--no-build",  # else asking for an sdist's metadata runs its backend
            "--no-python-downloads",  # else another minor than ours is fetched from the network
            f"--python={self.python}",
            f"--python-version={wanted.python}",
            f"--python-platform={wanted.platform}",
            f"--cache-dir={self.cache.resolve()}" if cached else "--no-cache",
            f"--default-index=run=http://{index_host}/simple/",
            "--format=pylock.toml",
            f"--output-file={_OUTPUT}",
            "--no-header",
            "--color=never",
            *(["--prerelease=allow"] if wanted.allow_prereleases else []),
        ]

    def _environment(self, call: Call, folder: Path) -> dict[str, str]:
        """Return the whole environment: nothing of ours gets in, for uv listens to much of it."""
        home = folder / "home"
        home.mkdir(exist_ok=True)
        proxy_url = call.proxy_url.reveal()
        return {
            "PATH": os.defpath,
            "HOME": str(home),
            "TMPDIR": str(folder),
            "NETRC": os.devnull,
            "HTTP_PROXY": proxy_url,
            "HTTPS_PROXY": proxy_url,
            "ALL_PROXY": proxy_url,
            "UV_INDEX_RUN_USERNAME": call.username,
            "UV_INDEX_RUN_PASSWORD": call.password.reveal(),
            "UV_HTTP_RETRIES": "0",  # retries are ours
            "UV_HTTP_TIMEOUT": str(int(self.timeout_seconds) + 60),  # it would ask twice while we wait
        }

    async def _run(
        self, arguments: list[str], environment: Mapping[str, str], folder: Path
    ) -> tuple[int, str]:
        """Return the exit status and what uv said; nothing of it lives on afterwards."""
        child = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert child.stderr is not None  # noqa: S101 - it is a pipe, for the type checker
        try:
            async with asyncio.timeout(self.timeout_seconds):
                prose = await _read_beginning(child.stderr)
                return await child.wait(), prose
        except TimeoutError as error:
            raise ResolverTimedOut(self.timeout_seconds) from error
        finally:
            if child.returncode is None:  # afterwards the number may be another's
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()


async def _read_beginning(stream: asyncio.StreamReader) -> str:
    """Read to the end and return the beginning: more than that nobody would read."""
    prose = bytearray()
    while chunk := await stream.read(65536):
        prose += chunk[: _LONGEST_PROSE_BYTES - len(prose)]
    return prose.decode(errors="replace")


def clean(prose: str) -> str:
    """Return uv's words without escape sequences and our listener's addresses, which say nobody anything."""
    text = _ANSI.sub("", prose)
    for host, name in _INDEX_NAMES.items():
        for address in (f"http://{host}/simple/", f"http://{host}/"):
            text = text.replace(address, f"{name}, ")
        text = text.replace(host, name)
    return text.strip()


def _death_with_the_worker() -> list[str]:
    """Return the words before a command that let the kernel kill it when this thread dies (Linux).

    util-linux has them; busybox has a setpriv that lacks the option. Where there is
    neither, a small Python does the same, 20 ms slower. Elsewhere than on
    Linux a killed worker's uv lives on to its end, harmless: nobody reads what it writes.
    """
    if sys.platform != "linux":
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is not None and Path(setpriv).resolve().name == "setpriv":
        return [setpriv, "--pdeathsig", "KILL", "--"]
    program = (
        "import ctypes, os, signal, sys; "
        "ctypes.CDLL(None).prctl(1, signal.SIGKILL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-I", "-S", "-c", program]

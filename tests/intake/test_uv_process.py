"""uv as a child: its cache, its environment, its end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from feedgate.index.admitting import Admitting
from feedgate.index.loopback import PROOF_HOST, Loopback, Mount
from feedgate.intake.uv import ResolverTimedOut, Solved, Wanted
from tests.builders.resolver import LINUX, Bench, index_of, resolver_bench
from tests.doubles.memory_index import Facts


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with resolver_bench(tmp_path) as opened:
        yield opened


async def test_the_next_call_asks_only_whether_pages_have_changed(bench: Bench, tmp_path: Path) -> None:
    index = index_of(("app", "1.0", Facts(requires=["lib"])), ("lib", "1.0"))
    await bench.versions(index, "app")
    cold = list(index.asked)
    index.asked.clear()

    async with Loopback() as elsewhere:
        another = Bench(replace(bench.uv, loopback=elsewhere), tmp_path / "again")
        assert await another.versions(index, "app") == {"app": "1.0", "lib": "1.0"}

    assert any(question.startswith("metadata") for question in cold)
    assert sorted(index.asked) == ["page app", "page lib"]


async def test_one_cache_never_shows_a_call_another_calls_page(bench: Bench) -> None:
    index = index_of(
        ("app", "3.0", Facts(requires_python=">=3.12")),
        ("app", "2.0", Facts(requires_python=">=3.11")),
        ("app", "1.0"),
    )
    expected = {"3.10.2": "1.0", "3.11.7": "2.0", "3.12.1": "3.0"}

    async def resolve(python: str) -> bool:
        chosen = await bench.versions(Admitting(index, python), "app", python=python)
        return chosen == {"app": expected[python]}

    assert all(await asyncio.gather(*(resolve(python) for python in [*expected] * 4)))


async def test_a_proof_reads_and_leaves_no_cache(bench: Bench) -> None:
    wanted = Wanted([Requirement("app")], "3.11.7", LINUX)
    seen = []
    for index in (index_of(("app", "1.0")), index_of(("app", "1.0"))):
        answer = await bench.uv.compile(
            Mount(index), wanted, working_directory=bench.folder, index_host=PROOF_HOST, cached=False
        )
        assert isinstance(answer, Solved)
        assert answer.files[0].url.startswith(f"http://{PROOF_HOST}/")
        seen.append([question.split()[0] for question in index.asked])

    assert "metadata" in seen[0]
    assert seen[0] == seen[1]
    assert not bench.uv.cache.exists()


async def test_nothing_of_the_environment_gets_in(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bound.txt").write_text("app<2\n")
    (tmp_path / "uv.toml").write_text('[pip]\nprerelease = "allow"\n')
    for name, text in {
        "UV_CONSTRAINT": str(tmp_path / "bound.txt"),
        "UV_EXTRA_INDEX_URL": "http://127.0.0.1:9/simple/",
        "UV_INDEX": "http://127.0.0.1:9/simple/",
        "UV_CONFIG_FILE": str(tmp_path / "uv.toml"),
        "UV_OFFLINE": "1",
        "UV_PRERELEASE": "allow",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, text)

    assert await bench.versions(index_of(("app", "1.0"), ("app", "2.0"), ("app", "3.0a1")), "app") == {
        "app": "2.0"
    }


def children() -> dict[int, list[str]]:
    """Return the command lines of this process's children by id."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                words = (status.parent / "cmdline").read_bytes().decode().split("\0")
                found[int(status.parent.name)] = words
    return found


def is_alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what other processes do sets no event of ours
            await asyncio.sleep(0.01)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
async def test_who_is_cancelled_leaves_no_resolver_behind(bench: Bench) -> None:
    index = replace(index_of(("app", "1.0")), gate=asyncio.Event())
    task = asyncio.ensure_future(bench.compile(index, "app"))
    await until(lambda: "page app" in index.asked)
    (process,) = [number for number, words in children().items() if "compile" in words]

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not is_alive(process)


@needs_proc
async def test_a_resolver_that_takes_too_long_is_ended(bench: Bench) -> None:
    index = replace(index_of(("app", "1.0")), gate=asyncio.Event())
    hasty = Bench(replace(bench.uv, timeout_seconds=0.5), bench.folder)

    with pytest.raises(ResolverTimedOut):
        await hasty.compile(index, "app")

    assert not [words for words in children().values() if "compile" in words]


@needs_proc
async def test_the_password_is_in_no_argument_list(bench: Bench) -> None:
    index = replace(index_of(("app", "1.0")), gate=asyncio.Event())
    task = asyncio.ensure_future(bench.compile(index, "app"))
    await until(lambda: "page app" in index.asked)
    (process,) = [number for number, words in children().items() if "compile" in words]
    environment = dict(
        entry.partition("=")[::2]
        for entry in Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
        if entry
    )
    arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode()
    assert index.gate is not None
    index.gate.set()
    answer = await task

    assert environment["UV_INDEX_RUN_PASSWORD"] not in arguments
    assert environment["UV_INDEX_RUN_PASSWORD"] not in repr(answer)
    assert_made_from_nothing(environment)


def assert_made_from_nothing(environment: Mapping[str, str]) -> None:
    ours = {"HOME", "NETRC", "PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
    assert {name for name in environment if not name.startswith("UV_")} == ours
    assert list(Path(environment["HOME"]).iterdir()) == [] or not Path(environment["HOME"]).exists()


async def test_no_more_resolvers_run_at_once_than_have_turns(bench: Bench, tmp_path: Path) -> None:
    """However many targets runs have; in uv's place stands what tells when it is there."""
    (tmp_path / "counted").write_text(
        f"#!/bin/sh\ncd '{tmp_path}'\ntouch here-$$\nls here-* | wc -l >> seen\nsleep 0.2\nrm here-$$\nexit 1\n"
    )
    (tmp_path / "counted").chmod(0o755)
    resolver = replace(bench.uv, binary=tmp_path / "counted", turns=asyncio.Semaphore(2))
    wanted = Wanted([Requirement("app")], "3.11.7", LINUX)

    await asyncio.gather(
        *(
            resolver.compile(Mount(index_of()), wanted, working_directory=tmp_path / f"work-{number}")
            for number in range(6)
        )
    )

    seen = [int(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert len(seen) == 6
    assert max(seen) == 2


WORKER = """
import asyncio, sys
from pathlib import Path
from packaging.requirements import Requirement
from feedgate.index.loopback import Loopback, Mount
from feedgate.intake.uv import Uv, Wanted

async def main():
    folder = Path(sys.argv[1])
    async with Loopback() as loopback:
        resolver = Uv(folder / "patient", Path(sys.executable), folder / "cache", loopback)
        wanted = Wanted([Requirement("app")], "3.11.7", "x86_64-manylinux_2_28")
        await resolver.compile(Mount(None), wanted, working_directory=folder / "work")

asyncio.run(main())
"""


@needs_proc
async def test_a_worker_that_is_killed_takes_its_resolver_along(tmp_path: Path) -> None:
    # In uv's place stands what would go on for a minute, whether or not anybody still answers it.
    (tmp_path / "patient").write_text(
        "#!/bin/sh\necho $$ > process.new && mv process.new process && exec sleep 60\n"
    )
    (tmp_path / "patient").chmod(0o755)
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, str(tmp_path))
    await until((tmp_path / "work" / "process").exists)
    resolver = int((tmp_path / "work" / "process").read_text())
    assert is_alive(resolver)

    worker.send_signal(signal.SIGKILL)
    await worker.wait()

    await until(lambda: not is_alive(resolver))

import asyncio
import os
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from feedgate.gate.children import Answer, Children, cpu_seconds
from feedgate.gate.look import start_child
from tests.unit.inspectors.archives import METADATA, SOUND, WHEEL_NAME, recorded, zipped


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / WHEEL_NAME
    path.write_bytes(zipped(recorded(SOUND)))
    return path


@pytest.fixture
def slow_wheel(tmp_path: Path) -> Path:
    path = tmp_path / "slow" / WHEEL_NAME
    path.parent.mkdir()
    path.write_bytes(zipped({**recorded(SOUND), "demo/zeros": bytes(16_000_000)}))
    return path


class Starting:
    """Starts what it is told to, one command a time, and keeps what it started."""

    def __init__(self, *starts: Callable[[], Awaitable[Process]]) -> None:
        self._starts = list(starts)
        self.started: list[Process] = []

    async def __call__(self) -> Process:
        child = await (self._starts.pop(0) if self._starts else start_child)()
        self.started.append(child)
        return child


def python(program: str) -> Callable[[], Awaitable[Process]]:
    return partial(asyncio.create_subprocess_exec, sys.executable, "-c", program, stdin=PIPE, stdout=PIPE)


@asynccontextmanager
async def opened(
    starting: Starting,
    most: int = 1,
    allow: Callable[[int], float] = cpu_seconds,
    patience: float = 1000,
) -> AsyncIterator[Children]:
    children = Children(starting, most, allow=allow, patience=patience)
    try:
        yield children
    finally:
        await children.close()


def limit_of(answer: Answer) -> str:
    finding, of_metadata = (found for [found] in answer.findings)
    assert finding.sentence.replace("archive", "metadata") == of_metadata.sentence
    assert finding.code == "inspection-limit"
    assert answer.metadata is None
    return finding.sentence


async def test_one_child_takes_one_file_after_the_other(wheel: Path) -> None:
    starting = Starting()
    async with opened(starting) as children:
        answers = [await children.ask(wheel, WHEEL_NAME) for _ in range(3)]

    assert answers == [Answer(((), ()), METADATA)] * 3
    assert len(starting.started) == 1


async def test_there_are_never_more_children_than_allowed(wheel: Path) -> None:
    starting = Starting()
    async with opened(starting, most=2) as children:
        await asyncio.gather(*(children.ask(wheel, WHEEL_NAME) for _ in range(8)))

    assert len(starting.started) == 2


async def test_warm_children_are_there_before_the_first_question(wheel: Path) -> None:
    starting = Starting()
    async with opened(starting, most=2) as children:
        await children.warm()
        await children.warm()
        await asyncio.gather(*(children.ask(wheel, WHEEL_NAME) for _ in range(4)))

    assert len(starting.started) == 2


async def test_a_look_that_computes_too_long_is_ended_and_the_next_goes_on(
    wheel: Path, slow_wheel: Path
) -> None:
    starting = Starting()
    async with opened(starting, allow=lambda size_bytes: 0.02 if size_bytes > 5_000 else 5) as children:
        slow = await children.ask(slow_wheel, WHEEL_NAME)
        sound = await children.ask(wheel, WHEEL_NAME)

    assert "of computing" in limit_of(slow)
    assert slow.is_lasting
    assert starting.started[0].returncode == -signal.SIGPROF
    assert sound.findings == ((), ())


async def test_the_seconds_are_counted_anew_for_each_file(slow_wheel: Path) -> None:
    async with opened(Starting(), allow=lambda _: 0.4) as children:
        answers = [await children.ask(slow_wheel, WHEEL_NAME) for _ in range(12)]

    assert "inspection-limit" not in {answer.findings[0][0].code for answer in answers}


async def test_a_look_that_takes_too_much_memory_is_ended_and_the_next_goes_on(
    tmp_path: Path, wheel: Path
) -> None:
    large = tmp_path / "large" / WHEEL_NAME
    large.parent.mkdir()
    record = b"".join(b"demo/%d.py,sha256=x,1\n" % number for number in range(500_000))
    large.write_bytes(zipped({**SOUND, "demo-1.0.dist-info/RECORD": record}))
    starting = Starting(partial(start_child, 120_000_000))
    async with opened(starting) as children:
        ended = await children.ask(large, WHEEL_NAME)
        sound = await children.ask(wheel, WHEEL_NAME)

    assert "memory" in limit_of(ended)
    assert ended.is_lasting
    assert sound.findings == ((), ())


async def test_a_child_that_does_not_answer_is_given_up(wheel: Path) -> None:
    starting = Starting(python("import time; time.sleep(60)"))
    async with opened(starting, allow=lambda _: 0.1, patience=2) as children:
        answer = await children.ask(wheel, WHEEL_NAME)

    assert "no answer" in limit_of(answer)
    assert not answer.is_lasting
    assert starting.started[0].returncode == -signal.SIGKILL


async def test_a_child_that_dies_by_itself_gets_a_successor(wheel: Path) -> None:
    async with opened(Starting(python("raise SystemExit(1)"))) as children:
        answer = await children.ask(wheel, WHEEL_NAME)

    assert answer == Answer(((), ()), METADATA)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("raise SystemExit(1)", id="no-answer"),
        pytest.param("print('x' * 10)", id="no-form"),
        pytest.param(
            "import sys; sys.stdout.buffer.write(b'\\x7f\\xff\\xff\\xff' + b'x' * 99)", id="endless"
        ),
        pytest.param("import os; os.kill(os.getpid(), 11)", id="segmentation-fault"),
    ],
)
async def test_two_deaths_over_one_file_are_a_finding(wheel: Path, program: str) -> None:
    async with opened(Starting(python(program), python(program))) as children:
        answer = await children.ask(wheel, WHEEL_NAME)
        again = await children.ask(wheel, WHEEL_NAME)

    assert "twice" in limit_of(answer)
    assert not answer.is_lasting
    assert again.findings == ((), ())


async def test_an_answer_that_is_no_answer_is_a_death_too(wheel: Path) -> None:
    program = "import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\2{}'); sys.stdout.flush(); sys.stdin.read()"
    async with opened(Starting(python(program), python(program))) as children:
        answer = await children.ask(wheel, WHEEL_NAME)

    assert "twice" in limit_of(answer)


async def test_a_question_that_is_called_off_leaves_no_child_with_an_old_answer(
    wheel: Path, slow_wheel: Path
) -> None:
    starting = Starting()
    async with opened(starting) as children:
        await children.warm()
        asking = asyncio.create_task(children.ask(slow_wheel, WHEEL_NAME))
        await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        answer = await children.ask(wheel, WHEEL_NAME)

    assert answer.findings == ((), ())
    assert starting.started[0].returncode is not None


async def test_children_end_with_their_context(wheel: Path) -> None:
    starting = Starting()
    async with opened(starting, most=2) as children:
        await children.warm()

    assert all(child.returncode is not None for child in starting.started)


async def test_a_child_knows_nothing_of_our_environment(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDGATE_TOKEN", "fgt_secret")
    starting = Starting()
    async with opened(starting) as children:
        await children.ask(wheel, WHEEL_NAME)
        environment = Path(f"/proc/{starting.started[0].pid}/environ").read_bytes()

    assert b"secret" not in environment


def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    program = """
import asyncio
from feedgate.gate.look import start_child

async def main():
    child = await start_child()
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < until:
        time.sleep(0.01)

    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


@pytest.mark.parametrize(("size_bytes", "seconds"), [(0, 5), (20_000_000, 6), (900_000_000, 50)])
def test_larger_files_may_take_longer(size_bytes: int, seconds: float) -> None:
    assert cpu_seconds(size_bytes) == seconds

"""What a request says of bytes, in ``--hash`` and in a lock, is what the bytes must be."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedgate.api.problem import RemoteProblem
from feedgate.model.run import RunState
from tests.builders.intake_feed import EXACT, Intake, chosen, reason, target
from tests.builders.witness import PipWitness
from tests.intake.conftest import NewFeed

Pip = Callable[[str], PipWitness]


def stated(algorithm: str, file: Path | None) -> str:
    """Return the ``--hash`` option of a file, None = of other bytes."""
    content = b"other bytes" if file is None else file.read_bytes()
    return f"--hash={algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def requirements(*lines: str) -> list[dict[str, str]]:
    return [{"name": "requirements.txt", "kind": "requirements", "text": "\n".join(lines) + "\n"}]


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_bytes_that_have_the_stated_hash_come_in(intake: Intake, pip: Pip, algorithm: str) -> None:
    wheel = intake.offer("demo", "1.0")
    line = f"demo==1.0 {stated(algorithm, wheel)}"

    run = intake.added(files=requirements(line))

    assert chosen(run) == {"demo": "1.0"}
    assert intake.added(files=requirements(line)).already_present == 1


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("is_present", [False, True], ids=["new", "in-the-feed-already"])
def test_bytes_that_have_another_hash_than_stated_do_not(
    intake: Intake, algorithm: str, is_present: bool
) -> None:
    intake.offer("demo", "1.0")
    if is_present:
        intake.added("demo")
    serial = intake.serial

    run = intake.add(files=requirements(f"demo==1.0 {stated(algorithm, None)}"))

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "hash-not-stated", run.error
    assert "demo" in run.error.message
    assert intake.serial == serial


def test_one_of_several_stated_hashes_is_enough(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    line = f"demo==1.0 {stated('sha256', None)} {stated('sha512', wheel)} {stated('sha384', None)}"

    assert chosen(intake.added(files=requirements(line))) == {"demo": "1.0"}


def test_of_several_wheels_the_one_whose_hash_is_stated_is_taken(intake: Intake, pip: Pip) -> None:
    pure = intake.offer("demo", "1.0")
    intake.offer("demo", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")

    run = intake.added(files=requirements(f"demo==1.0 {stated('sha256', pure)}"))

    assert [file.filename for file in run.files] == [pure.name]


def test_a_stated_hash_binds_a_dependency_too(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0")

    run = intake.add(
        "demo",
        files=[
            {"name": "limits.txt", "kind": "constraints", "text": f"part==1.0 {stated('sha256', None)}\n"}
        ],
    )

    assert run.state is RunState.FAILED
    assert "part" in reason(run)


@pytest.mark.parametrize(
    "option", ["--hash=md5:" + "0" * 32, "--hash=sha256:beef", "--hash=sha1:" + "0" * 40, "--hash sha256:zz"]
)
def test_a_hash_that_nobody_can_rely_on_is_refused_by_file_and_line(intake: Intake, option: str) -> None:
    with pytest.raises(RemoteProblem) as refused:
        intake.post(files=requirements("# first", f"demo==1.0 {option}"))

    assert refused.value.code == "hash-not-allowed"
    assert refused.value.message.startswith("requirements.txt:2: ")


# ------------------------------------------------------------------ locks


def entry(wheel: Path, *lines: str, digest: str | None = None) -> str:
    name, version, _ = wheel.name.split("-", 2)
    digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
    head = [f'name = "{name.replace("_", "-")}"', f'version = "{version}"', *lines]
    file = f'{{ url = "https://files.example/{wheel.name}", hashes = {{ sha256 = "{digest}" }} }}'
    return "\n[[packages]]\n" + "\n".join(head) + f"\nwheels = [{file}]\n"


def lock(*entries: str, head: str = "") -> list[dict[str, Any]]:
    text = f'lock-version = "1.0"\ncreated-by = "a tool"\n{head}' + "".join(entries)
    return [{"name": "pylock.toml", "kind": "lock", "text": text}]


def test_a_lock_is_asked_for_as_it_is_pinned(intake: Intake) -> None:
    demo = intake.offer("demo", "1.0", requires=["part"])
    part = intake.offer("part", "1.0")
    intake.offer("demo", "2.0")
    intake.offer("part", "2.0")

    run = intake.added(files=lock(entry(demo), entry(part)))

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}
    assert not [seen for seen in intake.upstream.log if "files.example" in seen.path]


def test_only_entries_whose_marker_holds_are_asked_for(new_feed: NewFeed) -> None:
    old = target("3.9.18")
    intake = new_feed(old, EXACT)
    demo, backport, windows = (intake.offer(name, "1.0") for name in ("demo", "backport", "windows"))
    files = lock(
        entry(demo),
        entry(backport, "marker = \"python_version < '3.10'\""),
        entry(windows, "marker = \"sys_platform == 'win32'\""),
    )

    run = intake.added(files=files)

    assert chosen(run) == {"backport": "1.0", "demo": "1.0"}
    assert {one.target: one.proved for one in run.targets} == {old: True, EXACT: True}


def test_other_bytes_than_a_lock_states_do_not_come_in(intake: Intake) -> None:
    demo = intake.offer("demo", "1.0")

    run = intake.add(files=lock(entry(demo, digest="ab" * 32)))

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "hash-not-stated"
    assert intake.names() == []


@pytest.mark.parametrize(
    "source",
    [
        'vcs = { type = "git", url = "https://git.example/demo", commit-id = "abc" }',
        'directory = { path = "../demo" }',
        'archive = { url = "https://files.example/demo.zip", hashes = { sha256 = "' + "ab" * 32 + '" } }',
    ],
)
def test_a_locks_entry_from_elsewhere_than_an_index_is_refused_by_name(intake: Intake, source: str) -> None:
    with pytest.raises(RemoteProblem) as refused:
        intake.post(files=lock(f'\n[[packages]]\nname = "demo"\n{source}\n'))

    assert refused.value.code == "lock-entry-not-allowed"
    assert refused.value.message.startswith("pylock.toml:packages[0]: demo comes from a ")
    assert intake.upstream.log == []


def test_a_lock_that_is_not_for_old_patches_bounds_the_promise(new_feed: NewFeed, pip: Pip) -> None:
    intake = new_feed(target("3.11"))
    demo = intake.offer("demo", "1.0")

    run = intake.added(files=lock(entry(demo), head='requires-python = ">=3.11.4"\n'))

    assert [(one.proved, one.reason) for one in run.targets] == [(True, "proved for 3.11.4 and later")]


def test_a_locks_window_of_patches_is_proved_inside_too(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.9")
    intake = new_feed(target("3.9"))
    demo, inside = intake.offer("demo", "1.0"), intake.offer("inside", "1.0")
    window = "marker = \"python_full_version >= '3.9.10' and python_full_version < '3.9.25'\""

    run = intake.added(files=lock(entry(demo), entry(inside, window)))

    assert chosen(run) == {"demo": "1.0", "inside": "1.0"}
    assert witness.chooses(intake.simple_url, "inside") == {"inside": "1.0"}

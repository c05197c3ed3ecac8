"""What each target installs: from what the steps kept, with markers where patches differ."""

import itertools
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.formats.core_metadata import parse_core_metadata
from feedgate.intake.asked import Asked
from feedgate.intake.kept import (
    Fetched,
    Publication,
    Resolved,
    keep_fetched,
    keep_publication,
    keep_resolved,
)
from feedgate.intake.locks import LockedPin, Locks, read_locks
from feedgate.intake.request import post_request, show_run
from feedgate.intake.sending.sent import End, Sent, SentFile, keep_sent
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName
from feedgate.model.resolution import Pin
from feedgate.model.run import RunKind, RunState
from feedgate.records import inspections, runs
from tests.builders.installation import FEED, LOCAL, Installation, open_installation
from tests.builders.metadata import write_metadata

BARE, EXACT = "3.11@x86_64-manylinux_2_28", "3.12.4@aarch64-apple-darwin"
SOURCE = "https://upstream.example/files/demo.whl"
THERE = "https://destination.example"


class Stage:
    """An installation with one run, whose steps keep what a test says."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.records = installation.records
        self._numbers = itertools.count(1)

    def post(self, *targets: str, words: Iterable[str] = ("demo",)) -> None:
        asked = Asked(RunKind.ADD, requirements=tuple(words), targets=targets)
        now = self.installation.clock()
        self.run = post_request(self.records, LOCAL, FEED, asked, key="key", now=now)

    async def pin(
        self, name: str, requires: Iterable[str] = (), *, is_looked_at: bool = True, has_digest: bool = True
    ) -> Pin:
        number = next(self._numbers)
        digest = Digest(f"{number:064x}")
        if is_looked_at:
            metadata = write_metadata(name, "1.0", requires=requires)
            parse_core_metadata(metadata.encode(), filename=name)
            async with self.installation.blobs.receive() as incoming:
                await incoming.write(metadata.encode())
                kept = await incoming.keep()
            with self.records.note() as note:
                inspections.put_metadata(note, [(digest, kept)])
        filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        file = Distribution(filename, digest if has_digest else None, 10 * number, source=SOURCE)
        return Pin(ProjectName(name), "1.0", file)

    def resolve(self, target: str, pins: Iterable[Pin], *pythons: str) -> None:
        keep_resolved(self.records, self.run.id, target, Resolved(tuple(pins), pythons, (), (), (), (), ()))

    def publish(self, state: RunState = RunState.PUBLISHED) -> None:
        with self.records.note() as note:
            keep_publication(note, self.run.id, Publication(2, (), ()))
        self.end(state)

    def end(self, state: RunState) -> None:
        with self.records.note() as note:
            runs.finish(note, self.run.id, state, self.installation.clock())

    async def locks(self, *, destination: str | None = None) -> Locks:
        run = replace(show_run(self.records, LOCAL, self.run.id), destination=destination)
        return await read_locks(self.records, self.installation.blobs, run)

    def send(self, **files: SentFile) -> None:
        by_name = {f"{name}-1.0-py3-none-any.whl": file for name, file in files.items()}
        keep_sent(self.records, self.run.id, Sent(files=by_name, is_complete=True))

    async def markers(self) -> dict[str, str | None]:
        [lock] = (await self.locks()).targets
        return {pin.project: pin.marker for pin in lock.pins}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_installation(tmp_path) as installation:
        yield Stage(installation)


async def test_a_published_run_is_installable_target_by_target(stage: Stage) -> None:
    stage.post(BARE, EXACT)
    pin = await stage.pin("demo")
    stage.resolve(BARE, [pin], "3.11.0", "3.11.99")
    stage.resolve(EXACT, [pin], "3.12.4")
    stage.publish()

    locks = await stage.locks()

    assert locks.installable
    assert [str(lock.target) for lock in locks.targets] == [BARE, EXACT]
    assert [lock.requires_python for lock in locks.targets] == ["==3.11.*", "==3.12.4"]
    assert [lock.environment for lock in locks.targets] == [
        "sys_platform == 'linux' and platform_machine == 'x86_64' and implementation_name == 'cpython'",
        "sys_platform == 'darwin' and platform_machine == 'arm64' and implementation_name == 'cpython'",
    ]
    assert locks.targets[0].pins == (
        LockedPin(
            project=ProjectName("demo"),
            version="1.0",
            filename="demo-1.0-py3-none-any.whl",
            digest=Digest(f"{1:064x}"),
            size_bytes=10,
            uploaded_at=None,
            marker=None,
            path="/acme/_packaging/pip-feed/pypi/download/demo/1.0/demo-1.0-py3-none-any.whl",
            address=None,
        ),
    )


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        (f"{THERE}/demo.whl", f"{THERE}/demo.whl"),
        (f"{THERE}/demo.whl#sha256=ab", f"{THERE}/demo.whl"),
        ("https://ada:secret@destination.example:8443/demo.whl", "https://destination.example:8443/demo.whl"),
        (f"{THERE}/demo.whl?sig=secret", f"{THERE}/demo.whl"),
    ],
)
async def test_a_files_address_is_the_destinations_without_a_credential(
    stage: Stage, listed: str, address: str
) -> None:
    stage.post(EXACT)
    stage.resolve(EXACT, [await stage.pin("demo")], "3.12.4")
    stage.publish()
    stage.send(demo=SentFile(End.SENT, address=listed))

    locks = await stage.locks(destination=THERE)

    assert locks.installable
    assert locks.targets[0].pins[0].address == address
    assert (await stage.locks()).targets[0].pins[0].address is None


async def test_the_upstreams_addresses_are_nowhere(stage: Stage) -> None:
    stage.post(EXACT)
    stage.resolve(EXACT, [await stage.pin("demo")], "3.12.4")
    stage.publish()

    assert SOURCE not in repr(await stage.locks())


@pytest.mark.parametrize(
    "other",
    [
        SentFile(End.SENT),
        SentFile(End.REFUSED, "too large", f"{THERE}/part.whl"),
        SentFile(End.PRESENT, "other bytes are there and stay", f"{THERE}/part.whl"),
    ],
    ids=["not-listed", "refused", "other-bytes"],
)
async def test_what_the_destination_has_not_with_these_bytes_can_not_be_installed(
    stage: Stage, other: SentFile
) -> None:
    stage.post(EXACT)
    stage.resolve(EXACT, [await stage.pin("demo"), await stage.pin("part")], "3.12.4")
    stage.publish()
    stage.send(demo=SentFile(End.PRESENT, address=f"{THERE}/demo.whl"), part=other)

    locks = await stage.locks(destination=THERE)

    assert not locks.installable
    assert [pin.address for pin in locks.targets[0].pins] == [f"{THERE}/demo.whl", None]


async def test_what_was_fetched_without_a_stated_digest_has_the_one_it_came_with(stage: Stage) -> None:
    stage.post(EXACT)
    pin = await stage.pin("demo", has_digest=False)
    stage.resolve(EXACT, [pin], "3.12.4")
    stage.publish()

    assert not (await stage.locks()).installable

    keep_fetched(stage.records, stage.run.id, Fetched({pin.file.filename: Digest("d" * 64)}, 1))
    locks = await stage.locks()

    assert locks.installable
    assert locks.targets[0].pins[0].digest == "d" * 64


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.HELD, RunState.REFUSED, RunState.CANCELLED])
async def test_a_run_that_ended_otherwise_is_not_installable(stage: Stage, state: RunState) -> None:
    stage.post(EXACT)
    stage.resolve(EXACT, [await stage.pin("demo")], "3.12.4")
    stage.publish(state)

    locks = await stage.locks()

    assert not locks.installable
    assert len(locks.targets) == 1


async def test_a_run_that_goes_on_shows_what_it_has(stage: Stage) -> None:
    stage.post(BARE, EXACT)
    assert await stage.locks() == Locks(installable=False, targets=())

    stage.resolve(EXACT, [await stage.pin("demo")], "3.12.4")
    locks = await stage.locks()

    assert [str(lock.target) for lock in locks.targets] == [EXACT]
    assert not locks.installable


@pytest.mark.parametrize(
    ("condition", "pythons", "marker"),
    [
        pytest.param("< '3.11.3'", (0, 2, 3, 99), "python_full_version < '3.11.3'", id="old-patches"),
        pytest.param(">= '3.11.3'", (0, 2, 3, 99), "python_full_version >= '3.11.3'", id="new-patches"),
        pytest.param(
            "== '3.11.4'",
            (0, 3, 4, 5, 99),
            "python_full_version >= '3.11.4' and python_full_version < '3.11.5'",
            id="one-patch",
        ),
        pytest.param(
            "!= '3.11.4'",
            (0, 3, 4, 5, 99),
            "python_full_version < '3.11.4' or python_full_version >= '3.11.5'",
            id="all-but-one",
        ),
        pytest.param(">= '3.11'", (0, 2, 3, 99), None, id="every-patch"),
        pytest.param("< '3.0'", (0, 2, 3, 99), None, id="no-patch-that-we-know-of"),
    ],
)
async def test_what_some_patches_need_is_installed_on_those(
    stage: Stage, condition: str, pythons: tuple[int, ...], marker: str | None
) -> None:
    stage.post(BARE)
    demo = await stage.pin("demo", [f"sometimes ; python_full_version {condition}", "always"])
    pins = [
        demo,
        await stage.pin("sometimes", ["deeper"]),
        await stage.pin("deeper"),
        await stage.pin("always"),
    ]
    stage.resolve(BARE, pins, *(f"3.11.{patch}" for patch in pythons))
    stage.publish()

    assert await stage.markers() == {"demo": None, "sometimes": marker, "deeper": marker, "always": None}


async def test_a_marker_of_the_requests_own_counts(stage: Stage) -> None:
    stage.post(BARE, words=["demo", "part ; python_full_version < '3.11.3'"])
    stage.resolve(
        BARE, [await stage.pin("demo"), await stage.pin("part")], "3.11.0", "3.11.2", "3.11.3", "3.11.99"
    )
    stage.publish()

    assert await stage.markers() == {"demo": None, "part": "python_full_version < '3.11.3'"}


async def test_where_metadata_is_not_kept_nothing_is_left_out(stage: Stage) -> None:
    stage.post(BARE)
    demo = await stage.pin("demo", ["old ; python_full_version < '3.11.3'", "lost"])
    pins = [demo, await stage.pin("old"), await stage.pin("lost", is_looked_at=False)]
    stage.resolve(BARE, pins, "3.11.0", "3.11.2", "3.11.3", "3.11.99")
    stage.publish()

    assert set((await stage.markers()).values()) == {None}


async def test_a_blob_that_was_lost_leaves_nothing_out_either(stage: Stage) -> None:
    stage.post(BARE)
    demo = await stage.pin("demo", ["old ; python_full_version < '3.11.3'"])
    pins = [demo, await stage.pin("old")]
    stage.resolve(BARE, pins, "3.11.0", "3.11.2", "3.11.3", "3.11.99")
    stage.publish()
    assert "python_full_version < '3.11.3'" in (await stage.markers()).values()
    with stage.records.read() as view:
        where = inspections.find_metadata(view, [Digest(f"{1:064x}")])
    for digest in where.values():
        assert digest is not None
        await stage.installation.blobs.delete(digest)

    assert set((await stage.markers()).values()) == {None}


async def test_an_exact_target_needs_no_marker(stage: Stage) -> None:
    stage.post(EXACT)
    demo = await stage.pin("demo", ["old ; python_full_version < '3.12.9'"])
    stage.resolve(EXACT, [demo, replace(await stage.pin("old"), present=True)], "3.12.4")
    stage.publish()

    assert set((await stage.markers()).values()) == {None}

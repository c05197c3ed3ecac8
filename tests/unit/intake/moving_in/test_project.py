"""One project on its way in: who is asked for it, what each file ends as, and whose trouble stops everything."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedgate.errors import FeedgateError
from feedgate.feed.moving_in import Moving
from feedgate.feed.projects import set_project
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.intake.moving_in.project import Ground, bring_project, look_at_project
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.feed import Origin, UpstreamRule
from feedgate.model.index import BadPage, NoSuchProject, ProjectPage, UpstreamUnavailable
from feedgate.model.moving_in import FileEnd
from feedgate.model.names import ProjectName
from feedgate.outside.destination_peer import DestinationDenied
from feedgate.outside.fetcher import Stored
from feedgate.outside.receiving import ReceivingStore
from feedgate.policy.policies import OPEN
from feedgate.records.feeds import find
from tests.builders.installation import FEED, LOCAL, Installation, open_installation
from tests.doubles.memory_index import MemoryIndex, Stocked, digest_of

DEMO = ProjectName("demo")
OLD = datetime(2019, 5, 4, tzinfo=UTC)
NEWER = datetime(2024, 5, 4, tzinfo=UTC)

MakeArchive = Callable[..., Path]


@dataclass
class MemorySource:
    """A source in memory; ``trouble`` is raised for a page or a file by name, ``is_there`` = it answers at all."""

    content: dict[str, bytes] = field(default_factory=dict)
    files: list[Distribution] = field(default_factory=list)
    trouble: dict[str, FeedgateError] = field(default_factory=dict)
    is_there: bool = True
    fetched: list[str] = field(default_factory=list)

    def add(self, file: Path, *, states_digest: bool = True, **facts: object) -> Path:
        body = file.read_bytes()
        self.content[file.name] = body
        digest = digest_of(body) if states_digest else None
        self.files.append(Distribution(file.name, digest, source=f"https://s.example/{file.name}", **facts))  # type: ignore[arg-type]  # fields of it
        return file

    async def names(self) -> AsyncIterator[ProjectName]:
        yield DEMO

    async def page(self, name: ProjectName) -> ProjectPage:
        self._raise(name)
        if not self.files:
            raise NoSuchProject(name, index="the source")
        return ProjectPage(name, tuple(self.files), validator="")

    async def digest_known(self, file: Distribution) -> Digest | None:
        return file.digest

    async def answers(self) -> bool:
        return self.is_there

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        self._raise(file.filename)
        self.fetched.append(file.filename)
        body = self.content[file.filename]
        async with blobs.receive() as incoming:
            await incoming.write(body)
            progress(len(body))
            return Stored(await incoming.keep(), len(body))

    def _raise(self, what: str) -> None:
        if what in self.trouble:
            raise self.trouble[what]


@dataclass
class Stage:
    installation: Installation
    source: MemorySource
    upstream: MemoryIndex

    @property
    def ground(self) -> Ground:
        uploads = self.installation.parts.uploads
        with self.installation.records.read() as view:
            located = find(view, FEED)
        assert located is not None
        return Ground(
            self.installation.records,
            self.installation.blobs,
            uploads.looks,
            self.upstream,
            located,
            OPEN,
            AdvisoryDatabase((), ()),
            self.installation.clock,
        )

    async def bring(self, *, is_own: bool = False) -> Moving:
        return await bring_project(self.ground, self.source, DEMO, is_own=is_own)

    def lists(self, file: Path, **facts: object) -> Path:
        """Have the upstream list the file, and return it."""
        body = file.read_bytes()
        entry = Distribution(file.name, digest_of(body), **facts)  # type: ignore[arg-type]  # fields of it
        self.upstream.stock.append(Stocked(DEMO, entry, body, None))
        return file


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    root = tmp_path / "installation"
    root.mkdir()
    async with open_installation(root) as installation:
        yield Stage(installation, MemorySource(), MemoryIndex())


async def test_what_both_list_is_an_import_with_the_upstreams_facts(
    stage: Stage, make_wheel: MakeArchive
) -> None:
    wheel = make_wheel("demo", "1.0", requires_python=">=3.9")
    stage.source.add(wheel, uploaded_at=NEWER)
    address = "https://files.example/demo"
    stage.lists(wheel, uploaded_at=OLD, yanked="old", source=address, requires_python=">=3.9")

    moving = await stage.bring()

    (row,) = moving.rows
    assert (row.origin, row.source, row.version) == (Origin.IMPORTED, address, "1.0")
    assert (row.file.uploaded_at, row.file.yanked, row.file.source) == (OLD, "old", None)
    assert (row.file.requires_python, row.size_bytes) == (">=3.9", wheel.stat().st_size)
    assert row.file.metadata_digest is not None
    assert (moving.seen.is_internal, moving.seen.is_mixed) == (False, False)
    assert stage.upstream.asked == ["page demo"]


@pytest.mark.parametrize(
    ("source", "upstream", "expected"),
    [
        pytest.param({"uploaded_at": OLD}, None, (OLD, None), id="the-sources-time"),
        pytest.param({}, None, ("now", None), id="no-time-is-now-for-its-own"),
        pytest.param({"uploaded_at": OLD}, {}, (OLD, None), id="the-sources-where-the-upstream-has-none"),
        pytest.param({}, {}, (None, None), id="unknown-stays-unknown"),
        pytest.param({"yanked": "ours"}, {"yanked": "theirs"}, (None, "ours"), id="the-sources-yank-first"),
        pytest.param({}, {"yanked": ""}, (None, ""), id="a-yank-without-reason"),
    ],
)
async def test_times_and_yanks(
    stage: Stage,
    make_wheel: MakeArchive,
    source: dict[str, object],
    upstream: dict[str, object] | None,
    expected: tuple[object, str | None],
) -> None:
    wheel = stage.source.add(make_wheel("demo", "1.0"), **source)  # type: ignore[arg-type]  # fields of a Distribution
    if upstream is not None:
        stage.lists(wheel, **upstream)

    (row,) = (await stage.bring()).rows

    now = stage.installation.clock() if expected[0] == "now" else expected[0]
    assert (row.file.uploaded_at, row.file.yanked) == (now, expected[1])


async def test_who_is_not_asked_lists_nothing(stage: Stage, make_wheel: MakeArchive) -> None:
    stage.lists(stage.source.add(make_wheel("demo", "1.0")))

    moving = await stage.bring(is_own=True)
    looked = await look_at_project(stage.ground, stage.source, DEMO, is_own=True)

    assert [row.origin for row in moving.rows] == [Origin.INTERNAL]
    assert [file.origin for file in looked.files] == [Origin.INTERNAL]
    assert stage.upstream.asked == []


@pytest.mark.parametrize(
    ("rule", "asked"), [(UpstreamRule.DENY, []), (UpstreamRule.ALLOW, ["page demo"])], ids=str
)
async def test_a_persons_word_on_a_name_counts(
    stage: Stage, make_wheel: MakeArchive, rule: UpstreamRule, asked: list[str]
) -> None:
    await stage.installation.publish(make_wheel("demo", "0.9"))
    set_project(stage.installation.records, LOCAL, FEED, DEMO, upstream=rule, now=stage.installation.clock())
    stage.source.add(make_wheel("demo", "1.0"))

    await stage.bring()

    assert stage.upstream.asked == asked


async def test_a_look_takes_the_name_where_no_digest_is_stated(stage: Stage, make_wheel: MakeArchive) -> None:
    theirs = stage.source.add(make_wheel("demo", "1.0"), states_digest=False)
    ours = stage.source.add(make_wheel("demo", "1.1"), states_digest=False)
    stage.lists(theirs)

    looked = await look_at_project(stage.ground, stage.source, DEMO, is_own=False)

    assert {file.filename: (file.end, file.origin, file.digest) for file in looked.files} == {
        theirs.name: (FileEnd.NEW, Origin.IMPORTED, None),
        ours.name: (FileEnd.NEW, Origin.INTERNAL, None),
    }
    assert (looked.is_internal, looked.is_mixed) == (True, True)
    assert stage.source.fetched == []


async def test_a_file_that_turns_out_to_be_there_is_present(stage: Stage, make_wheel: MakeArchive) -> None:
    wheel = stage.source.add(make_wheel("demo", "1.0"), states_digest=False)
    await stage.installation.publish(wheel)

    moving = await stage.bring()

    assert [(file.filename, file.end) for file in moving.seen.files] == [(wheel.name, FileEnd.PRESENT)]
    assert moving.rows == ()


async def test_a_name_listed_twice_with_other_bytes_is_neither(stage: Stage, make_wheel: MakeArchive) -> None:
    first = stage.source.add(make_wheel("demo", "1.0"))
    stage.source.files.append(Distribution(first.name, Digest("f" * 64)))
    stage.source.files.append(stage.source.files[0])

    moving = await stage.bring()

    assert [(file.end, file.reason) for file in moving.seen.files] == [
        (FileEnd.UNREADABLE, f"{first.name}: is listed more than once, with different bytes")
    ]
    assert (moving.rows, stage.source.fetched) == ((), [])


@pytest.mark.parametrize(
    "trouble",
    [
        UpstreamUnavailable("demo-1.0", reason="503", index="the source"),
        DestinationDenied("demo-1.0", destination="the source", status=403, words="", next_step="ask"),
    ],
    ids=["unavailable", "denied"],
)
@pytest.mark.parametrize("what", ["demo", "file"])
async def test_trouble_with_one_thing_is_its_own_while_the_source_answers_and_everybodys_otherwise(
    stage: Stage, make_wheel: MakeArchive, trouble: FeedgateError, what: str
) -> None:
    wheel = stage.source.add(make_wheel("demo", "1.0"))
    other = stage.source.add(make_wheel("demo", "1.1"))
    stage.source.trouble[wheel.name if what == "file" else what] = trouble

    moving = await stage.bring()

    if what == "file":
        assert [(file.end, file.reason) for file in moving.seen.files] == [
            (FileEnd.UNREADABLE, trouble.message)
        ]
        assert [row.file.filename for row in moving.rows] == [other.name]
    else:
        assert (moving.seen.reason, moving.rows) == (trouble.message, ())
    stage.source.is_there = False
    with pytest.raises(type(trouble)):
        await stage.bring()


@pytest.mark.parametrize(
    "trouble",
    [BadPage("demo", reason="no page"), NoSuchProject(DEMO, index="the source")],
    ids=["bad", "none"],
)
async def test_a_page_that_can_not_be_read_is_the_projects_own(stage: Stage, trouble: FeedgateError) -> None:
    stage.source.trouble["demo"] = trouble
    stage.source.is_there = False

    looked = await look_at_project(stage.ground, stage.source, DEMO, is_own=False)

    assert (looked.reason, looked.files) == (trouble.message, ())
    assert stage.upstream.asked == []


async def test_an_upstream_that_does_not_answer_stops_everything(
    stage: Stage, make_wheel: MakeArchive
) -> None:
    stage.source.add(make_wheel("demo", "1.0"))
    stage.upstream.faults[DEMO] = UpstreamUnavailable("demo", reason="503")

    with pytest.raises(UpstreamUnavailable):
        await stage.bring()

    assert stage.source.fetched == []

"""A feed's rows and ledger against a plain dictionary: whatever happens, each serial shows what it showed."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.ledger import Act, Serial, verify
from feedgate.model.names import FeedPath, ProjectName
from feedgate.records import distributions, entries, projects
from feedgate.records.database import FeedId, head_of, start_ledger
from feedgate.records.feeds import create_organization, prepare
from tests.builders.databases import NOON, empty_database, published

NAMES = st.sampled_from(["demo", "other", "third"])
VERSIONS = st.sampled_from(["1.0", "2.0", "2.0rc1"])
DIGESTS = st.sampled_from("abc")
REASONS = st.one_of(st.none(), st.sampled_from(["", "broken"]))


@dataclass(frozen=True)
class Listed:
    """What a page shows of a file."""

    digest: str
    yanked: str | None


State = dict[str, Listed]
Projects = dict[str, tuple[Origin, UpstreamRule | None]]


class History(RuleBasedStateMachine):
    """The records, and beside them the state after each serial."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.records = empty_database(Path(self.folder.name) / "records.sqlite")
        self.feed = FeedId(0)
        self.states: list[State] = [{}]
        self.projects: list[Projects] = [{}]
        self.spent: dict[str, str] = {}

    @initialize()
    def make_feed(self) -> None:
        with self.records.change(None, Act.ORGANIZATION_CREATED, "ada", NOON) as change:
            create_organization(change, "acme")
            change.record({})
        with self.records.note() as note:
            self.feed = prepare(note, FeedPath("acme", "team"))

    def teardown(self) -> None:
        self.records.close()
        self.folder.cleanup()

    @property
    def now(self) -> State:
        return self.states[-1]

    def advance(self, state: State | None = None, named: Projects | None = None) -> None:
        self.states.append(self.now if state is None else state)
        self.projects.append(self.projects[-1] if named is None else named)

    @rule(name=NAMES, version=VERSIONS, digest=DIGESTS)
    def publish(self, name: str, version: str, digest: str) -> None:
        filename = f"{name}-{version}-py3-none-any.whl"
        with self.records.change(self.feed, Act.PUBLISHED, "ada", NOON) as change:
            known = distributions.spent(change, self.feed, [filename])
            assert known.get(filename) == (self.spent[filename] * 64 if filename in self.spent else None)
            if known:
                return  # spent for ever, whatever the bytes are
            distributions.publish(change, self.feed, [published(filename, digest=digest)])
            change.record({"files": [filename]})
        self.spent[filename] = digest
        self.advance({**self.now, filename: Listed(digest, None)})

    @rule(reason=REASONS, data=st.data())
    @precondition(lambda self: self.now)
    def yank(self, reason: str | None, data: st.DataObject) -> None:
        filename = data.draw(st.sampled_from(sorted(self.now)))
        with self.records.change(self.feed, Act.YANKED, "ada", NOON) as change:
            row = distributions.find(change, self.feed, filename)
            assert row is not None
            distributions.replace(change, self.feed, replace(row, file=replace(row.file, yanked=reason)))
            change.record({"file": filename, "reason": reason})
        self.advance({**self.now, filename: replace(self.now[filename], yanked=reason)})

    @rule(
        name=NAMES, origin=st.sampled_from(Origin), word=st.one_of(st.none(), st.sampled_from(UpstreamRule))
    )
    def set_project(self, name: str, origin: Origin, word: UpstreamRule | None) -> None:
        with self.records.change(self.feed, Act.PROJECT_CHANGED, "ada", NOON) as change:
            projects.put(change, self.feed, FeedProject(name, origin, word))
            change.record({"project": name})
        self.advance(named={**self.projects[-1], name: (origin, word)})

    @rule(name=NAMES)
    def begin_and_leave_it(self, name: str) -> None:
        with self.records.change(self.feed, Act.PROJECT_CHANGED, "ada", NOON) as change:
            projects.put(change, self.feed, FeedProject(name, Origin.INTERNAL))

    @rule()
    def note(self) -> None:
        with self.records.note() as note:
            start_ledger(note, self.feed, "another name")

    @invariant()
    def every_serial_shows_what_it_showed(self) -> None:
        for serial in range(len(self.states)):
            with self.records.read(self.feed, Serial(serial)) as snapshot:
                rows = [
                    row
                    for name in projects.names(snapshot)
                    for row in distributions.of_project(snapshot, self.feed, name)
                ]
                named = projects.all_projects(snapshot, self.feed)
            seen = {row.file.filename: Listed(row.digest[0], row.file.yanked) for row in rows}
            assert seen == self.states[serial]
            assert {n: (p.origin, p.upstream) for n, p in named.items()} == self.projects[serial]

    @invariant()
    def the_ledger_holds(self) -> None:
        with self.records.read(self.feed) as snapshot:
            seen = verify(entries.entries(snapshot, self.feed), head=head_of(snapshot, self.feed))
        assert (seen.fault, seen.serial) == (None, len(self.states) - 1)

    @invariant()
    def a_page_changes_exactly_when_its_validator_does(self) -> None:
        for name in ("demo", "other", "third"):
            last = 0
            for serial in range(1, len(self.states)):
                if self.page(name, serial) != self.page(name, serial - 1):
                    last = serial
            with self.records.read(self.feed) as snapshot:
                stated = distributions.last_change(snapshot, self.feed, ProjectName(name))
            # A row that was written again as it was is a change too: never too few, and none from elsewhere.
            assert stated >= last

    def page(self, name: str, serial: int) -> tuple[State, object]:
        files = {key: value for key, value in self.states[serial].items() if key.startswith(f"{name}-")}
        return files, self.projects[serial].get(name)


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)

"""Sending in ranks: what is visible can be installed, and a refusal keeps back what depends on it alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.intake.sending.order import order_of
from feedgate.intake.sending.ranks import Closure, Sending, release_of
from feedgate.intake.sending.sent import End
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.environment import marker_environment
from feedgate.model.feed import Origin
from feedgate.model.index import ProjectPage
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.target import parse_target
from feedgate.outside.delivery import Conflict, Delivery, Exceeds, Present, Refused, Sent, Spent
from feedgate.outside.destination_peer import DestinationDenied
from feedgate.records.distributions import Published

TARGET = parse_target("3.11.4@x86_64-manylinux_2_28")
ENVIRONMENT = marker_environment(TARGET, TARGET.python)
OTHER = Digest("f" * 64)


def digest_of(name: str) -> Digest:
    return Digest(name.encode().hex().ljust(64, "0")[:64])


def row(name: str, version: str = "1.0", *, tag: str = "py3") -> Published:
    filename = f"{name}-{version}-{tag}-none-any.whl"
    digest = digest_of(filename)
    return Published(
        project=parse_project_name(name),
        version=version,
        file=Distribution(filename, digest, 10),
        digest=digest,
        size_bytes=10,
        origin=Origin.IMPORTED,
        source=None,
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def metadata(name: str, requires: Collection[str], version: str) -> CoreMetadata:
    lines = [f"Metadata-Version: {version}", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {one}" for one in requires]
    return parse_core_metadata("\n".join([*lines, ""]).encode(), filename=f"{name}-1.0-py3-none-any.whl")


@dataclass
class Feed:
    """A destination that answers by name of file, else takes everything; it notes what came, in order."""

    answers: dict[str, Delivery] = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    attempted: list[str] = field(default_factory=list)

    async def deliver(self, row: Published, _listed: ProjectPage) -> Delivery:
        assert row.file.filename in self.attempted, "sent before it was noted"
        self.came.append(row.project)
        return self.answers.get(row.project, Sent())

    async def attempting(self, filenames: Collection[str]) -> None:
        self.attempted.extend(filenames)


def sending(
    needs: Mapping[str, Collection[str]],
    feed: Feed,
    *,
    versions: Mapping[str, str] | None = None,
    pages: Mapping[ProjectName, ProjectPage | None] | None = None,
    attempted: Collection[str] = (),
    accepted: Collection[str] = (),
    rows: Collection[Published] = (),
) -> Sending:
    all_rows = tuple(rows) or tuple(row(name) for name in needs)
    said = {
        one.file.filename: metadata(one.project, needs[one.project], (versions or {}).get(one.project, "2.1"))
        for one in all_rows
    }
    order = order_of({release_of(one): [said[one.file.filename]] for one in all_rows}, [ENVIRONMENT])
    closure = Closure(all_rows, said, order, frozenset(map(parse_project_name, accepted)))
    return Sending(
        closure, pages or {}, frozenset(attempted), feed.deliver, feed.attempting, lambda _count: None
    )


def ends(work: Sending) -> dict[str, str]:
    return {name.partition("-")[0]: file.end.value for name, file in work.files.items()}


CHAIN = {"top": ["middle"], "middle": ["bottom"], "bottom": [], "apart": []}


async def test_what_is_needed_goes_before_what_needs_it() -> None:
    feed = Feed()
    work = sending(CHAIN, feed)
    await work.run()

    assert feed.came.index("bottom") < feed.came.index("middle") < feed.came.index("top")
    assert set(ends(work).values()) == {"published"}


async def test_what_is_there_is_not_sent() -> None:
    feed = Feed()
    there = row("bottom")
    pages = {there.project: ProjectPage(there.project, (there.file,), "")}
    work = sending(CHAIN, feed, pages=pages)
    await work.run()

    assert "bottom" not in feed.came
    assert ends(work)["bottom"] == "present"


async def test_what_is_there_and_can_not_be_read_is_not_sent_and_said() -> None:
    feed = Feed()
    there = row("bottom")
    page = ProjectPage(there.project, (), "", unreadable=(there.file.filename.capitalize(),))
    work = sending(CHAIN, feed, pages={there.project: page})
    await work.run()

    assert feed.came == ["apart"]
    assert ends(work) == {
        "bottom": "refused",
        "middle": "kept-back",
        "top": "kept-back",
        "apart": "published",
    }
    assert "can not be read" in str(work.files[there.file.filename].reason)


async def test_what_was_attempted_and_is_there_was_sent_by_this_run() -> None:
    there = row("bottom")
    pages = {there.project: ProjectPage(there.project, (there.file,), "")}
    work = sending(CHAIN, Feed(), pages=pages, attempted=[there.file.filename])
    await work.run()

    assert ends(work)["bottom"] == "published"


async def test_a_refused_file_keeps_back_what_depends_on_it_and_nothing_else() -> None:
    feed = Feed({"middle": Refused(400, "no such thing", "Ask an Owner")})
    work = sending(CHAIN, feed)
    await work.run()

    assert ends(work) == {
        "bottom": "published",
        "apart": "published",
        "middle": "refused",
        "top": "kept-back",
    }
    refused = work.files["middle-1.0-py3-none-any.whl"].reason or ""
    assert "400" in refused
    assert "no such thing" in refused
    assert "middle-1.0-py3-none-any.whl" in (work.files["top-1.0-py3-none-any.whl"].reason or "")
    assert not work.must_choose_anew


async def test_a_denial_of_one_file_after_others_were_taken_is_a_refusal_of_that_one() -> None:
    class Denies(Feed):
        async def deliver(self, row: Published, listed: ProjectPage) -> Delivery:
            if row.project == "middle":
                raise DestinationDenied(
                    "middle",
                    destination="the destination",
                    status=403,
                    words="",
                    next_step="Look at the role.",
                )
            return await super().deliver(row, listed)

    work = sending(CHAIN, Denies())
    await work.run()

    assert ends(work) == {
        "bottom": "published",
        "apart": "published",
        "middle": "refused",
        "top": "kept-back",
    }


@pytest.mark.parametrize("status", [401, 403])
async def test_a_denial_before_anything_was_taken_ends_the_sending(status: int) -> None:
    class Denies(Feed):
        async def deliver(self, row: Published, _listed: ProjectPage) -> Delivery:
            raise DestinationDenied(row.project, destination="d", status=status, words="", next_step="Look.")

    with pytest.raises(DestinationDenied):
        await sending(CHAIN, Denies()).run()


async def test_a_conflict_names_both_digests_and_keeps_back_what_depends_on_it() -> None:
    work = sending(CHAIN, Feed({"bottom": Conflict(OTHER)}))
    await work.run()

    assert ends(work) == {
        "bottom": "conflict",
        "apart": "published",
        "middle": "kept-back",
        "top": "kept-back",
    }
    reason = work.files["bottom-1.0-py3-none-any.whl"].reason or ""
    assert OTHER in reason
    assert digest_of("bottom-1.0-py3-none-any.whl") in reason


async def test_other_bytes_that_are_accepted_count_as_there() -> None:
    work = sending(CHAIN, Feed({"bottom": Conflict(OTHER)}), accepted=["bottom"])
    await work.run()

    assert ends(work)["bottom"] == "present"
    assert ends(work)["top"] == "published"


async def test_a_spent_name_stops_the_sending_and_is_learnt() -> None:
    work = sending(CHAIN, Feed({"bottom": Spent("deleted there")}))
    await work.run()

    assert work.must_choose_anew
    assert work.spent == {"bottom-1.0-py3-none-any.whl": "deleted there"}
    assert "middle" not in ends(work)


async def test_one_file_of_each_metadata_version_goes_ahead_of_the_others() -> None:
    feed = Feed({"new": Exceeds(Limits(metadata_version="2.1"), "2.4 is unsupported")})
    needs: dict[str, list[str]] = {name: [] for name in ("new", "newer", "newest", "old", "older")}
    work = sending(needs, feed, versions={"new": "2.4", "newer": "2.4", "newest": "2.4"})
    await work.run()

    assert sorted(feed.came) == ["new", "old"]
    assert work.limits == Limits(metadata_version="2.1")
    assert work.must_choose_anew


async def test_a_version_that_was_seen_there_needs_no_file_ahead() -> None:
    there = row("taken")
    pages = {there.project: ProjectPage(there.project, (there.file,), "")}
    needs: dict[str, list[str]] = {name: [] for name in ("taken", "first", "second")}
    feed = Feed()
    work = sending(needs, feed, versions=dict.fromkeys(needs, "2.4"), pages=pages)
    await work.run()

    # Noted in one go: nothing had to be tried first.
    assert feed.attempted == ["first-1.0-py3-none-any.whl", "second-1.0-py3-none-any.whl"]


async def test_too_much_without_a_limit_that_could_be_learnt_is_a_refusal() -> None:
    work = sending(CHAIN, Feed({"apart": Exceeds(Limits(), "too large")}))
    await work.run()

    assert ends(work)["apart"] == "refused"
    assert not work.must_choose_anew


async def test_what_depends_on_each_other_goes_together_and_is_kept_back_together() -> None:
    cycle = {"left": ["right"], "right": ["left", "base"], "base": [], "user": ["left"]}
    work = sending(cycle, Feed())
    await work.run()
    assert set(ends(work).values()) == {"published"}

    work = sending(cycle, Feed({"base": Refused(403, "no", "")}))
    await work.run()
    assert ends(work) == {"base": "refused", "left": "kept-back", "right": "kept-back", "user": "kept-back"}


async def test_all_files_of_a_release_go_in_one_rank() -> None:
    feed = Feed()
    rows = [row("top"), row("bottom", tag="py2"), row("bottom", tag="py3")]
    work = sending({"top": ["bottom"], "bottom": []}, feed, rows=rows)
    await work.run()

    assert feed.came == ["bottom", "bottom", "top"]


async def test_present_as_the_answer_counts_as_there() -> None:
    work = sending(CHAIN, Feed({"apart": Present()}))
    await work.run()

    assert work.files["apart-1.0-py3-none-any.whl"].end in {End.SENT, End.PRESENT}

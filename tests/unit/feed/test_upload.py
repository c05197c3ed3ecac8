"""What an upload makes of its name and its release, and when it comes too late."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from feedgate.access.grants import remove_grant
from feedgate.access.require import NoSuchFeed, RoleTooSmall
from feedgate.feed.feeds import set_feed
from feedgate.feed.projects import set_project
from feedgate.feed.spent import NameSpent
from feedgate.feed.upload import Uploaded, receive_upload
from feedgate.feed.upload_errors import RELEASE_OPEN, ReleaseClosed, UploadRefused
from feedgate.feed.upload_way import UploadWay
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.feed import FeedProject, Origin, Uploads, UpstreamRule
from feedgate.model.index import UpstreamUnavailable
from feedgate.model.ledger import Act
from feedgate.model.names import ProjectName
from feedgate.records import distributions, projects
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located, find
from tests.builders.forms import CONTENT_TYPE, form_of
from tests.builders.installation import FEED, LOCAL, Installation

MakeArchive = Callable[..., Path]
DEMO = ProjectName("demo")


async def upload(
    installation: Installation,
    file: Path,
    caller: Caller = LOCAL,
    *,
    imported: bool = False,
    way: UploadWay | None = None,
) -> Uploaded:
    async def chunks() -> AsyncIterator[bytes]:
        body = form_of(file)
        for start in range(0, len(body), 500):
            yield body[start : start + 500]

    return await receive_upload(
        installation.parts.uploads,
        caller,
        FEED,
        content_type=CONTENT_TYPE,
        chunks=chunks(),
        way=way or (UploadWay.IMPORTED if imported else UploadWay.UPLOAD),
        clock=installation.clock,
    )


def listed(installation: Installation, file: Path) -> Distribution:
    """Have the upstream list the file's digest."""
    digest = Digest(hashlib.sha256(file.read_bytes()).hexdigest())
    entry = Distribution(
        filename=file.name,
        digest=digest,
        size_bytes=file.stat().st_size,
        uploaded_at=installation.clock() - timedelta(days=400),
        yanked="old",
        source=f"https://files.example/{file.name}",
    )
    installation.listing.files[digest] = entry
    return entry


def located(installation: Installation) -> Located:
    with installation.records.read() as view:
        found = find(view, FEED)
    assert found is not None
    return found


def rows(installation: Installation, name: ProjectName = DEMO) -> tuple[Published, ...]:
    feed = located(installation).id
    with installation.records.read(feed) as snapshot:
        return distributions.of_project(snapshot, feed, name)


def project(installation: Installation, name: ProjectName = DEMO) -> FeedProject | None:
    feed = located(installation).id
    with installation.records.read(feed) as snapshot:
        return projects.find(snapshot, feed, name)


def import_release(installation: Installation, file: Path) -> None:
    """Make the name an imported one, as a run does."""
    feed = located(installation).id
    entry = listed(installation, file)
    assert entry.digest is not None
    assert entry.size_bytes is not None
    row = Published(
        DEMO,
        "1.0",
        entry,
        entry.digest,
        entry.size_bytes,
        Origin.IMPORTED,
        entry.source,
        installation.clock(),
    )
    with installation.records.change(feed, Act.PUBLISHED, "local", installation.clock()) as change:
        projects.put(change, feed, FeedProject(DEMO, Origin.IMPORTED))
        distributions.publish(change, feed, [row])
        change.record({"files": [file.name]})


def caller(installation: Installation, actor: str, role: Role) -> Caller:
    installation.token(actor, role)
    return Caller(actor, Scope.MANAGE)


async def test_a_first_upload_makes_its_name_internal_and_says_how_to_change_that(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    done = await upload(installation, make_wheel("Demo", "1.0"))

    assert (done.project, done.version, done.is_new, done.origin) == ("demo", "1.0", True, Origin.INTERNAL)
    assert done.note == (
        "demo is now internal to acme/pip-feed: no upstream is asked for it. To change that: "
        "feedgate project set demo -f acme/pip-feed --upstream allow"
    )
    assert installation.listing.asked == []
    found = project(installation)
    assert found is not None
    assert found.is_internal
    [row] = rows(installation)
    assert (row.file.uploaded_at, row.published_at, row.source) == (
        installation.clock(),
        installation.clock(),
        None,
    )


async def test_a_second_file_of_the_name_says_nothing_more(
    installation: Installation, make_wheel: MakeArchive, make_sdist: MakeArchive
) -> None:
    await upload(installation, make_wheel("demo", "1.0"))

    assert (await upload(installation, make_sdist("demo", "1.0"))).note is None
    assert [row.file.metadata_digest is None for row in rows(installation)] == [False, True]


async def test_with_imported_the_upstream_is_asked_and_its_own_word_kept(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    wheel = make_wheel("demo", "1.0")
    entry = listed(installation, wheel)

    done = await upload(installation, wheel, imported=True)

    assert (done.origin, done.note) == (Origin.IMPORTED, None)
    [row] = rows(installation)
    assert (row.file.uploaded_at, row.file.yanked, row.source) == (entry.uploaded_at, "old", entry.source)
    assert row.published_at == installation.clock()
    found = project(installation)
    assert found is not None
    assert not found.is_internal


async def test_with_imported_what_the_upstream_does_not_list_is_internal_all_the_same(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    done = await upload(installation, make_wheel("demo", "1.0"), imported=True)

    assert done.origin is Origin.INTERNAL
    assert installation.listing.asked == ["demo"]


async def test_a_feed_that_looks_up_asks_for_every_new_name(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    set_feed(installation.records, LOCAL, FEED, uploads=Uploads.LOOK_UP, now=installation.clock())
    wheel = make_wheel("demo", "1.0")
    listed(installation, wheel)

    assert (await upload(installation, wheel)).origin is Origin.IMPORTED
    assert (await upload(installation, make_wheel("acme-core", "1.0"))).origin is Origin.INTERNAL
    assert installation.listing.asked == ["demo", "acme-core"]


async def test_an_internal_name_is_never_asked_for_again(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    set_feed(installation.records, LOCAL, FEED, uploads=Uploads.LOOK_UP, now=installation.clock())
    await upload(installation, make_wheel("demo", "1.0"))
    installation.listing.asked.clear()

    await upload(installation, make_wheel("demo", "2.0"), imported=True)

    assert installation.listing.asked == []


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.OWNER])
async def test_a_file_that_the_upstream_lists_joins_an_imported_name_at_any_time(
    installation: Installation, make_wheel: MakeArchive, make_sdist: MakeArchive, role: Role
) -> None:
    import_release(installation, make_wheel("demo", "1.0"))
    sdist = make_sdist("demo", "1.0")
    listed(installation, sdist)
    installation.clock.move(timedelta(days=1000))

    done = await upload(installation, sdist, caller(installation, "ada", role))

    assert done.origin is Origin.IMPORTED
    assert len(rows(installation)) == 2


async def test_to_make_an_imported_name_ones_own_takes_an_owner(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    import_release(installation, make_wheel("demo", "1.0"))
    own = make_wheel("demo", "1.0+acme")

    with pytest.raises(RoleTooSmall, match=r"ada has the role contributor .* project:take needs owner"):
        await upload(installation, own, caller(installation, "ada", Role.CONTRIBUTOR))
    assert len(rows(installation)) == 1
    assert not (installation.root / "blobs" / "sha256").exists()  # nor are its bytes kept

    done = await upload(installation, own, caller(installation, "bob", Role.OWNER))

    assert done.note is not None
    assert "is now internal to acme/pip-feed" in done.note
    found = project(installation)
    assert found is not None
    assert found.origin is Origin.INTERNAL


async def test_a_name_whose_upstream_an_owner_denied_takes_uploads_of_contributors(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    set_project(installation.records, LOCAL, FEED, DEMO, upstream=UpstreamRule.DENY, now=installation.clock())

    done = await upload(
        installation, make_wheel("demo", "1.0"), caller(installation, "ada", Role.CONTRIBUTOR)
    )

    assert done.origin is Origin.INTERNAL
    assert installation.listing.asked == []


@pytest.mark.parametrize("way", ["imported", "look-up", "imported-name"])
async def test_while_the_upstream_does_not_answer_nothing_is_taken_and_nothing_spent(
    installation: Installation, make_wheel: MakeArchive, way: str
) -> None:
    if way == "look-up":
        set_feed(installation.records, LOCAL, FEED, uploads=Uploads.LOOK_UP, now=installation.clock())
    if way == "imported-name":
        import_release(installation, make_wheel("demo", "1.0"))
    before = len(rows(installation))
    wheel = make_wheel("demo", "2.0")
    blobs = {path for path in (installation.root / "blobs").rglob("*") if path.is_file()}
    installation.listing.is_away = True

    with pytest.raises(UpstreamUnavailable):
        await upload(installation, wheel, imported=way == "imported")

    assert len(rows(installation)) == before
    assert {path for path in (installation.root / "blobs").rglob("*") if path.is_file()} == blobs
    installation.listing.is_away = False
    assert (await upload(installation, wheel)).is_new


@pytest.mark.parametrize(
    ("late", "is_open"),
    [
        pytest.param(RELEASE_OPEN, True, id="exactly-14-days"),
        pytest.param(RELEASE_OPEN + timedelta(microseconds=1), False, id="a-moment-later"),
        pytest.param(timedelta(days=3650), False, id="ten-years"),
    ],
)
async def test_an_upload_joins_a_release_for_fourteen_days(
    installation: Installation,
    make_wheel: MakeArchive,
    make_sdist: MakeArchive,
    late: timedelta,
    is_open: bool,
) -> None:
    await upload(installation, make_wheel("demo", "1.0"))
    installation.clock.move(late)
    sdist = make_sdist("demo", "1.0.0")  # another spelling of the same version

    if is_open:
        assert (await upload(installation, sdist)).is_new
        return
    with pytest.raises(ReleaseClosed, match="its release was published on 2026-03-08; new files join for 14"):
        await upload(installation, sdist)
    assert len(rows(installation)) == 1
    assert (await upload(installation, make_wheel("demo", "1.1"))).is_new


async def test_the_fourteen_days_count_from_the_first_file(
    installation: Installation, make_wheel: MakeArchive, make_sdist: MakeArchive
) -> None:
    await upload(installation, make_wheel("demo", "1.0"))
    installation.clock.move(timedelta(days=10))
    await upload(installation, make_sdist("demo", "1.0"))
    installation.clock.move(timedelta(days=10))

    with pytest.raises(ReleaseClosed):
        await upload(installation, make_wheel("demo", "1.0", tag="py2-none-any"))


async def test_the_same_bytes_again_are_a_success_however_late(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    wheel = make_wheel("demo", "1.0")
    await upload(installation, wheel)
    installation.clock.move(timedelta(days=3650))

    again = await upload(installation, wheel)

    assert (again.is_new, again.serial, again.note) == (False, None, None)
    assert installation.acts(FEED) == ["feed-created", "uploaded"]


async def test_other_bytes_are_never_taken_under_a_used_name(
    installation: Installation, make_wheel: MakeArchive, tmp_path: Path
) -> None:
    await upload(installation, make_wheel("demo", "1.0"))
    other = make_wheel("demo", "1.0", files={"more.py": ""})

    with pytest.raises(
        NameSpent, match=r"^File already exists: demo-1\.0-py3-none-any\.whl was used in acme/"
    ):
        await upload(installation, other)


async def test_a_refusal_is_an_entry_and_spends_nothing(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    with pytest.raises(UploadRefused, match="it has no RECORD"):
        await upload(installation, make_wheel("demo", "1.0", record="missing"))
    assert installation.acts(FEED) == ["feed-created", "refused"]
    assert project(installation) is None

    assert (await upload(installation, make_wheel("demo", "1.0"))).serial == 3


async def test_the_role_is_asked_for_once_more_when_the_file_becomes_visible(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    """A grant that is taken while the bytes still come is no longer good for anything."""
    ada = caller(installation, "ada", Role.CONTRIBUTOR)
    body = form_of(make_wheel("demo", "1.0"))

    async def chunks() -> AsyncIterator[bytes]:
        yield body[:200]
        remove_grant(installation.records, LOCAL, FEED, "ada", now=installation.clock())
        yield body[200:]

    with pytest.raises(NoSuchFeed):
        await receive_upload(
            installation.parts.uploads,
            ada,
            FEED,
            content_type=CONTENT_TYPE,
            chunks=chunks(),
            way=UploadWay.UPLOAD,
            clock=installation.clock,
        )
    assert rows(installation) == ()


async def test_who_denies_an_imported_names_upstream_gives_nobody_the_name(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    import_release(installation, make_wheel("demo", "1.0"))
    set_project(installation.records, LOCAL, FEED, DEMO, upstream=UpstreamRule.DENY, now=installation.clock())

    with pytest.raises(RoleTooSmall, match=r"project:take needs owner"):
        await upload(installation, make_wheel("demo", "99.0"), caller(installation, "ada", Role.CONTRIBUTOR))

    assert len(rows(installation)) == 1


async def test_a_name_whose_upstream_an_owner_allowed_before_it_came_is_everybodys_to_upload(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    set_project(
        installation.records, LOCAL, FEED, DEMO, upstream=UpstreamRule.ALLOW, now=installation.clock()
    )

    done = await upload(
        installation, make_wheel("demo", "1.0"), caller(installation, "ada", Role.CONTRIBUTOR)
    )

    assert done.origin is Origin.INTERNAL


@pytest.mark.parametrize(
    "other",
    ["Demo-1.0-py3-none-any.whl", "demo-1.0.0-py3-none-any.whl", "DEMO-1-py3-none-any.whl"],
)
async def test_a_used_name_is_spent_in_every_spelling(
    installation: Installation, make_wheel: MakeArchive, other: str
) -> None:
    contributor = caller(installation, "ada", Role.CONTRIBUTOR)
    await upload(installation, make_wheel("demo", "1.0"), contributor)
    second = make_wheel("demo", "1.0", files={"demo/other.py": "other = True\n"})
    renamed = second.rename(second.with_name(other))

    with pytest.raises(NameSpent, match="File already exists"):
        await upload(installation, renamed, contributor)

    assert len(rows(installation)) == 1


async def test_an_sdist_that_is_no_tar_is_no_name_of_an_upload(
    installation: Installation, make_sdist: MakeArchive
) -> None:
    sdist = make_sdist("demo", "1.0")
    renamed = sdist.rename(sdist.with_name("demo-1.0.zip"))

    with pytest.raises(InvalidFilename, match="PEP 625"):
        await upload(installation, renamed, caller(installation, "ada", Role.CONTRIBUTOR))

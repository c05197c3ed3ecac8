"""Files of an index that moves in: an Owner's, judged as what they are, and no release is closed to them."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from feedgate.access.require import RoleTooSmall
from feedgate.feed.projects import set_project
from feedgate.feed.upload import Uploaded, receive_upload
from feedgate.feed.upload_errors import ReleaseClosed, UploadRefused
from feedgate.feed.upload_way import UploadWay
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.feed import Origin, UpstreamRule
from feedgate.model.index import UpstreamUnavailable
from feedgate.model.names import ProjectName
from tests.builders.forms import CONTENT_TYPE, form_of
from tests.builders.installation import FEED, LOCAL, Installation

MakeArchive = Callable[..., Path]


async def move(
    installation: Installation, file: Path, caller: Caller = LOCAL, way: UploadWay = UploadWay.MOVED
) -> Uploaded:
    async def chunks() -> AsyncIterator[bytes]:
        yield form_of(file)

    return await receive_upload(
        installation.parts.uploads,
        caller,
        FEED,
        content_type=CONTENT_TYPE,
        chunks=chunks(),
        way=way,
        clock=installation.clock,
    )


def listed(installation: Installation, file: Path) -> Path:
    digest = Digest(hashlib.sha256(file.read_bytes()).hexdigest())
    then = installation.clock() - timedelta(days=400)
    installation.listing.files[digest] = Distribution(file.name, digest, uploaded_at=then)
    return file


async def test_it_takes_an_owner(installation: Installation, make_wheel: MakeArchive) -> None:
    installation.token("ada", Role.CONTRIBUTOR)

    with pytest.raises(RoleTooSmall, match="feed:import needs owner"):
        await move(installation, make_wheel("demo", "1.0"), Caller("ada", Scope.MANAGE))

    assert installation.listing.asked == []


async def test_what_the_upstream_lists_is_judged_as_an_import_and_all_else_as_an_upload(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    theirs = listed(installation, make_wheel("theirs", "1.0", record="missing"))
    ours = make_wheel("ours", "1.0", record="missing")

    assert (await move(installation, theirs)).origin is Origin.IMPORTED
    with pytest.raises(UploadRefused, match="it has no RECORD"):
        await move(installation, ours)


async def test_a_name_that_an_earlier_file_made_internal_is_still_asked_for(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    theirs = listed(installation, make_wheel("demo", "2.0"))

    assert (await move(installation, make_wheel("demo", "1.0+acme"))).origin is Origin.INTERNAL
    assert (await move(installation, theirs)).origin is Origin.IMPORTED
    assert installation.listing.asked == ["demo", "demo"]


@pytest.mark.parametrize("is_denied", [True, False], ids=["denied", "said-to-be-its-own"])
async def test_a_name_of_its_own_is_never_asked_for(
    installation: Installation, make_wheel: MakeArchive, is_denied: bool
) -> None:
    theirs = listed(installation, make_wheel("demo", "2.0"))
    if is_denied:
        rule = UpstreamRule.DENY
        set_project(
            installation.records, LOCAL, FEED, ProjectName("demo"), upstream=rule, now=installation.clock()
        )
    way = UploadWay.MOVED if is_denied else UploadWay.MOVED_OWN

    assert (await move(installation, theirs, way=way)).origin is Origin.INTERNAL
    assert installation.listing.asked == []


async def test_no_release_is_closed_to_what_moves_in(
    installation: Installation, make_wheel: MakeArchive, make_sdist: MakeArchive
) -> None:
    await move(installation, make_wheel("demo", "1.0"))
    installation.clock.move(timedelta(days=3650))
    late = make_sdist("demo", "1.0")

    with pytest.raises(ReleaseClosed):
        await move(installation, late, way=UploadWay.UPLOAD)
    assert (await move(installation, late)).is_new


async def test_a_zip_is_taken_as_the_upstreams_alone(
    installation: Installation, make_wheel: MakeArchive, tmp_path: Path
) -> None:
    zipped = Path(shutil.copy(make_wheel("demo", "1.0"), tmp_path / "demo-1.0.zip"))

    for way in (UploadWay.MOVED, UploadWay.MOVED_OWN, UploadWay.UPLOAD):
        with pytest.raises(InvalidFilename, match="PEP 625"):
            await move(installation, zipped, way=way)
    listed(installation, zipped)
    with pytest.raises(UploadRefused):  # looked at: a wheel is no sdist, whoever lists it
        await move(installation, zipped)


async def test_an_upstream_that_does_not_answer_spends_nothing(
    installation: Installation, make_wheel: MakeArchive
) -> None:
    installation.listing.is_away = True
    wheel = make_wheel("demo", "1.0")

    with pytest.raises(UpstreamUnavailable):
        await move(installation, wheel)

    installation.listing.is_away = False
    assert (await move(installation, wheel)).is_new

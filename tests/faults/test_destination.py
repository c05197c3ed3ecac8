"""What a destination answers, fails to answer or seems to answer: the page has the last word."""

import asyncio
import base64
import hashlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedgate.app.clock import now
from feedgate.blobs.files import Files
from feedgate.errors import FeedgateError
from feedgate.model.destination import Addresses, Limits
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import BadPage, NoSuchFile, NoSuchProject, Span
from feedgate.model.names import parse_project_name
from feedgate.model.secret import Secret
from feedgate.outside.body import Limits as Patient
from feedgate.outside.delivery import Conflict, Delivery, Exceeds, Outgoing, Present, Refused, Sent, Spent
from feedgate.outside.destination import Destination
from feedgate.outside.destination_peer import (
    DestinationDenied,
    DestinationUnavailable,
    LeadsElsewhere,
    NotADestination,
)
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.egress import EgressDenied
from feedgate.outside.exchange import UploadRedirected
from feedgate.outside.known_digests import InMemory
from feedgate.outside.legacy_form import OtherBytes
from feedgate.outside.proxies import Proxies
from tests.builders.metadata import write_metadata
from tests.doubles.scripted_destination import (
    Cuts,
    Replaces,
    Says,
    SaysEarly,
    ScriptedDestination,
    Stalls,
    Told,
)

DEMO = parse_project_name("demo")
WHEEL = "demo-1.0-py3-none-any.whl"
BODY = os.urandom(300_000)
DIGEST = Digest(hashlib.sha256(BODY).hexdigest())
OTHER = b"other bytes"
OTHER_DIGEST = Digest(hashlib.sha256(OTHER).hexdigest())
CANARY = "canary-5f1c9b7e2d"
SETTINGS = DestinationSettings(
    now=now,
    attempts=3,
    proxies=Proxies(),
    limits=Patient(
        connect_seconds=0.5, silence_seconds=0.5, grace_seconds=0.5, slowest_bytes_per_second=10_000_000
    ),
)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONFLICT = "Conflict - The feed 'F' already contains file 'demo-1.0-py3-none-any.whl' in package 'demo 1.0'."
DELETED = "Bad Request - The package 'demo 1.0' in feed 'F' has been deleted, and cannot be republished"
UNSUPPORTED = (
    "Bad Request - Metadata version '2.3' is unsupported. Supported versions are: 1.0,1.1,1.2,2.0,2.1."
)


class Naps:
    """Sleeps without sleeping, and remembers how long."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def outgoing(body: bytes = BODY, *, filename: str = WHEEL, metadata_version: str = "2.3") -> Outgoing:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    return Outgoing(
        project=DEMO,
        version="1.0",
        filename=filename,
        digest=Digest(hashlib.sha256(body).hexdigest()),
        size_bytes=len(body),
        metadata=write_metadata("Demo", "1.0", metadata_version=metadata_version).encode(),
        open=chunks,
    )


@pytest.fixture
async def there() -> AsyncIterator[ScriptedDestination]:
    async with ScriptedDestination() as there:
        yield there


@pytest.fixture
def naps() -> Naps:
    return Naps()


def opened(
    there: ScriptedDestination,
    settings: DestinationSettings = SETTINGS,
    credentials: tuple[str, Secret] | None = None,
) -> AbstractAsyncContextManager[Destination]:
    return Destination.opened(Addresses(there.upload_url, there.read_url), credentials, settings)


@pytest.fixture
async def destination(there: ScriptedDestination, naps: Naps) -> AsyncIterator[Destination]:
    async with opened(there, replace(SETTINGS, sleep=naps)) as destination:
        yield destination


async def delivered(
    there: ScriptedDestination,
    *told: Told,
    file: Outgoing | None = None,
    settings: DestinationSettings = SETTINGS,
) -> Delivery:
    there.answers = list(told)
    naps = Naps()
    async with opened(there, replace(settings, sleep=naps)) as destination:
        return await destination.deliver(file or outgoing())


# ---------------------------------------------------------------------- what comes and goes


async def test_a_file_that_is_not_there_is_sent_and_seen(
    destination: Destination, there: ScriptedDestination, naps: Naps
) -> None:
    assert await destination.deliver(outgoing()) == Sent()

    assert there.files == {WHEEL: BODY}
    assert there.looks("demo") == 2
    assert naps.taken == []


async def test_the_form_has_every_field_of_the_metadata_and_its_length(
    destination: Destination, there: ScriptedDestination
) -> None:
    metadata = (
        "Metadata-Version: 2.4\nName: Demo.Part\nVersion: 1.00\nSummary: café\nClassifier: One\nClassifier: Two\n"
        "Keywords: a,b\nRequires-Dist: x>=1 ; extra == 'y'\nProject-URL: Home, https://home.example/\nLicense-File: L\n"
        "Provides-Extra: y\nRequires-Python: >=3.9\nDescription-Content-Type: text/plain\n\nLong\r\nwords\n"
    )

    await destination.deliver(replace(outgoing(), metadata=metadata.encode()))

    (form,) = there.forms
    assert form.fields == {
        ":action": ["file_upload"],
        "protocol_version": ["1"],
        "name": ["Demo.Part"],
        "version": ["1.00"],
        "filetype": ["bdist_wheel"],
        "pyversion": ["py3"],
        "metadata_version": ["2.4"],
        "sha256_digest": [DIGEST],
        "summary": ["café"],
        "classifiers": ["One", "Two"],
        "keywords": ["a,b"],
        "requires_dist": ["x>=1 ; extra == 'y'"],
        "project_urls": ["Home, https://home.example/"],
        "license_file": ["L"],
        "provides_extra": ["y"],
        "requires_python": [">=3.9"],
        "description_content_type": ["text/plain"],
        "description": form.fields["description"],
    }
    assert form.fields["description"][0].split() == ["Long", "words"]
    (request,) = there.asked("/upload", "POST")
    assert "Transfer-Encoding" not in request.headers
    assert int(request.headers["Content-Length"]) > len(BODY)


async def test_a_file_that_is_there_is_not_sent(destination: Destination, there: ScriptedDestination) -> None:
    there.put(WHEEL, BODY)

    assert await destination.deliver(outgoing()) == Present()
    assert there.forms == []


async def test_other_bytes_under_the_name_are_a_conflict_and_stay(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.put(WHEEL, OTHER)

    assert await destination.deliver(outgoing()) == Conflict(OTHER_DIGEST)
    assert there.forms == []
    assert there.files == {WHEEL: OTHER}


@pytest.mark.parametrize("spelling", ["Demo-1.0-py3-none-any.whl", "demo-1.0.0-py3-none-any.whl"])
async def test_another_spelling_of_the_name_is_the_same_file(
    destination: Destination, there: ScriptedDestination, spelling: str
) -> None:
    there.put(spelling, BODY)

    assert await destination.deliver(outgoing()) == Present()


@pytest.mark.parametrize(
    "beside",
    ["demo-1.0-1-py3-none-any.whl", "demo-1.0-py2.py3-none-any.whl", "demo-1.0.tar.gz", "demo-1.0.exe"],
)
async def test_another_file_of_the_release_is_another_file(
    destination: Destination, there: ScriptedDestination, beside: str
) -> None:
    there.put(beside, OTHER)

    assert await destination.deliver(outgoing()) == Sent()


async def test_a_page_that_was_read_just_now_is_not_read_again(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.put(WHEEL, BODY)
    page = await destination.page(DEMO)

    assert await destination.deliver(outgoing(), listed=page) == Present()
    assert there.looks("demo") == 1


# ---------------------------------------------------------------------- the page states no digests


async def test_without_digests_a_file_is_fetched_and_hashed_once(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.states_digests = False
    there.put(WHEEL, BODY)

    assert await destination.deliver(outgoing()) == Present()
    assert await destination.deliver(outgoing(OTHER)) == Conflict(DIGEST)
    assert len(there.asked(f"/files/{WHEEL}")) == 1


async def test_without_digests_what_was_sent_is_believed_by_its_bytes(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.states_digests = False
    there.answers = [Replaces(OTHER)]

    assert await destination.deliver(outgoing()) == Conflict(OTHER_DIGEST)
    assert await destination.deliver(outgoing(filename="demo-1.1-py3-none-any.whl")) == Sent()


async def digest_now(there: ScriptedDestination, known: InMemory, now: datetime = NOON) -> Digest:
    """Return the digest of the one file, asked for by a run of its own."""
    settings = replace(SETTINGS, now=lambda: now)
    addresses = Addresses(there.upload_url, there.read_url)
    async with Destination.opened(addresses, None, settings, known=known) as destination:
        (file,) = (await destination.page(DEMO)).files
        return await destination.digest_of(file)


def fetched(there: ScriptedDestination) -> list[str | None]:
    """Return which part of the file each question asked for, None = all of it."""
    return [one.headers.get("Range") for one in there.asked(f"/files/{WHEEL}")]


ETAG, ITS_DATE = {"ETag": '"1"'}, {"Last-Modified": "Tue, 24 Nov 2026 12:00:00 GMT"}
LATER = {"Last-Modified": "Tue, 24 Nov 2026 12:00:01 GMT"}


@pytest.mark.parametrize("headers", [ETAG, ITS_DATE, ETAG | ITS_DATE, {}, {"ETag": 'W/"1"'}])
async def test_what_is_known_of_an_address_and_is_still_there_is_not_fetched(
    there: ScriptedDestination, headers: dict[str, str]
) -> None:
    there.states_digests, there.file_headers = False, headers
    there.put(WHEEL, BODY)
    known = InMemory()

    found = [await digest_now(there, known, NOON + timedelta(hours=hours)) for hours in (0, 23, 23.9)]

    assert found == [DIGEST] * 3
    assert fetched(there) == [None, "bytes=0-0", "bytes=0-0"]


@pytest.mark.parametrize(
    ("before", "after", "body"),
    [
        pytest.param({}, {}, OTHER, id="another-size"),
        pytest.param(ETAG, {"ETag": '"2"'}, BODY[::-1], id="another-etag"),
        pytest.param(ETAG | ITS_DATE, {"ETag": '"2"'} | ITS_DATE, BODY[::-1], id="another-etag-of-that-date"),
        pytest.param(ETAG, {}, BODY[::-1], id="no-etag-any-more"),
        pytest.param({}, ETAG, BODY[::-1], id="an-etag-now"),
        pytest.param(ITS_DATE, LATER, BODY[::-1], id="another-date"),
        pytest.param({"ETag": 'W/"1"'} | ITS_DATE, {"ETag": 'W/"1"'} | LATER, BODY[::-1], id="weak-etag"),
    ],
)
async def test_a_file_that_was_replaced_is_hashed_anew(
    there: ScriptedDestination, before: dict[str, str], after: dict[str, str], body: bytes
) -> None:
    there.states_digests, there.file_headers = False, before
    there.put(WHEEL, BODY)
    known = InMemory()
    assert await digest_now(there, known) == DIGEST

    there.put(WHEEL, body)
    there.file_headers = after

    assert await digest_now(there, known) == hashlib.sha256(body).hexdigest()
    assert fetched(there) == [None, "bytes=0-0", None]


async def test_a_file_of_which_nothing_is_said_is_hashed_anew_after_a_day(there: ScriptedDestination) -> None:
    there.states_digests = False
    there.put(WHEEL, BODY)
    known = InMemory()
    await digest_now(there, known)

    there.put(WHEEL, BODY[::-1])

    assert await digest_now(there, known, NOON + timedelta(hours=24, seconds=-1)) == DIGEST
    anew = await digest_now(there, known, NOON + timedelta(hours=24))
    assert anew == hashlib.sha256(BODY[::-1]).hexdigest()


async def test_within_a_run_a_file_is_asked_about_once(there: ScriptedDestination) -> None:
    there.states_digests = False
    there.put(WHEEL, BODY)
    known = InMemory()
    await digest_now(there, known)
    there.log.clear()

    addresses = Addresses(there.upload_url, there.read_url)
    async with Destination.opened(addresses, None, SETTINGS, known=known) as destination:
        assert await destination.deliver(outgoing()) == Present()
        assert await destination.deliver(outgoing(OTHER)) == Conflict(DIGEST)

    assert fetched(there) == ["bytes=0-0"]


async def test_a_digest_that_is_asked_for_leaves_the_file_in_the_store(
    destination: Destination, there: ScriptedDestination, tmp_path: Path
) -> None:
    there.states_digests = False
    there.put(WHEEL, BODY)
    blobs = Files(tmp_path)
    (file,) = (await destination.page(DEMO)).files

    assert await destination.digest_of(file, blobs) == DIGEST
    assert blobs.path(DIGEST).read_bytes() == BODY
    with pytest.raises(NoSuchFile):
        await destination.digest_of(replace(file, source=None))


# ---------------------------------------------------------------------- its ways to say "exists"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(Says(409), id="pypiserver"),
        pytest.param(Says(409, reason=CONFLICT), id="azure"),
        pytest.param(Says(409, body=b"demo-1.0 already exists in non-volatile index"), id="devpi-other"),
        pytest.param(Says(403, body=b'{"errors": [{"message": "already exists"}]}'), id="artifactory"),
        pytest.param(
            Says(403, body=b"Not enough permissions to delete/overwrite artifact 'x' (user needs DELETE)"),
            id="artifactory-overwrite",
        ),
        pytest.param(
            Says(400, body=b"<html><title>400</title>Repository does not allow updating assets: x</html>"),
            id="nexus",
        ),
        pytest.param(Says(400, body=b'{"message": "file name has already been taken"}'), id="gitlab"),
        pytest.param(Says(400, reason="File already exists. See the manual."), id="pypi"),
    ],
)
class TestExists:
    async def test_with_our_bytes_on_the_page_it_was_there_already(
        self, there: ScriptedDestination, told: Says
    ) -> None:
        assert await delivered(there, replace(told, stores=True)) == Present()

    async def test_with_other_bytes_it_is_a_conflict(self, there: ScriptedDestination, told: Says) -> None:
        there.hidden_looks = 1  # someone was quicker: the first look does not show it
        there.put(WHEEL, OTHER)

        assert await delivered(there, told) == Conflict(OTHER_DIGEST)

    async def test_on_a_page_that_is_late_it_is_found_in_the_end(
        self, there: ScriptedDestination, told: Says
    ) -> None:
        there.hidden_looks = 4

        assert await delivered(there, replace(told, stores=True)) == Present()
        assert there.looks("demo") == 6

    async def test_never_shown_in_five_looks_it_is_spent(
        self, there: ScriptedDestination, told: Says
    ) -> None:
        there.answers = [told]
        naps = Naps()
        async with opened(there, replace(SETTINGS, sleep=naps)) as destination:
            delivery = await destination.deliver(outgoing())

        assert isinstance(delivery, Spent)
        assert there.looks("demo") == 1 + 5
        assert sum(naps.taken) == 60
        assert len(there.forms) == 1


async def test_what_was_deleted_there_is_spent_at_once(there: ScriptedDestination) -> None:
    delivery = await delivered(there, Says(400, reason=DELETED))

    assert delivery == Spent(DELETED)
    assert there.looks("demo") == 2


async def test_the_same_bytes_again_may_be_answered_as_taken(there: ScriptedDestination) -> None:
    """As devpi does: the file is there, and was there."""
    there.hidden_looks = 1
    there.put(WHEEL, BODY)

    assert await delivered(there, Says(200)) == Sent()


# ---------------------------------------------------------------------- success is confirmed


async def test_success_that_shows_late_is_waited_for(there: ScriptedDestination, naps: Naps) -> None:
    there.hidden_looks = 2
    async with opened(there, replace(SETTINGS, sleep=naps)) as destination:
        assert await destination.deliver(outgoing()) == Sent()
    assert naps.taken == [1.0, 4.0]


async def test_success_that_never_shows_is_none(there: ScriptedDestination) -> None:
    delivery = await delivered(there, Says(200, body=b"queued"))

    assert isinstance(delivery, Refused)
    assert (delivery.status, delivery.words) == (200, "queued")
    assert "--read-url" in delivery.advice


async def test_success_with_other_bytes_on_the_page_is_a_conflict(there: ScriptedDestination) -> None:
    assert await delivered(there, Replaces(OTHER)) == Conflict(OTHER_DIGEST)


async def test_a_page_to_sign_in_is_no_success(there: ScriptedDestination) -> None:
    with pytest.raises(DestinationDenied, match="203"):
        await delivered(there, Says(203, body=b"<html>Sign in</html>"))


# ---------------------------------------------------------------------- limits and refusals


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        pytest.param(Says(400, reason=UNSUPPORTED), Limits(metadata_version="2.1"), id="azure"),
        pytest.param(
            Says(400, body=b"'2.3' is not a valid metadata version"),
            Limits(metadata_version="2.2"),
            id="no-list",
        ),
        pytest.param(Says(413), Limits(size_bytes=len(BODY) - 1), id="413"),
        pytest.param(
            Says(400, body=b'{"message": "The file is too large. The maximum is 500 MB."}'),
            Limits(size_bytes=len(BODY) - 1),
            id="400-in-words",
        ),
    ],
)
async def test_what_is_too_much_tells_a_limit(there: ScriptedDestination, told: Says, limits: Limits) -> None:
    delivery = await delivered(there, told)

    assert isinstance(delivery, Exceeds)
    assert delivery.limits == limits
    assert there.looks("demo") == 2


async def test_a_limit_that_the_file_keeps_is_a_refusal(there: ScriptedDestination) -> None:
    told = Says(400, reason="Metadata version '1.5' is unsupported. Supported versions are: 1.0,2.5.")

    assert isinstance(await delivered(there, told), Refused)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Says(400, reason="Bad Request - no", body=b'{"message": "no"}'), "Bad Request - no"),
        (Says(400, body=b'{"$id":"1","message":"The package is bad."}'), "The package is bad."),
        (Says(400, body=b"<html><script>x()</script><b>No</b>&nbsp;way</html>"), "No way"),
        (Says(422, body=b'{"message": {"base": ["not a package"]}}'), "not a package"),
        (Says(402), ""),
        (Says(304), ""),
        (Says(400, body=b"x" * 100_000), f"{'x' * 299}…"),
        (Says(400, body=b"one\r\ntwo\x1b[31m\x00\tthree\xe2\x80\xae\xff"), "one two[31m three\ufffd"),
    ],
)
async def test_a_refusal_has_the_destinations_words_on_one_short_line(
    there: ScriptedDestination, told: Says, words: str
) -> None:
    delivery = await delivered(there, told)

    assert isinstance(delivery, Refused)
    assert (delivery.status, delivery.words) == (told.status, words)
    assert delivery.advice


async def test_a_refusal_of_what_the_page_shows_is_none(there: ScriptedDestination) -> None:
    assert await delivered(there, Says(400, reason="Odd words", stores=True)) == Present()


@pytest.mark.parametrize("status", [404, 405, 410, 501])
async def test_an_address_that_takes_no_uploads_is_named(there: ScriptedDestination, status: int) -> None:
    with pytest.raises(NotADestination, match=str(status)) as told:
        await delivered(there, Says(status))

    assert there.upload_url in told.value.message
    assert "--to" in told.value.next_step


# ---------------------------------------------------------------------- faults that pass


@pytest.mark.parametrize("told", [Says(429), Says(500), Says(503), Says(408), Cuts(), Stalls()])
async def test_a_fault_is_looked_after_and_tried_again(there: ScriptedDestination, told: Told) -> None:
    assert await delivered(there, told, told) == Sent()

    assert there.uploads == [WHEEL] * 3
    assert there.looks("demo") == 1 + 2 + 1


@pytest.mark.parametrize(
    "told", [Says(503, stores=True), Says(429, stores=True), Cuts(stores=True), Stalls(stores=True)]
)
async def test_what_arrived_all_the_same_is_never_sent_again(there: ScriptedDestination, told: Told) -> None:
    assert await delivered(there, told) == Sent()

    assert there.uploads == [WHEEL]
    assert there.looks("demo") == 2


async def test_exists_as_the_answer_to_a_second_try_means_that_the_first_one_arrived(
    there: ScriptedDestination,
) -> None:
    there.hidden_looks = 1

    assert await delivered(there, Cuts(stores=True), Says(409, reason=CONFLICT)) == Sent()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Says(503), "503 Service Unavailable, 3 times"),
        (Says(429), "429 Too Many Requests, 3 times"),
        (Cuts(), "closed the connection, 3 times|connection broke|reset"),
        (Stalls(), "too slow, 3 times|fell silent"),
    ],
)
async def test_a_fault_that_stays_is_told_in_the_end(
    there: ScriptedDestination, told: Told, words: str
) -> None:
    with pytest.raises(DestinationUnavailable, match=words) as error:
        await delivered(there, told, told, told)

    assert error.value.message.startswith(f"{WHEEL}: the destination 127.0.0.1:")
    assert there.looks("demo") == 4
    assert len(there.forms) == 3


async def test_a_last_try_that_arrived_is_no_failure(there: ScriptedDestination) -> None:
    assert await delivered(there, Says(503), Says(503), Says(503, stores=True)) == Sent()


async def test_waits_grow_and_a_pause_that_is_asked_for_is_kept(
    there: ScriptedDestination, naps: Naps
) -> None:
    there.answers = [Says(429, headers={"Retry-After": "7"}), Says(503)]
    async with opened(there, replace(SETTINGS, sleep=naps)) as destination:
        await destination.deliver(outgoing())

    assert naps.taken == [7.0, 3.0]


async def test_a_pause_of_an_hour_is_told_after_one_look(there: ScriptedDestination) -> None:
    with pytest.raises(DestinationUnavailable, match="come back in 3600 s"):
        await delivered(there, Says(503, headers={"Retry-After": "3600"}))

    assert there.looks("demo") == 2


async def test_a_page_that_does_not_answer_stops_the_delivery(there: ScriptedDestination) -> None:
    there.page_answers = [Says(503)] * 3

    with pytest.raises(DestinationUnavailable, match=r"demo: .*503 Service Unavailable, 3 times"):
        await delivered(there)
    assert there.forms == []


# ---------------------------------------------------------------------- early answers


@pytest.mark.parametrize("listens", [True, False])
async def test_an_answer_before_the_body_is_through_is_heard(
    there: ScriptedDestination, *, listens: bool
) -> None:
    large = outgoing(os.urandom(20_000_000))

    delivery = await delivered(
        there, *[SaysEarly(413, "Request Entity Too Large", listens=listens)] * 3, file=large
    )

    assert delivery == Exceeds(Limits(size_bytes=19_999_999), "too early")


async def test_a_denial_before_the_body_is_through_is_heard(there: ScriptedDestination) -> None:
    with pytest.raises(DestinationDenied, match="401 Unauthorized: Early / too early"):
        await delivered(there, *[SaysEarly(401)] * 3, file=outgoing(os.urandom(20_000_000)))


# ---------------------------------------------------------------------- our own side fails


@pytest.mark.parametrize("size_bytes", [len(BODY) - 1, len(BODY) + 1])
async def test_a_store_with_other_bytes_is_no_fault_of_the_network(
    there: ScriptedDestination, size_bytes: int
) -> None:
    with pytest.raises(OtherBytes):
        await delivered(there, file=replace(outgoing(), size_bytes=size_bytes))

    assert there.forms == []
    assert len(there.asked("/upload", "POST")) <= 1


async def test_an_error_of_the_store_comes_through(there: ScriptedDestination) -> None:
    class Gone(FeedgateError):
        """The blob is gone."""

    async def chunks() -> AsyncIterator[bytes]:
        yield BODY[:1000]
        raise Gone("gone", next_step="none")

    with pytest.raises(Gone):
        await delivered(there, file=replace(outgoing(), open=chunks))


async def test_a_file_is_let_go_whatever_becomes_of_it(there: ScriptedDestination) -> None:
    open_files = 0
    large = os.urandom(5_000_000)

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal open_files
        open_files += 1
        try:
            for start in range(0, len(large), 65536):
                yield large[start : start + 65536]
        finally:
            open_files -= 1

    file = replace(outgoing(large), open=chunks)
    delivery = await delivered(there, SaysEarly(413), Cuts(), SaysEarly(413), file=file)

    assert isinstance(delivery, Exceeds)
    assert open_files == 0


async def test_a_delivery_that_is_called_off_lets_go(there: ScriptedDestination) -> None:
    there.answers = [Stalls()]
    patient = replace(SETTINGS, limits=Patient())
    async with opened(there, patient) as destination:
        task = asyncio.create_task(destination.deliver(outgoing()))
        await asyncio.wait_for(there.arrived.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await destination.deliver(outgoing(OTHER)) == Sent()


# ---------------------------------------------------------------------- where it goes


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_keeps_method_and_origin_is_followed(
    there: ScriptedDestination, status: int
) -> None:
    assert await delivered(there, Says(status, headers={"Location": "/upload?again"})) == Sent()

    assert [one.path for one in there.log if one.method == "POST"] == ["/upload", "/upload?again"]
    assert there.files == {WHEEL: BODY}


@pytest.mark.parametrize(
    ("status", "location", "named"),
    [
        (301, "/elsewhere/", "{origin}/elsewhere/"),
        (302, "/elsewhere/", "{origin}/elsewhere/"),
        (303, "/elsewhere/", "{origin}/elsewhere/"),
        (307, "https://user:pw@feeds.example/upload?token=secret#x", "https://feeds.example/upload"),
        (308, "http://localhost:{port}/upload", "http://localhost:{port}/upload"),
        (308, "//feeds.example:444/a b", "http://feeds.example:444/a%20b"),
        (308, "mailto:someone", "mailto://someone"),
    ],
)
async def test_any_other_redirect_is_named_and_not_followed(
    there: ScriptedDestination, status: int, location: str, named: str
) -> None:
    port = there.origin.rpartition(":")[2]
    told = Says(status, headers={"Location": location.format(port=port)})

    with pytest.raises(UploadRedirected) as error:
        await delivered(there, told)

    assert named.format(origin=there.origin, port=port) in error.value.next_step
    assert "secret" not in error.value.message + error.value.next_step
    assert "pw" not in error.value.message + error.value.next_step
    assert len(there.forms) == 1


async def test_credentials_come_with_the_first_request_of_every_kind_and_reach_no_second_host(
    there: ScriptedDestination,
) -> None:
    there.credentials = ("build", CANARY)
    pair = "Basic " + base64.b64encode(f"build:{CANARY}".encode()).decode()
    async with ScriptedDestination() as storage:
        storage.files[WHEEL] = BODY
        there.files_at = storage.origin
        settings = replace(SETTINGS, allowed_hosts=(storage.origin,))
        async with opened(there, settings, ("build", Secret(CANARY))) as destination:
            await destination.check()
            assert await destination.deliver(outgoing()) == Sent()
            (file,) = (await destination.page(DEMO)).files
            assert await destination.size_of(file) == len(BODY)
            assert await (await destination.open(file)).read() == BODY

        assert {one.headers.get("Authorization") for one in there.log} == {pair}
        assert storage.log
        assert all("Authorization" not in one.headers for one in storage.log)


async def test_a_second_host_is_judged_like_any_stranger(there: ScriptedDestination) -> None:
    there.files_at = "http://127.0.0.2:1"
    there.put(WHEEL, BODY)
    async with opened(there) as destination:
        (file,) = (await destination.page(DEMO)).files
        with pytest.raises(EgressDenied) as denied:
            await destination.size_of(file)

    assert "destinations.allowed_hosts" in denied.value.next_step


async def test_a_page_that_leads_to_the_upstream_is_one_that_the_destination_does_not_have(
    there: ScriptedDestination,
) -> None:
    there.page_answers = [Says(302, headers={"Location": "http://pages.example/simple/demo/"})]
    async with opened(there, replace(SETTINGS, upstream_hosts=("pages.example",))) as destination:
        with pytest.raises(NoSuchProject):
            await destination.page(DEMO)


@pytest.mark.parametrize(
    "location", ["http://login.example/?back=/simple/demo/", "http://other.example/simple/demo/"]
)
async def test_a_page_that_leads_to_any_other_host_is_no_absence(
    there: ScriptedDestination, location: str
) -> None:
    there.page_answers = [Says(302, headers={"Location": location})]
    async with opened(there, replace(SETTINGS, upstream_hosts=("pages.example",))) as destination:
        with pytest.raises(LeadsElsewhere, match=r"leads to (login|other)\.example"):
            await destination.page(DEMO)


async def test_a_page_that_moved_on_the_same_host_is_followed(there: ScriptedDestination) -> None:
    there.put(WHEEL, BODY)
    there.page_answers = [Says(301, headers={"Location": f"{there.read_url}demo/"})]
    async with opened(there) as destination:
        assert [file.filename for file in (await destination.page(DEMO)).files] == [WHEEL]


async def test_pages_may_be_on_another_host_than_uploads(there: ScriptedDestination) -> None:
    async with ScriptedDestination(credentials=("build", CANARY)) as pages:
        there.credentials = ("build", CANARY)
        pages.files = there.files
        addresses = Addresses(there.upload_url, pages.read_url)
        async with Destination.opened(addresses, ("build", Secret(CANARY)), SETTINGS) as destination:
            assert await destination.deliver(outgoing()) == Sent()


# ---------------------------------------------------------------------- denied


@pytest.mark.parametrize(("status", "looks_at"), [(401, "user name and password"), (403, "rights")])
async def test_a_denial_says_what_to_look_at(there: ScriptedDestination, status: int, looks_at: str) -> None:
    with pytest.raises(DestinationDenied, match=str(status)) as upload:
        await delivered(there, Says(status, reason="No - you lack AddPackage"))
    there.page_answers = [Says(status)]
    with pytest.raises(DestinationDenied, match=f"demo: the destination .*{status}") as page:
        await delivered(there)

    assert "you lack AddPackage" in upload.value.message
    for error in (upload, page):
        assert looks_at in error.value.next_step
        assert "Azure" not in error.value.next_step
        assert "Build Service" not in error.value.next_step


async def test_a_denial_by_azure_is_told_in_azures_terms(there: ScriptedDestination) -> None:
    settings = replace(SETTINGS, azure_hosts=("127.0.0.1",))

    with pytest.raises(DestinationDenied) as error:
        await delivered(there, Says(403), settings=settings)

    assert "Project Collection Build Service" in error.value.next_step
    assert "Feed Publisher (Contributor)" in error.value.next_step


# ---------------------------------------------------------------------- secrets


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 500, 503])
async def test_a_server_that_says_our_password_back_does_not_get_it_into_a_result(
    there: ScriptedDestination, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    pair = base64.b64encode(f"build:{CANARY}".encode()).decode()
    told = Says(status, reason=f"Odd - {CANARY}", body=f"You sent Basic {pair} and {CANARY}".encode())
    there.answers = [told] * 3
    caplog.set_level(logging.DEBUG)

    async with opened(there, replace(SETTINGS, sleep=Naps()), ("build", Secret(CANARY))) as destination:
        try:
            said = repr(await destination.deliver(outgoing()))
        except FeedgateError as error:
            said = f"{error!r} {error.message} {error.next_step} {error.facts}"
        said += repr(destination) + repr(destination._sender) + repr(destination._fetcher)

    for secret in (CANARY, pair):
        assert secret not in said
        assert secret not in caplog.text


# ---------------------------------------------------------------------- reading


async def test_what_is_not_there_is_told_as_the_destinations_word(destination: Destination) -> None:
    with pytest.raises(NoSuchProject, match=r"the destination 127.0.0.1:"):
        await destination.page(DEMO)


async def test_a_page_that_is_none_is_told_as_the_destinations(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.page_answers = [Says(200, body=b"{}", headers={"Content-Type": "application/json"})]

    with pytest.raises(BadPage, match="the page of the destination 127") as error:
        await destination.page(DEMO)
    assert "--read-url" in error.value.next_step


async def test_a_page_that_somebody_kept_is_not_wanted(
    destination: Destination, there: ScriptedDestination
) -> None:
    with pytest.raises(NoSuchProject):
        await destination.page(DEMO)

    (request,) = there.log
    assert request.headers["Cache-Control"] == "max-age=0"
    assert "text/html" in request.headers["Accept"]


@pytest.mark.parametrize("takes_ranges", [True, False])
@pytest.mark.parametrize("body", [BODY, b"x", b""])
async def test_a_size_is_asked_for_by_one_byte(
    destination: Destination, there: ScriptedDestination, body: bytes, *, takes_ranges: bool
) -> None:
    there.takes_ranges = takes_ranges
    there.put(WHEEL, body)
    (file,) = (await destination.page(DEMO)).files

    assert await destination.size_of(file) == len(body)
    assert there.log[-1].headers["Range"] == "bytes=0-0"
    assert there.log[-1].method == "GET"


async def test_a_file_without_an_answer_has_no_size(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.put(WHEEL, BODY)
    (file,) = (await destination.page(DEMO)).files
    there.files.clear()

    with pytest.raises(NoSuchFile, match="the destination"):
        await destination.size_of(file)
    with pytest.raises(NoSuchFile):
        await destination.size_of(Distribution(WHEEL, DIGEST))


async def test_at_most_eight_are_under_way_and_what_is_read_counts_to_its_end(
    there: ScriptedDestination,
) -> None:
    there.delay_seconds = 0.05
    there.put(WHEEL, BODY)
    async with opened(there) as destination:
        (file,) = (await destination.page(DEMO)).files
        held = [await destination.open(file) for _ in range(8)]
        waiting = asyncio.create_task(destination.page(DEMO))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert await held[0].read() == BODY
        await waiting
        for content in held[1:]:
            closing = getattr(content.chunks, "aclose")  # noqa: B009  # Content promises an iterator alone
            await closing()
        files = [outgoing(filename=f"demo-{number}.0-py3-none-any.whl") for number in range(2, 32)]
        await asyncio.gather(*(destination.deliver(one) for one in files))

    assert there.most_at_once == 8
    assert len(there.files) == 31


async def test_a_part_of_a_file_is_that_part(destination: Destination, there: ScriptedDestination) -> None:
    there.put(WHEEL, BODY)
    (file,) = (await destination.page(DEMO)).files

    assert await (await destination.open(file, Span(5, 15))).read() == BODY[5:15]


# ---------------------------------------------------------------------- the check before anything else


async def test_two_addresses_that_answer_are_fit(
    destination: Destination, there: ScriptedDestination
) -> None:
    for there.upload_get_status in (200, 400, 404, 405):
        await destination.check()

    assert there.forms == []


async def test_an_address_without_an_index_is_named(
    destination: Destination, there: ScriptedDestination
) -> None:
    there.root_status = 404

    with pytest.raises(NotADestination, match=r"shows no simple index \(404") as error:
        await destination.check()
    assert there.read_url in error.value.message
    assert "--read-url" in error.value.next_step


@pytest.mark.parametrize("part", ["root_status", "upload_get_status"])
@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_not_let_in_learns_it_before_anything_else(
    destination: Destination, there: ScriptedDestination, part: str, status: int
) -> None:
    setattr(there, part, status)

    with pytest.raises(DestinationDenied, match=str(status)):
        await destination.check()


@pytest.mark.parametrize("part", ["root_status", "upload_get_status"])
async def test_a_destination_that_is_down_is_asked_again_and_then_told(
    destination: Destination, there: ScriptedDestination, part: str
) -> None:
    setattr(there, part, 503)

    with pytest.raises(DestinationUnavailable, match="503 Service Unavailable, 3 times"):
        await destination.check()


async def test_nobody_there_is_told_with_the_address(there: ScriptedDestination) -> None:
    addresses = Addresses("http://127.0.0.1:9/upload", "http://127.0.0.1:9/simple/")

    async with Destination.opened(addresses, None, replace(SETTINGS, sleep=Naps())) as destination:
        with pytest.raises(DestinationUnavailable, match=r"http://127.0.0.1:9/simple/: the destination 127"):
            await destination.check()


# ---------------------------------------------------------------------- large


async def test_a_file_is_taken_from_the_store_no_faster_than_the_network_takes_it(
    there: ScriptedDestination,
) -> None:
    piece = os.urandom(1_000_000)
    taken = 0
    let_go = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield piece

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.close()

    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        addresses = Addresses(f"http://127.0.0.1:{port}/upload", there.read_url)
        settings = replace(SETTINGS, attempts=1, limits=Patient())
        async with Destination.opened(addresses, None, settings) as destination:
            large = replace(outgoing(), open=chunks, size_bytes=1_000_000_000)
            task = asyncio.create_task(destination.deliver(large))
            await asyncio.sleep(1)
            assert 0 < taken < 30
            let_go.set()
            with pytest.raises(DestinationUnavailable):
                await task

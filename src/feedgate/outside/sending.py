"""One file on its way to a destination: sent, its answer understood, and believed only once the page shows it.

A connection that is cut tells nothing of what became of the upload, and a word
that seems to say "exists" may mean a file that was deleted. So the page has the last word, always.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from feedgate.formats.core_metadata import InvalidCoreMetadata, parse_core_metadata
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.outside.answers import Meaning, advice_on, meaning_of, newest_metadata_taken, shown, spoken
from feedgate.outside.delivery import Conflict, Delivery, Exceeds, Outgoing, Present, Refused, Sent, Spent
from feedgate.outside.destination_peer import DENIALS, DestinationPeer, NotADestination
from feedgate.outside.fetcher import Fetcher, SendAnswer
from feedgate.outside.legacy_form import LegacyForm
from feedgate.outside.patience import Patience, TryAgain, asked_wait_seconds
from feedgate.outside.words import status_in_words

Look: TypeAlias = Callable[[Outgoing], Awaitable[Digest | None]]
"""Says which bytes the destination's page lists under a file's name, None where it lists none."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to ``upload_url``; ``look_waits_seconds`` lie between the looks that an answer is confirmed by.

    ``secrets`` are taken out of whatever the destination says.
    """

    fetcher: Fetcher
    peer: DestinationPeer
    upload_url: str
    look: Look
    patience: Patience
    look_waits_seconds: tuple[float, ...]
    secrets: tuple[str, ...] = field(repr=False)

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Send a file that the page does not list, until it is clear what became of it.

        Raises DestinationDenied, DestinationUnavailable, NotADestination, UploadRedirected.
        """
        began = asyncio.get_running_loop().time()
        number = 0
        while True:
            number += 1
            try:
                answer = await self._post(outgoing)
                return await self._understood(outgoing, answer, is_repeated=number > 1)
            except TryAgain as fault:
                failure = fault
            wait_seconds = self.patience.wait_before_next(number, failure)
            if wait_seconds is not None:
                await self.patience.sleep(wait_seconds)
            there = await self.look(outgoing)
            if there is not None:
                return Sent() if there == outgoing.digest else Conflict(there)
            if wait_seconds is None:
                took_seconds = asyncio.get_running_loop().time() - began
                raise self.patience.last_word(
                    outgoing.filename, failure, number, took_seconds, self.peer
                ) from failure

    async def _post(self, outgoing: Outgoing) -> SendAnswer:
        form = LegacyForm.of(outgoing)
        bodies = _Bodies(form)
        try:
            return await self.fetcher.send(
                self.upload_url,
                bodies.make,
                what=outgoing.filename,
                headers=form.headers,
                size_bytes=outgoing.size_bytes,
            )
        except TryAgain:
            if bodies.fault is not None:
                raise bodies.fault from None
            raise
        finally:
            await bodies.close()

    async def _understood(self, outgoing: Outgoing, answer: SendAnswer, *, is_repeated: bool) -> Delivery:
        status = answer.status
        heard = spoken(answer.reason, answer.headers.get("content-type", ""), answer.body)
        words = shown(heard, self.secrets)
        meaning = meaning_of(status, heard)
        if meaning is Meaning.ASK_AGAIN:
            asked_seconds = asked_wait_seconds(answer.headers.get("retry-after"), answer.headers.get("date"))
            raise TryAgain(status_in_words(status), wait_seconds=asked_seconds)
        if meaning is Meaning.NO_SUCH_ADDRESS:
            raise NotADestination(self.upload_url, status=status, is_upload=True, words=words)
        is_listed_soon = meaning in {Meaning.TAKEN, Meaning.EXISTS}
        there = await (self._look_for_long(outgoing) if is_listed_soon else self.look(outgoing))
        if there is not None:
            is_ours = is_repeated or meaning is Meaning.TAKEN
            return _by_digest(outgoing, there, Sent() if is_ours else Present())
        if meaning is Meaning.DENIED or (meaning is Meaning.TAKEN and status in DENIALS):
            raise self.peer.denied(outgoing.filename, status, words)
        return _not_listed(outgoing, meaning, status, words, heard)

    async def _look_for_long(self, outgoing: Outgoing) -> Digest | None:
        for wait_seconds in (*self.look_waits_seconds, None):
            there = await self.look(outgoing)
            if there is not None or wait_seconds is None:
                return there
            await self.patience.sleep(wait_seconds)
        return None


class _Bodies:
    """The bodies that were made of one form, each closed in the end; ``fault`` is what our own side failed with."""

    def __init__(self, form: LegacyForm) -> None:
        self._form = form
        self._made: list[AsyncIterator[bytes]] = []
        self.fault: Exception | None = None

    def make(self) -> AsyncIterator[bytes]:
        body = self._watched()
        self._made.append(body)
        return body

    async def _watched(self) -> AsyncIterator[bytes]:
        chunks = self._form.body()
        try:
            async for chunk in chunks:
                yield chunk
        except Exception as fault:
            # The client would wrap it into a fault of the network, which it is not.
            self.fault = fault
            raise
        finally:
            await _close(chunks)

    async def close(self) -> None:
        for body in self._made:
            await _close(body)


async def _close(body: AsyncIterator[bytes]) -> None:
    while isinstance(body, AsyncGenerator):
        try:
            await body.aclose()
            break
        except RuntimeError:  # whoever was writing it has been told to stop, and stops in the next round
            await asyncio.sleep(0)


def _by_digest(outgoing: Outgoing, there: Digest, same: Sent | Present) -> Delivery:
    return same if there == outgoing.digest else Conflict(there)


def _not_listed(outgoing: Outgoing, meaning: Meaning, status: int, words: str, heard: str) -> Delivery:
    """Return what became of a file that the page does not list."""
    if meaning in {Meaning.EXISTS, Meaning.DELETED}:
        return Spent(words)
    if meaning is Meaning.TOO_LARGE:
        return Exceeds(Limits(size_bytes=outgoing.size_bytes - 1), words)
    if meaning is Meaning.METADATA_TOO_NEW:
        newest = newest_metadata_taken(heard, _metadata_version(outgoing))
        if newest is not None:
            return Exceeds(Limits(metadata_version=newest), words)
    return Refused(status, words, advice_on(status, meaning))


def _metadata_version(outgoing: Outgoing) -> str:
    try:
        return parse_core_metadata(outgoing.metadata, filename=outgoing.filename).metadata_version
    except InvalidCoreMetadata:
        return "1.0"

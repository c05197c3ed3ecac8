"""The operations on what the gate knows and decides: holds, advisories, exposure, passports, bills of materials."""

from pathlib import Path

from feedgate.api.advisory_bodies import (
    AdvisoryLoadBody,
    AdvisorySourceBody,
    AdvisoryUpdate,
    MatchedReleaseBody,
    MatchQuestion,
)
from feedgate.api.calls import Calls, Reply, of, parse, reply_of
from feedgate.api.connection import LONG_READ_SECONDS, Sending
from feedgate.api.exposure_bodies import ExposureBody
from feedgate.api.hold_bodies import HoldAnswer, HoldBody
from feedgate.api.passport_bodies import PassportBody
from feedgate.machine import addresses
from feedgate.model.names import FeedPath


class GateCalls(Calls):
    """What of a server's operations is the gate's."""

    def list_holds(self, feed: FeedPath, *, answered: bool = False) -> Reply[tuple[HoldBody, ...]]:
        """Return what policy holds of a feed's requests; with ``answered`` also what does not wait any more."""
        return self.lines(HoldBody, of(feed, addresses.API_HOLDS), all="true" if answered else "false")

    def release_hold(self, feed: FeedPath, number: int, reason: str) -> Reply[HoldBody]:
        """Let a held file pass."""
        path = of(feed, addresses.API_HOLD_RELEASE, hold=str(number))
        return self.one(HoldBody, "POST", path, HoldAnswer(reason=reason))

    def refuse_hold(self, feed: FeedPath, number: int, reason: str) -> Reply[HoldBody]:
        """Say no to a held file; what waits for it does not go on."""
        path = of(feed, addresses.API_HOLD_REFUSAL, hold=str(number))
        return self.one(HoldBody, "POST", path, HoldAnswer(reason=reason))

    def confirm_hold(self, feed: FeedPath, number: int) -> Reply[HoldBody]:
        """Confirm another Owner's release."""
        return self.one(HoldBody, "POST", of(feed, addresses.API_HOLD_CONFIRMATION, hold=str(number)))

    def list_advisories(self) -> Reply[tuple[AdvisorySourceBody, ...]]:
        """Return the sources of advisories, and what is loaded of each."""
        return self.lines(AdvisorySourceBody, addresses.API_ADVISORIES)

    def load_advisories(self, source: str, file: Path, *, force: bool) -> Reply[AdvisoryLoadBody]:
        """Load a source's database from a file; the same again changes nothing."""
        path = addresses.fill(addresses.API_ADVISORY_SOURCE, source=source)
        with file.open("rb") as content:
            sending = Sending(
                "PUT",
                path,
                {"force": "true"} if force else {},
                bare=("application/octet-stream", content),
                read_seconds=LONG_READ_SECONDS,
            )
            return reply_of(AdvisoryLoadBody, self.connection.ask(sending))

    def update_advisories(self, source: str, update: AdvisoryUpdate) -> Reply[AdvisoryLoadBody]:
        """Have the server fetch a source's database and load it."""
        path = addresses.fill(addresses.API_ADVISORY_UPDATE, source=source)
        content = update.model_dump_json(exclude_unset=True)
        sending = Sending("POST", path, {}, content=content, read_seconds=LONG_READ_SECONDS)
        return reply_of(AdvisoryLoadBody, self.connection.ask(sending))

    def match_advisories(self, question: MatchQuestion) -> Reply[tuple[MatchedReleaseBody, ...]]:
        """Return what the loaded advisories say of releases, one line each."""
        sending = Sending(
            "POST", addresses.API_ADVISORY_MATCHES, {}, content=question.model_dump_json(exclude_unset=True)
        )
        text = self.connection.ask(sending)
        return Reply(tuple(parse(MatchedReleaseBody, line) for line in text.splitlines() if line), text)

    def show_exposure(self, subject: str, feed: FeedPath | None = None) -> Reply[ExposureBody]:
        """Return who has a release, NAME==VERSION, or what an advisory affects."""
        asked = {"release" if "==" in subject else "advisory": subject}
        if feed is not None:
            asked["feed"] = str(feed)
        return reply_of(ExposureBody, self.connection.ask(Sending("GET", addresses.API_EXPOSURE, asked)))

    def show_passports(self, feed: FeedPath, subject: str) -> Reply[tuple[PassportBody, ...]]:
        """Return what is known of each file that ``NAME==VERSION``, a file name or a sha256 means."""
        return self.lines(PassportBody, of(feed, addresses.API_PASSPORT, subject=subject))

    def feed_sbom(self, feed: FeedPath, serial: int | None = None) -> str:
        """Return what a feed holds, or held at a serial, as CycloneDX."""
        params = {} if serial is None else {"serial": serial}
        path = of(feed, addresses.API_FEED_SBOM)
        return self.connection.ask(Sending("GET", path, params, read_seconds=LONG_READ_SECONDS))

    def run_sbom(self, run: str) -> str:
        """Return what a run resolved, as CycloneDX."""
        path = addresses.fill(addresses.API_RUN_SBOM, run=run)
        return self.connection.ask(Sending("GET", path, {}, read_seconds=LONG_READ_SECONDS))

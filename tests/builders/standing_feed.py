"""A feed with a standing destination: the stand-in for Azure, and a server that may be killed."""

import hashlib
import itertools
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from feedgate.api.destination_bodies import DestinationBody, DestinationSetting, SendCreation
from feedgate.api.run_bodies import DestinationChoice, RunBody, RunLine
from feedgate.model.run import RunKind, RunState
from tests.builders.intake_feed import Intake
from tests.builders.working_server import wait_until
from tests.doubles.azure import AzureArtifacts

TOKEN = "may-publish-canary-5b1f90"


@dataclass
class StandingFeed(Intake):
    """``secrets`` is a folder in which a destination's token may lie."""

    azure: AzureArtifacts = field(kw_only=True)
    secrets: Path = field(kw_only=True)
    _tokens: "itertools.count[int]" = field(default_factory=itertools.count)

    def token_file(self, token: str | None = TOKEN) -> Path:
        """Return a file of its own with the token; None = the file is not there yet."""
        self.secrets.mkdir(exist_ok=True)
        file = self.secrets / f"token-{next(self._tokens)}"
        if token is not None:
            file.write_text(token)
        return file

    def to(
        self, name: str, secret: Path | str | None, *, azure: AzureArtifacts | None = None, **said: list[str]
    ) -> DestinationBody:
        """Have the feed's publishes sent to the stand-in, with the secret in that file or at that source."""
        source = f"file:{secret}" if isinstance(secret, Path) else secret
        setting = DestinationSetting.model_validate(
            {"to": (azure or self.azure).upload_url, "secret": source, **said}
        )
        return self.client.add_destination(self.path, name, setting).body

    def sends(self) -> list[RunLine]:
        """Return the feed's runs that send, the oldest first."""
        newest = self.client.list_runs(self.path, limit=1000).body
        return [run for run in reversed(newest) if run.kind is RunKind.SEND]

    def sent(self, run: str | None = None) -> RunBody:
        """Wait for a run that sends, the feed's last one unless it is named; it must have sent all."""
        ended = self.ended(run or self.sends()[-1].run)
        assert ended.state is RunState.PUBLISHED, (ended.state, ended.reason)
        return ended

    def waits(self, run: str, words: str) -> RunBody:
        """Wait until the run says, while it is queued, what it waits for."""

        def says() -> bool:
            shown = self.client.show_run(run).body
            return shown.state is RunState.QUEUED and words in (shown.reason or "")

        wait_until(says)
        return self.client.show_run(run).body

    def send(self, name: str, serial: int | None = None, **said: list[str]) -> RunBody:
        """Send what the feed holds to a standing destination; returns the run when it has ended."""
        choice = DestinationChoice.model_validate({"name": name, **said})
        creation = SendCreation(destination=choice, serial=serial)
        return self.ended(self.client.send(self.path, creation, key=uuid.uuid4().hex).body)


def digests(*files: Path) -> dict[str, str]:
    """Return what a destination that has these files says of them."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

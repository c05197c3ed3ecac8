"""A feed whose runs are sent to the stand-in for Azure: what a test of sending talks to.

sending.offer("demo", "1.0", requires=["part"])
sending.offer("part", "1.0")
run = sending.sent("demo")
assert sending.there() == sending.digests(run)
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedgate.api.run_bodies import DestinationChoice, RunBody
from feedgate.model.run import RunKind, RunState
from tests.builders.intake_feed import Intake
from tests.builders.working_server import wait_until
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_log import Seen, uploads_by_file


@dataclass
class SendingFeed(Intake):
    """``azure`` is the destination of the server's own; ``choice`` are members of ``DestinationChoice``."""

    azure: AzureArtifacts = field(default_factory=AzureArtifacts)

    def begin(self, *requirements: str, choice: dict[str, Any] | None = None, **asked: Any) -> RunBody:
        """Ask for something to be brought in and sent, and do not wait."""
        destination = DestinationChoice(
            upload_url=self.azure.upload_url, read_url=self.azure.simple_url, **(choice or {})
        )
        return self.post(*requirements, destination=destination, **asked)

    def send(self, *requirements: str, **asked: Any) -> RunBody:
        """Bring something in and send it; returns the run when it has ended."""
        return self.ended(self.begin(*requirements, **asked))

    def sent(self, *requirements: str, **asked: Any) -> RunBody:
        """Send something that must arrive whole and be proved there."""
        run = self.send(*requirements, **asked)
        assert run.state is RunState.PUBLISHED, (run.state, run.reason, run.targets)
        assert all(target.proved for target in run.targets), run.targets
        return run

    def planned(self, *requirements: str, **asked: Any) -> RunBody:
        """Plan to send something."""
        return self.send(*requirements, kind=RunKind.PLAN, **asked)

    # ------------------------------------------------------------------ the destination

    def store(self, wheel: Path) -> Path:
        """Have a wheel at the destination, as if a colleague had sent it."""
        self.azure.store(wheel.name, wheel.read_bytes())
        return wheel

    def there(self) -> dict[str, str]:
        """Return what the destination has: file names with their sha256."""
        return self.azure.files()

    def uploads(self) -> dict[str, int]:
        """Return how often each file was sent, taken or not."""
        return uploads_by_file(posted(self.azure.seen))

    def wait_for_upload(self, wheel: Path) -> None:
        """Wait until a file is being sent."""
        wait_until(lambda: wheel.name in self.uploads())

    def asked_upstream(self, name: str) -> int:
        """Return how often the upstream was asked for a project's page."""
        return len(self.upstream.asked(name))


def posted(seen: list[Seen]) -> list[Seen]:
    """Return the uploads themselves, without the question whether anybody answers there."""
    return [one for one in seen if one.kind == "upload" and one.method == "POST"]


def digests(*wheels: Path) -> dict[str, str]:
    """Return wheels' names with their sha256."""
    return {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}


def ends(run: RunBody) -> dict[str, str]:
    """Return what became of each file."""
    return {file.filename: file.state for file in run.files}


def because(run: RunBody, wheel: Path) -> str:
    """Return what the report says of one file; a file without a reason is a failure."""
    found = next(file.reason for file in run.files if file.filename == wheel.name)
    assert found, run.files
    return found

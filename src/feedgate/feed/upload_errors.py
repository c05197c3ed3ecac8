"""Why an upload is not taken, beside what is wrong with its form."""

from datetime import datetime, timedelta

from feedgate.errors import Conflict, Held, Refused, TooLarge
from feedgate.model.decision import Decision

RELEASE_OPEN = timedelta(days=14)
"""How long an upload may join a release, counted from the release's first file."""


class UploadTooLarge(TooLarge):
    """A file above the server's limit."""

    code = "upload-too-large"

    def __init__(self, filename: str, limit_bytes: int) -> None:
        super().__init__(
            f"{filename}: is larger than this server takes, {limit_bytes} bytes",
            next_step="Nothing was stored. An administrator can raise limits.upload_bytes.",
            facts={"limit_bytes": limit_bytes},
        )


class ReleaseClosed(Conflict):
    """A new file for a release that was first published more than 14 days ago."""

    code = "release-closed"

    def __init__(self, filename: str, first: datetime) -> None:
        super().__init__(
            f"{filename}: its release was published on {first:%Y-%m-%d}; new files join for {RELEASE_OPEN.days} days",
            next_step="Nothing was stored. Publish a new version.",
        )


class UploadRefused(Refused):
    """Policy does not let the file in."""

    code = "upload-refused"

    def __init__(self, filename: str, decision: Decision) -> None:
        super().__init__(
            f"{decision.reason}" if filename in decision.reason else f"{filename}: {decision.reason}",
            next_step=f"Nothing was stored (policy {decision.policy}). Mend what is named, then build and upload anew.",
            facts={"filename": filename, "policy": decision.policy},
        )


class UploadHeld(Held):
    """Policy asks for a person before the file may enter."""

    code = "upload-held"

    def __init__(self, filename: str, decision: Decision) -> None:
        super().__init__(
            f"{filename}: {decision.reason}",
            next_step=f"Nothing was stored (policy {decision.policy}). Ask an Owner of the feed.",
            facts={"filename": filename, "policy": decision.policy},
        )

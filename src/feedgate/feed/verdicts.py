"""What policy kept out is an entry too, although nothing became visible."""

from collections.abc import Sequence
from datetime import datetime

from feedgate.model.canonical import Json
from feedgate.model.decision import Verdict
from feedgate.model.digest import Digest
from feedgate.model.ledger import Act
from feedgate.model.run import RunId
from feedgate.records import entries
from feedgate.records.database import Database
from feedgate.records.feeds import Located

KeptOut = tuple[str, Digest, str]
"""A file's name, its digest, and the reason."""


def note_verdict(  # who, where, what, why, when
    records: Database,
    located: Located,
    run: RunId,
    requester: str,
    verdict: Verdict,
    files: Sequence[KeptOut],
    *,
    now: datetime,
) -> None:
    """Write that a run's files were held or refused; once a run."""
    act = Act.HELD if verdict is Verdict.HOLD else Act.REFUSED
    listed: list[Json] = [
        {"filename": name, "sha256": digest, "reason": reason} for name, digest, reason in files
    ]
    with records.change(located.id, act, requester, now, run=run) as change:
        if entries.written_by(change, located.id, run, act) is None:
            change.record({"files": listed})

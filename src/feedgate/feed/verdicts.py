"""What policy kept out is an entry too, although nothing became visible."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from feedgate.model.canonical import Json
from feedgate.model.decision import Verdict
from feedgate.model.digest import Digest
from feedgate.model.hold import NewHold
from feedgate.model.ledger import Act
from feedgate.model.run import RunId
from feedgate.records import entries, outcomes
from feedgate.records import holds as open_holds
from feedgate.records.database import Database
from feedgate.records.feeds import Located

WAITS: Final = "holds"
"""Under what a run keeps the numbers of the holds that it waits for."""

KeptOut = tuple[str, Digest, str]
"""A file's name, its digest, and the reason."""


def note_verdict(  # noqa: PLR0913  # who, where, what, why, when
    records: Database,
    located: Located,
    run: RunId,
    requester: str,
    verdict: Verdict,
    files: Sequence[KeptOut],
    holds: Sequence[NewHold] = (),
    *,
    now: datetime,
) -> None:
    """Write that files of a run were held or refused, and open the holds that people may answer.

    The same again is no entry; a run that chose anew and was refused other files writes one more.
    """
    act = Act.HELD if verdict is Verdict.HOLD else Act.REFUSED
    listed: list[Json] = [
        {"filename": name, "sha256": digest, "reason": reason} for name, digest, reason in files
    ]
    with records.change(located.id, act, requester, now, run=run) as change:
        newest = entries.written_by(change, located.id, run, act)
        if newest is None or json.loads(newest.facts)["files"] != listed:
            numbers = open_holds.open_all(change, located.id, holds, run, requester)
            facts: dict[str, Json] = {"files": listed}
            if numbers:
                waits: list[Json] = list(numbers)
                facts["holds"] = waits
                outcomes.put(change, run, WAITS, {"numbers": waits})
            change.record(facts)

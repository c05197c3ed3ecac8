"""Whether a database may take the place of the one that is loaded: an old or gutted one would open the gate.

Each refusal says both figures, and ``force`` is an administrator's word that they are right.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from feedgate.errors import Conflict
from feedgate.model.advisory_source import LoadedAdvisories

MOST_AHEAD: Final = timedelta(days=1)
"""How far ahead of ours the clock of whoever wrote a record may be."""

MOST_FEWER_PERCENT: Final = 5

_FORCE: Final = "If that is right, load it with --force."


class AdvisoriesEmpty(Conflict):
    """An advisory database without one advisory on PyPI's projects."""

    code = "advisories-empty"

    def __init__(self, source: str, *, loaded: int) -> None:
        super().__init__(
            f"advisory source {source}: the database has 0 records for PyPI, loaded are {loaded}",
            next_step=f"Nothing was changed. Look whether it is the right file. {_FORCE}",
            facts={"source": source, "records": 0, "loaded": loaded},
        )


class AdvisoriesOlder(Conflict):
    """An advisory database whose newest record is older than that of the loaded one."""

    code = "advisories-older"

    def __init__(self, source: str, *, dated: datetime, loaded: datetime) -> None:
        super().__init__(
            f"advisory source {source}: the database is of {_shown(dated)}, loaded is one of {_shown(loaded)}",
            next_step=f"Nothing was changed. Fetch a newer one. {_FORCE}",
            facts={"source": source, "dated": dated.isoformat(), "loaded": loaded.isoformat()},
        )


class AdvisoriesFewer(Conflict):
    """An advisory database with many fewer records than the loaded one."""

    code = "advisories-fewer"

    def __init__(self, source: str, *, records: int, loaded: int) -> None:
        super().__init__(
            f"advisory source {source}: the database has {records} records, loaded are {loaded}: "
            f"more than {MOST_FEWER_PERCENT} % fewer",
            next_step=f"Nothing was changed. Look whether it is whole. {_FORCE}",
            facts={"source": source, "records": records, "loaded": loaded},
        )


class AdvisoriesFromTheFuture(Conflict):
    """An advisory database with records that were changed after today."""

    code = "advisories-from-the-future"

    def __init__(self, source: str, *, records: int, latest: datetime, now: datetime) -> None:
        super().__init__(
            f"advisory source {source}: {records} of its records are said to be of later than today, "
            f"the last one of {_shown(latest)}; now is {_shown(now)}",
            next_step=f"Nothing was changed. Look at this machine's clock, and at the database. {_FORCE}",
            facts={"source": source, "records": records, "latest": latest.isoformat()},
        )


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many records are dated in the future, and the last of these dates."""

    records: int
    latest: datetime


def check_replaces(
    new: LoadedAdvisories, ahead: Ahead | None, old: LoadedAdvisories | None, *, now: datetime
) -> None:
    """Raise why ``new`` is not loaded in place of ``old``.

    AdvisoriesEmpty, AdvisoriesFromTheFuture, AdvisoriesOlder, AdvisoriesFewer.
    """
    loaded = 0 if old is None else old.records
    if new.records == 0:
        raise AdvisoriesEmpty(new.source, loaded=loaded)
    if ahead is not None:
        raise AdvisoriesFromTheFuture(new.source, records=ahead.records, latest=ahead.latest, now=now)
    if old is not None and new.dated_at < old.dated_at:
        raise AdvisoriesOlder(new.source, dated=new.dated_at, loaded=old.dated_at)
    if new.records * 100 < loaded * (100 - MOST_FEWER_PERCENT):
        raise AdvisoriesFewer(new.source, records=new.records, loaded=loaded)


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")

"""Step: every file of the closure is looked at, once a digest; most were when they came."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from feedgate.gate.look import Looks
from feedgate.intake.kept import fetched_by
from feedgate.model.run import Done, Event, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class Inspect:
    """Look at what was not looked at yet."""

    name: ClassVar[str] = "inspect"

    records: Database
    looks: Looks

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Have a result of every inspector for every file that was fetched."""
        del target
        fetched = await asyncio.to_thread(fetched_by, self.records, run.id)
        files = [] if fetched is None else [(digest, name) for name, digest in fetched.digests.items()]

        def seen(count: int) -> None:
            tell(Event("progress", {"files": count, "of_files": len(files)}))

        await self.looks.look_all(files, seen=seen)
        return Done()

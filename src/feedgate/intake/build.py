"""Step: what has only source would be built here. Nothing of a stranger's code runs, so nothing is.

The resolver is never offered a source distribution to choose; this step is
the place where that promise is kept a second time, on what was chosen.
"""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from feedgate.intake.kept import resolved_by
from feedgate.model.distribution import Kind
from feedgate.model.run import Done, Failed, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class Build:
    """Let only wheels pass."""

    name: ClassVar[str] = "build"

    records: Database

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Fail the run by name if anything was chosen that would have to be built."""
        del target, tell
        resolved = await asyncio.to_thread(resolved_by, self.records, run.id)
        for one, part in sorted(resolved.items()):
            for pin in part.pins:
                if pin.file.stem.kind is not Kind.WHEEL:
                    return Failed("only-source", f"{pin.project} {pin.version} has only source for {one}")
        return Done()

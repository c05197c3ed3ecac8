"""Step: make the whole closure visible in one transaction; what changed meanwhile is proved again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from feedgate.blobs.store import BlobStore
from feedgate.feed.publish import Changed, Closure, Publication, publish_closure
from feedgate.gate.look import Looks
from feedgate.intake import kept
from feedgate.intake.kept import keep_publication
from feedgate.intake.prove import Prove
from feedgate.intake.run_index import Faced, RunIndexes, asked_by
from feedgate.intake.stage import stage
from feedgate.intake.staging import Staging
from feedgate.model.canonical import Json
from feedgate.model.ledger import Serial
from feedgate.model.run import Done, Event, Failed, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database

_MOST_PROOFS = 5


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish what was proved; all of it or nothing."""

    name: ClassVar[str] = "publish"

    records: Database
    blobs: BlobStore
    looks: Looks
    views: RunIndexes
    prove: Prove
    clock: Callable[[], datetime]

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Publish, and prove again as long as others change the closure's projects before us."""
        del target
        view = await self.views.of(run)
        staging = await stage(view, self.records, self.blobs, self.looks, run, self.clock)
        facts = await self._facts(run)
        base = None if view.faced is not None else view.base
        for _ in range(_MOST_PROOFS):
            answer = await asyncio.to_thread(self._publish, run, view.faced, staging, base, facts)
            if isinstance(answer, Publication):
                if not answer.published:
                    await asyncio.to_thread(self._keep, run, answer)
                tell(Event("published", {"files": len(answer.published), "serial": answer.serial}))
                return Done()
            base = answer.serial
            tell(Event("proved-again", {"changed": list(answer.names)}))
            for one in run.targets:
                outcome = await self.prove.at(run, one, staging, base, tell)
                if isinstance(outcome, Failed):
                    return outcome
        return Failed(
            "feed-changes-too-fast",
            f"{run.feed}: the closure's projects changed {_MOST_PROOFS} times while it was proved. Next: retry the run",
        )

    def _publish(
        self, run: Run, faced: Faced | None, staging: Staging, base: Serial | None, facts: dict[str, Json]
    ) -> Publication | Changed:
        located = kept.feed_of(self.records, run)
        closure = Closure(
            staging.rows,
            staging.present,
            base,
            facts,
            round=1 if faced is None else faced.learnt.round,
            follows=faced is not None and faced.asked.name is None,
        )
        return publish_closure(
            self.records,
            located,
            run.id,
            run.requester,
            closure,
            keep=lambda change, publication: keep_publication(change, run.id, _kept(publication)),
            now=self.clock(),
        )

    def _keep(self, run: Run, publication: Publication) -> None:
        """Keep it where nothing was new: no entry was written then, with which it would have been kept."""
        with self.records.note() as note:
            keep_publication(note, run.id, _kept(publication))

    async def _facts(self, run: Run) -> dict[str, Json]:
        asked = await asyncio.to_thread(asked_by, self.records, run)
        return {
            "requested": [*asked.requirements, *(file.name for file in asked.files)],
            "targets": [str(target) for target in run.targets],
            "reason": asked.reason,
        }


def _kept(publication: Publication) -> kept.Publication:
    return kept.Publication(publication.serial, publication.published, publication.present)

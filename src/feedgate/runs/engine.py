"""The durable engine: each run goes through its workflow's phases once, whatever is killed between.

The only file that knows DBOS. Through it go a run's id and, for each step, one
small JSON value: how the step ended. What a run is and what steps worked out
stands in our own records.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from dbos import DBOS, DBOSClient, DBOSConfig, SetEnqueueOptions, SetWorkflowID, StepOptions
from dbos._error import (  # the library raises them and exports them nowhere
    DBOSAwaitedWorkflowCancelledError,
    DBOSWorkflowCancelledError,
)
from dbos._serialization import DBOSPortableJSONSerializer  # the same

from feedgate import errors
from feedgate.errors import FeedgateError
from feedgate.model.run import (
    Again,
    Event,
    Failed,
    Held,
    Later,
    Outcome,
    Refused,
    Run,
    RunId,
    RunKind,
    RunState,
    Tell,
)
from feedgate.model.target import Target
from feedgate.records import runs
from feedgate.records.database import Database
from feedgate.runs.events import Teller
from feedgate.runs.outcome import INTERNAL_ERROR, Ending, ending_of, from_json, to_json
from feedgate.runs.step import OnceTo, PerTarget, Phase, Step, Workflow

QUEUE: Final = "runs"

_NAME: Final = "feedgate"

_VERSION: Final = "1"
"""For ever: under another one, runs of an earlier release would never be taken up."""

_POLL_SECONDS: Final = 0.1
"""How often the queue is looked at; 3 % of a core, and half as much again for each halving."""

_FIRST_WAIT_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 900.0
"""How long a run waits that went back into the queue; each time twice as long."""

_Execution: TypeAlias = Callable[[str, int], Coroutine[Any, Any, str]]

_log = logging.getLogger(__name__)


class Standing(StrEnum):
    """How the engine sees a run."""

    UNKNOWN = "unknown"
    OPEN = "open"
    ENDED = "ended"


class Engine:
    """Takes runs through their workflows; one in a process, made and launched inside its event loop."""

    def __init__(
        self,
        database: Database,
        system_database_url: str,
        workflows: Mapping[RunKind, Workflow],
        *,
        executor_id: str,
        clock: Callable[[], datetime],
        concurrency: int = 4,
    ) -> None:
        """Wire the workflows; nothing connects before ``launch``.

        ``executor_id`` must be the one under which a killed predecessor ran,
        and no living one runs: its unfinished runs are taken up at launch.
        """
        self._database = database
        self._system_database_url = system_database_url
        self._clock = clock
        self._concurrency = concurrency
        self._active: set[RunId] = set()
        _quiet_the_library()
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": system_database_url,
            "application_version": _VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
        DBOS(config=config)
        self._workflows = dict(workflows)
        self._executions = {kind: self._register(workflow) for kind, workflow in workflows.items()}

    async def launch(self) -> None:
        """Connect, and take up what a predecessor left unfinished."""
        await asyncio.to_thread(self._register_queue)
        DBOS.listen_queues([QUEUE])
        DBOS.launch()  # in the loop's thread: the workflows then run in this loop

    async def enqueue(self, run: RunId, kind: RunKind, tries: int = 0) -> None:
        """Hand the run over, which went back into the queue ``tries`` times; one handed over before is left as it is."""
        with SetWorkflowID(_workflow_id(run, tries)), SetEnqueueOptions(app_version=_VERSION):
            await DBOS.enqueue_workflow_async(QUEUE, self._executions[kind], str(run), tries)

    async def cancel(self, run: RunId, tries: int = 0) -> None:
        """Stop the run: within a second its steps see CancelledError; no further one begins."""
        await DBOS.cancel_workflow_async(_workflow_id(run, tries))

    async def end(self, run: RunId, kind: RunKind, ending: Ending) -> None:
        """Give a run that nobody works on its end, unless what can not be taken back has happened already."""
        workflow = self._workflows[kind]
        await asyncio.to_thread(self._end_early, run, workflow, ending)
        await workflow.release(run)

    async def standing(self, run: RunId, tries: int = 0) -> Standing:
        """Return whether the engine knows the run, and has it still before it."""
        status = await DBOS.get_workflow_status_async(_workflow_id(run, tries))
        if status is None:
            return Standing.UNKNOWN
        return Standing.OPEN if status.status in {"PENDING", "ENQUEUED"} else Standing.ENDED

    def is_active(self, run: RunId) -> bool:
        """Return whether a step of the run may be at work in this process."""
        return run in self._active

    def _register_queue(self) -> None:
        """Have the queue there before the launch: one registered after it is first looked at a second later."""
        DBOS.migrate(self._system_database_url)
        client = DBOSClient(
            system_database_url=self._system_database_url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
        )
        client.register_queue(QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=_POLL_SECONDS)
        client.destroy()

    def _register(self, workflow: Workflow) -> _Execution:
        async def execute(run: str, tries: int) -> str:
            return await self._execute(workflow, RunId(run), tries)

        register = DBOS.workflow(name=workflow.name, max_recovery_attempts=None)
        return register(execute)

    async def _execute(self, workflow: Workflow, run_id: RunId, tries: int) -> str:
        run = await asyncio.to_thread(self._begin, run_id, tries)
        if run is None:
            return "gone"
        if run.state.is_final:
            return run.state.value
        self._active.add(run_id)
        teller = Teller(self._database, run_id, self._clock)
        try:
            ending = await self._take_phases(workflow, run, teller)
            if isinstance(ending, Later):
                await asyncio.to_thread(self._put_back, run_id, tries, ending)
                return RunState.QUEUED.value
            # No step of the library's: written again after a kill, rather than believed to be written.
            await asyncio.to_thread(self._end, run_id, ending)
        except DBOSWorkflowCancelledError:
            await asyncio.to_thread(self._end_early, run_id, workflow, Ending(RunState.CANCELLED))
            raise
        except Exception as error:
            _log.exception("run %s: the engine could not go on", run_id)
            ending = Ending(RunState.FAILED, INTERNAL_ERROR, _own_fault(run_id, error))
            await asyncio.to_thread(self._end_early, run_id, workflow, ending)
            raise
        else:
            return ending.state.value
        finally:
            await teller.close()
            await workflow.release(run_id)
            self._active.discard(run_id)

    async def _take_phases(self, workflow: Workflow, run: Run, teller: Teller) -> Ending | Later:
        phases = [
            phase for phase in workflow.phases if run.destination is not None or not isinstance(phase, OnceTo)
        ]
        waiting = list(phases)
        while waiting:
            outcomes = await self._take(waiting.pop(0), run, teller)
            ending = ending_of(outcomes, several=len(run.targets) > 1)
            if ending is not None:
                return ending
            later = next((outcome for _target, outcome in outcomes if isinstance(outcome, Later)), None)
            if later is not None:
                return later
            if any(isinstance(outcome, Again) for _target, outcome in outcomes):
                waiting = list(phases)
        return Ending(workflow.done)

    async def _take(self, phase: Phase, run: Run, teller: Teller) -> list[tuple[Target | None, Outcome]]:
        targets: tuple[Target | None, ...] = run.targets if isinstance(phase, PerTarget) else (None,)
        # Numbers are drawn in the targets' order before anything runs: so a replay finds each its own result.
        reservations = [DBOS.reserve_step() for _ in targets]
        results = await asyncio.gather(
            *(
                reservation.run_async(
                    _options(phase.step, target), self._step, phase.step, run, target, teller
                )
                for reservation, target in zip(reservations, targets, strict=True)
            ),
            return_exceptions=True,
        )
        # Only now, or the siblings' results would go unrecorded.
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [
            (target, from_json(result))
            for target, result in zip(targets, results, strict=True)
            if not isinstance(result, BaseException)
        ]

    async def _step(self, step: Step, run: Run, target: Target | None, teller: Teller) -> dict[str, str]:
        tell = teller.of(step.name, None if target is None else str(target))
        tell(Event("started", {}))
        begun = time.monotonic()
        try:
            outcome = await _outcome(step, run, target, tell)
        except asyncio.CancelledError:
            tell(Event("cancelled", {"seconds": _since(begun)}))
            await teller.flush()
            raise
        if isinstance(outcome, Failed):
            tell(Event("failed", {"seconds": _since(begun), "code": outcome.code, "reason": outcome.reason}))
        else:
            tell(Event("finished", {"seconds": _since(begun), **to_json(outcome)}))
        await teller.flush()
        return to_json(outcome)

    def _begin(self, run: RunId, tries: int) -> Run | None:
        with self._database.note() as note:
            found = runs.find(note, run)
            if found is None or runs.tries(note, run) != tries:
                return None  # it went back into the queue before a kill, and is taken up from there
            runs.start(note, run, self._clock())
            return runs.find(note, run)

    def _put_back(self, run: RunId, tries: int, later: Later) -> None:
        seconds = min(_FIRST_WAIT_SECONDS * 2.0 ** min(tries, 16), _LONGEST_WAIT_SECONDS)
        due = self._clock() + timedelta(seconds=seconds)
        with self._database.note() as note:
            reason = f"waits: {later.reason}; the next try is at {due:%H:%M:%S} UTC"
            runs.put_back(note, run, reason=reason, not_before=due)

    def _end_early(self, run: RunId, workflow: Workflow, ending: Ending) -> None:
        with self._database.note() as note:
            if workflow.has_happened(note, run):
                ending = Ending(workflow.done)
            runs.finish(note, run, ending.state, self._clock(), code=ending.code, reason=ending.reason)

    def _end(self, run: RunId, ending: Ending) -> None:
        with self._database.note() as note:
            runs.finish(note, run, ending.state, self._clock(), code=ending.code, reason=ending.reason)


async def _outcome(step: Step, run: Run, target: Target | None, tell: Tell) -> Outcome:
    try:
        return await step(run, target, tell)
    except errors.Held as error:
        return Held(_in_words(error))
    except errors.Refused as error:
        return Refused(_in_words(error))
    except FeedgateError as error:
        return Failed(error.code, _in_words(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, it ends this run and not the worker
        _log.exception("run %s: step %s failed by a fault of our own (target: %s)", run.id, step.name, target)
        return Failed(INTERNAL_ERROR, _own_fault(run.id, error))


def _workflow_id(run: RunId, tries: int) -> str:
    """Return the library's id for one way of a run through its phases: ended ones are never begun again."""
    return str(run) if tries == 0 else f"{run}.{tries}"


def _in_words(error: FeedgateError) -> str:
    return f"{error.message}. Next: {error.next_step}"


def _own_fault(run: RunId, error: Exception) -> str:
    return f"a fault of Feedgate's own ({type(error).__name__}). Next: look for run {run} in the worker's log"


def _options(step: Step, target: Target | None) -> StepOptions:
    return {"name": step.name if target is None else f"{step.name}@{target}", "preemptible": True}


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)


def _quiet_the_library() -> None:
    """Lead the library's log into ours, less what it says each time a run is cancelled."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:  # else it would write to standard error by itself
        logger.addHandler(logging.NullHandler())
    logger.addFilter(_tells_no_cancelling)


def _tells_no_cancelling(record: logging.LogRecord) -> bool:
    error: Any = record.exc_info[1] if record.exc_info else None
    is_cancelling = isinstance(error, DBOSWorkflowCancelledError | DBOSAwaitedWorkflowCancelledError)
    return not is_cancelling and "was cancelled" not in record.getMessage()

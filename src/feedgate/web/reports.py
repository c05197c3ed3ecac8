"""Reports of runs over the API: what each target installs, for lock files."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.api.report_bodies import LockedFileBody, RunReportBody, TargetLockBody
from feedgate.blobs.store import BlobStore
from feedgate.intake.locks import LockedPin, Locks, TargetLock, read_locks
from feedgate.intake.request import show_run
from feedgate.machine import addresses
from feedgate.model.run import Run
from feedgate.records.database import Database
from feedgate.web.answers import answer_body
from feedgate.web.authentication import caller_of
from feedgate.web.operation import Operation


@dataclass(frozen=True, slots=True)
class Reports:
    """The operation on a run's report."""

    records: Database
    blobs: BlobStore

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of it."""
        return (
            Operation(
                "report-run",
                "GET",
                addresses.API_REPORT,
                self.show,
                needs=Permission.HISTORY_READ,
                answers=RunReportBody,
            ),
        )

    async def show(self, request: Request) -> Response:
        """Show what each target of a run installs: files, digests, addresses and markers."""
        run = await run_in_threadpool(show_run, self.records, caller_of(request), request.path_params["run"])
        return answer_body(_body(run, await read_locks(self.records, self.blobs, run)))


def _body(run: Run, locks: Locks) -> RunReportBody:
    return RunReportBody(
        run=run.id, installable=locks.installable, targets=[_target(lock) for lock in locks.targets]
    )


def _target(lock: TargetLock) -> TargetLockBody:
    return TargetLockBody(
        target=str(lock.target),
        file_form=lock.target.file_form,
        requires_python=lock.requires_python,
        environment=lock.environment,
        files=[_file(pin) for pin in lock.pins],
    )


def _file(pin: LockedPin) -> LockedFileBody:
    return LockedFileBody(
        project=pin.project,
        version=pin.version,
        filename=pin.filename,
        sha256=pin.digest,
        size_bytes=pin.size_bytes,
        uploaded_at=pin.uploaded_at,
        marker=pin.marker,
        path=pin.path,
        address=pin.address,
    )

"""Write a run's report into a folder: JSON, a summary, a bill of materials, and each target's lock and requirements.

A folder may hold the report of an earlier run. Its locks and bill of materials go: beside the summary of
a run that failed they would pass for that run's. Anything else in the folder is somebody's own.
"""

import os
import re
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from feedgate.api.calls import Reply
from feedgate.api.client import Client
from feedgate.api.problem import RemoteProblem
from feedgate.api.report_bodies import LockedFileBody, RunReportBody, TargetLockBody
from feedgate.api.run_bodies import RunBody
from feedgate.cli.exit import Exit
from feedgate.cli.failure import say_failure
from feedgate.cli.pipeline import Pipeline
from feedgate.cli.summary import outcome, write_summary
from feedgate.errors import FeedgateError, Full, Invalid
from feedgate.formats.build_log import escape_commands
from feedgate.formats.hashed_requirements import write_hashed_requirements
from feedgate.formats.lock_file import LockedWheel, write_lock
from feedgate.model.digest import parse_digest
from feedgate.model.names import parse_project_name
from feedgate.model.run import RunState
from feedgate.model.target import PLATFORMS, parse_target

SUMMARY = "summary.md"
BODY = "report.json"
SBOM = "sbom.cdx.json"
"""The name by which tools know a CycloneDX document."""

_FORM: Final = rf"cp3\d{{1,3}}(?:_\d{{1,3}})?-(?:{'|'.join(map(re.escape, PLATFORMS))})"
_OF_A_RUN: Final = re.compile(rf"pylock\.{_FORM}\.toml|requirements-{_FORM}\.txt|{re.escape(SBOM)}", re.ASCII)

_ENDS_BADLY = frozenset({RunState.FAILED, RunState.HELD, RunState.REFUSED})


class ReportFolderUnusable(Invalid):
    """A path for reports that is no folder, or can not be written."""

    code = "report-folder-unusable"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path}: no report can be written there: {reason}",
            next_step="Name a folder that you may write to; one that is not there yet is made.",
        )


class ReportNeedsTheEnd(Invalid):
    """A report asked for of a run that is not waited for."""

    code = "report-needs-the-end"

    def __init__(self) -> None:
        super().__init__(
            "--report and --no-wait: a report tells how the run ended",
            next_step="Leave one of them out; a report can be written later with: feedgate run report RUN DIR",
        )


class ReportNotWritten(Full):
    """A report's file that could not be written when the time came."""

    code = "report-not-written"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path}: the report could not be written: {reason}",
            next_step="The run is not touched by that; write it again with: feedgate run report RUN DIR",
        )


def prepare_folder(path: Path) -> Path:
    """Return ``path`` as a folder that reports can be written to, made where it is missing.

    Raises ReportFolderUnusable.
    """
    probe = path / f".report-{secrets.token_hex(8)}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except (OSError, ValueError) as error:  # the latter: a path with a NUL
        raise ReportFolderUnusable(path, reason=getattr(error, "strerror", None) or str(error)) from error
    return path


def end_step(client: Client, reply: Reply[RunBody], folder: Path | None, status: int) -> int:
    """Do what a pipeline wants of a run that has ended; return the exit status.

    The report is written into ``folder`` if there is one, and shown with the
    step; the build service is told why the step fails. A report that can not be
    written fails the command, and changes nothing of what the run came to.
    """
    pipeline = Pipeline.of(os.environ)
    if folder is not None:
        try:
            pipeline.attach(write_report(client, reply, folder))
        except (FeedgateError, RemoteProblem) as error:
            say_failure(error, as_json=False)
            status = status or Exit.FAILED
    run = reply.body
    if run.state in _ENDS_BADLY:
        pipeline.error(f"Feedgate, {run.feed}: {outcome(run)}: {' '.join((run.reason or '').split())}")
    return status


def write_report(client: Client, reply: Reply[RunBody], folder: Path) -> Path:
    """Write the report of a run into ``folder`` and return the summary's path.

    Locks, requirements and bill of materials that an earlier report left there go; what else is there stays.
    Raises ReportNotWritten.
    """
    report = client.report_run(reply.body.run).body
    sbom = client.run_sbom(reply.body.run) if report.installable else None
    texts = report_texts(reply, report, client.server.origin, sbom)
    remove_earlier(folder, keep=texts)
    write_texts(folder, texts)
    return folder / SUMMARY


def remove_earlier(folder: Path, *, keep: Collection[str]) -> None:
    """Remove what an earlier report says was brought in, by the names that reports give it, less ``keep``.

    Raises ReportNotWritten.
    """
    path = folder
    try:
        for path in sorted(folder.iterdir()):
            if path.name not in keep and _OF_A_RUN.fullmatch(path.name) and not path.is_dir():
                path.unlink(missing_ok=True)
    except OSError as error:
        raise ReportNotWritten(path, reason=error.strerror or str(error)) from error


def report_texts(
    reply: Reply[RunBody], report: RunReportBody, origin: str, sbom: str | None = None
) -> Mapping[str, str]:
    """Return the texts of a report by file name, the summary last.

    Locks and requirements are among them once all their files can be fetched; what
    no destination lists is fetched from the server at ``origin``. ``sbom`` is None where nothing came in.
    """
    texts = {BODY: escape_commands(reply.text.rstrip("\n")) + "\n"}
    written: dict[str, tuple[str, ...]] = {}
    for target in report.targets if report.installable else ():
        files = _lock_files(target, origin)
        written[target.target] = tuple(files)
        texts |= files
    if sbom is not None:
        texts[SBOM] = escape_commands(sbom)
    texts[SUMMARY] = write_summary(reply.body, report, written)
    return texts


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files, in their order, each whole or not at all; raises ReportNotWritten."""
    for name, text in texts.items():
        _write(folder / name, text)


def _lock_files(target: TargetLockBody, origin: str) -> Mapping[str, str]:
    """Return a target's lock and requirements by file name; the name is made of the target, not taken over."""
    form = parse_target(target.target).file_form
    wheels = [_wheel(file, origin) for file in target.files]
    lock = write_lock(wheels, requires_python=target.requires_python, environment=target.environment)
    return {
        f"pylock.{form}.toml": lock,
        f"requirements-{form}.txt": write_hashed_requirements(wheels, target=target.target),
    }


def _wheel(file: LockedFileBody, origin: str) -> LockedWheel:
    return LockedWheel(
        project=parse_project_name(file.project),
        version=file.version,
        filename=file.filename,
        url=file.address or f"{origin.rstrip('/')}{file.path}",
        digest=parse_digest(str(file.sha256)),
        size_bytes=file.size_bytes,
        uploaded_at=file.uploaded_at,
        marker=file.marker,
    )


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        raise ReportNotWritten(path, reason=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink()

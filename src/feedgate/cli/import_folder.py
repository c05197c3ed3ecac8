"""Copy a folder of wheels and sdists into a feed: the command reads it, the server judges each file."""

import hashlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from feedgate.api.import_bodies import (
    FolderBody,
    ImportBody,
    ImportCreation,
    ImportedFileBody,
    ListedFileBody,
)
from feedgate.api.problem import RemoteProblem
from feedgate.cli.door import Door
from feedgate.cli.follow import new_key, wait_for_end
from feedgate.cli.import_report import exit_of_import, show_files, show_folder
from feedgate.cli.show import json_text
from feedgate.cli.source_choice import ChosenSource
from feedgate.errors import Broken, Conflict, Held, Invalid, Refused, TooLarge, Unavailable
from feedgate.model.distribution import InvalidFilename, parse_filename
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd
from feedgate.model.name_pattern import matches
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunState

AT_ONCE: Final = 8
ENDINGS: Final = (".whl", ".tar.gz", ".zip")
MOST_LISTED: Final = 5000

_LEAST_TOLD: Final = 50

_COUNTED: Final = {
    FileEnd.NEW: "new",
    FileEnd.TAKEN: "taken",
    FileEnd.PRESENT: "present",
    FileEnd.HELD: "held",
    FileEnd.REFUSED: "refused",
    FileEnd.CONFLICT: "conflicts",
    FileEnd.UNREADABLE: "unreadable",
}


class LookedInVain(Unavailable):
    """A look at what copying a folder would do that did not come to its end."""

    code = "folder-look-failed"

    def __init__(self, run: str, reason: str) -> None:
        message, _, next_step = reason.partition(". Next: ")
        super().__init__(
            f"run {run}, which looks what would become of the folder, failed: {message}",
            next_step=next_step or f"See it with: feedgate run show {run}",
        )


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the folder; ``project`` is None where its name is none of a distribution, and ``reason`` says so."""

    path: Path
    project: ProjectName | None
    reason: str | None = None


def import_folder(door: Door, feed: FeedPath, folder: Path, chosen: ChosenSource, *, is_dry: bool) -> int:
    """Copy the folder, or say what that would do; returns the exit status."""
    wanted = set(chosen.names)
    files = [file for file in find_files(folder) if not wanted or file.project in wanted]
    readable = [file for file in files if file.project is not None]
    found = [_unreadable(file, file.reason or "") for file in files if file.project is None]
    if is_dry:
        found += _looked_at(door, feed, readable, chosen)
    else:
        found += _sent(door, feed, readable, chosen)
    found.sort(key=lambda body: (body.project, body.filename or ""))
    imported = sum_up(found, source=str(folder), is_dry=is_dry)
    if door.as_json:
        json_text(FolderBody(feed=str(feed), imported=imported).model_dump_json())
    else:
        show_folder(str(feed), imported)
    show_files(((body, body.model_dump_json()) for body in found), as_json=door.as_json, is_dry=is_dry)
    return exit_of_import(imported)


def find_files(folder: Path) -> Iterator[FolderFile]:
    """Yield every wheel and sdist of the folder and those below it, by name; hidden ones are passed over."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(parent) / name for name in names if name.endswith(ENDINGS) and not name.startswith(".")
        ]
    for path in sorted(found, key=lambda path: (path.name, path)):
        try:
            yield FolderFile(path, parse_filename(path.name).project)
        except InvalidFilename as error:
            yield FolderFile(path, None, error.message)


def sum_up(found: Iterable[ImportedFileBody], *, source: str, is_dry: bool) -> ImportBody:
    """Return the sums of files that are in order of their projects."""
    counts = dict.fromkeys(_COUNTED.values(), 0)
    sums = {"projects": 0, "internal": 0, "mixed": 0, "files": 0, "size_bytes": 0}
    for project, of_project in groupby(found, key=lambda body: body.project):
        files = list(of_project)
        sums["projects"] += bool(project)
        sums["internal"] += any(body.internal for body in files)
        sums["mixed"] += any(body.mixed for body in files)
        sums["files"] += len(files)
        for body in files:
            counts[_COUNTED[body.state]] += 1
            if body.state in {FileEnd.TAKEN, FileEnd.NEW}:
                sums["size_bytes"] += body.size_bytes or 0
    return ImportBody(source=source, dry_run=is_dry, **sums, **counts)


def _sent(
    door: Door, feed: FeedPath, files: Sequence[FolderFile], chosen: ChosenSource
) -> list[ImportedFileBody]:
    own = {
        listing.project
        for listing in door.client.list_projects(feed).body
        if listing.internal and not listing.mixed
    }
    sending = _Sending(door, feed, own, chosen.internal, len(files))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            found = list(pool.map(sending.file, files))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    kinds: dict[str, set[Origin]] = {}
    for body in found:
        if body.origin is not None:
            kinds.setdefault(body.project, set()).add(body.origin)
    return [
        body.model_copy(
            update={
                "internal": body.project in own or Origin.INTERNAL in kinds.get(body.project, ()),
                "mixed": len(kinds.get(body.project, ())) > 1,
            }
        )
        for body in found
    ]


@dataclass(slots=True)
class _Sending:
    """Sends files, several threads at once; ``own`` are names that the feed alone answers for already."""

    door: Door
    feed: FeedPath
    own: set[str]
    patterns: Sequence[str]
    of: int
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def file(self, file: FolderFile) -> ImportedFileBody:
        found = self._send(file)
        with self.lock:
            self.done += 1
            if self.done % max(_LEAST_TOLD, self.of // 20) == 0:
                sys.stderr.write(f"{self.done} of {self.of} files\n")
        return found

    def _send(self, file: FolderFile) -> ImportedFileBody:
        name = file.project
        is_own = name is None or name in self.own or any(matches(one, name) for one in self.patterns)
        try:
            sent = self.door.client.import_file(self.feed, file.path, ask_upstream=not is_own).body
        except OSError as error:
            return _unreadable(file, error.strerror or "it can not be read")
        except RemoteProblem as problem:
            return kept_out(file, problem)
        is_new = sent.state == "published"
        return ImportedFileBody(
            project=sent.project,
            filename=sent.filename,
            state=FileEnd.TAKEN if is_new else FileEnd.PRESENT,
            sha256=sent.sha256,
            size_bytes=file.path.stat().st_size,
            origin=sent.origin,
        )


def kept_out(file: FolderFile, problem: RemoteProblem) -> ImportedFileBody:
    """Return how it ended for a file that the server did not take; raises what is no file's own affair."""
    ends = {
        Held: FileEnd.HELD,
        Refused: FileEnd.REFUSED,
        Conflict: FileEnd.CONFLICT,
        Invalid: FileEnd.REFUSED,
        TooLarge: FileEnd.REFUSED,
        Broken: FileEnd.REFUSED,
    }
    if problem.kind not in ends:
        raise problem
    end = FileEnd.UNREADABLE if problem.code == InvalidFilename.code else ends[problem.kind]
    reason, here = problem.message, None
    if {"first", "now"} <= problem.facts.keys():
        here = str(problem.facts["now"])
        reason = (
            f"the name is used in the feed for sha256 {problem.facts['first']}, the folder has sha256 {here}"
        )
    return ImportedFileBody(
        project=file.project or "", filename=file.path.name, state=end, sha256=here, reason=reason
    )


def _unreadable(file: FolderFile, reason: str) -> ImportedFileBody:
    return ImportedFileBody(
        project=file.project or "", filename=file.path.name, state=FileEnd.UNREADABLE, reason=reason
    )


def _looked_at(
    door: Door, feed: FeedPath, files: Sequence[FolderFile], chosen: ChosenSource
) -> list[ImportedFileBody]:
    """Have the server say what would become of the files, by names and digests alone."""
    found: list[ImportedFileBody] = []
    for part in parts_of(files):
        listed = [ListedFileBody(filename=file.path.name, sha256=_digest(file.path)) for file in part]
        creation = ImportCreation(files=listed, internal=[*chosen.internal], dry_run=True)
        run = door.client.import_feed(feed, creation, key=new_key()).body.run
        wait_for_end(door, run)
        ended = door.client.show_run(run).body
        if ended.state is not RunState.PLANNED:
            raise LookedInVain(run, ended.reason or ended.state.value)
        found += [body for body, _line in door.client.imported_files(run)]
    return found


def parts_of(files: Sequence[FolderFile], *, most: int = MOST_LISTED) -> Iterator[list[FolderFile]]:
    """Yield as many files as one request takes; a project's stand together, as far as one can hold them."""
    part: list[FolderFile] = []
    by_project = sorted(files, key=lambda file: (file.project or "", file.path.name))
    for _project, of_project in groupby(by_project, key=lambda file: file.project):
        some = list(of_project)
        if part and len(part) + len(some) > most:
            yield part
            part = []
        part += some
        while len(part) > most:
            yield part[:most]
            part = part[most:]
    if part:
        yield part


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

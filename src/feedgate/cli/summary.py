"""A run's summary in Markdown, as a pipeline's page shows it: the outcome first, then what came, and why not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedgate.api.report_bodies import LockedFileBody, RunReportBody, TargetLockBody
from feedgate.api.run_bodies import FileOutcome, RunBody
from feedgate.cli import units
from feedgate.cli.markdown import code, prose, table
from feedgate.model.run import RunKind, RunState

_STATES = {
    "published": "new",
    "present": "already there",
    "new": "would be new",
    "fetched": "not published",
    "conflict": "in conflict",
    "kept-back": "kept back",
}


def write_summary(run: RunBody, report: RunReportBody, files: Mapping[str, Sequence[str]]) -> str:
    """Return the summary; ``files`` are the names of the files written for each target."""
    locks = {target.target: target for target in report.targets}
    parts = [
        _heading(run),
        _why(run),
        _projects(run, report),
        _remarks(run),
        _passed_over(run),
        _internal(run),
        *(_target(run, name, locks.get(name), files.get(name, ())) for name in _targets(run, locks)),
        _notes(run),
        _ways_out(run),
    ]
    return "\n".join(text for text in ("".join(part) for part in parts) if text)


def outcome(run: RunBody) -> str:
    """Return what became of the run, in words."""
    match run.state:
        case RunState.PUBLISHED if not run.published:
            return "nothing to do, everything is there"
        case RunState.PUBLISHED:
            done = "published" if run.destination is None else "sent"
            is_proved = run.targets and all(target.proved for target in run.targets)
            proved = " and proved" if is_proved else ""
            return f"{done}{proved}, {_count(run.published, 'new file')}"
        case RunState.PLANNED:
            new = sum(1 for file in run.files if file.state == "new")
            return f"planned, {_count(new, 'file')} would be new"
        case RunState.HELD:
            return "held, waits for a person"
        case RunState.REFUSED:
            return "refused by policy"
        case RunState.FAILED:
            return "failed"
        case RunState.CANCELLED:
            return "cancelled"
        case _:
            return "not ended yet"


def _heading(run: RunBody) -> Iterator[str]:
    yield f"# Feedgate: {outcome(run)}\n\n"
    took = "" if run.seconds is None else f", in {units.seconds(run.seconds)}"
    where = "" if run.destination is None else f" and destination {code(run.destination)}"
    yield f"Run {code(run.run)} for feed {code(run.feed)}{where}, asked for by {code(run.requester)}{took}.\n"
    if run.closure is not None:
        closure = run.closure
        yield (
            f"{_count(closure.projects, 'project')} in {_count(closure.distributions, 'file')}, "
            f"{units.size(closure.bytes)}: {run.already_present} already there, {_came(run)}.\n"
        )
    yield from _asked(run)
    if run.serial is not None:
        yield f"The feed stands at serial {run.serial}.\n"


def _came(run: RunBody) -> str:
    """Return how many files came, or would, and how much they are."""
    if run.kind is not RunKind.PLAN:
        return f"{run.fetched} fetched"
    new = [file.size_bytes or 0 for file in run.files if file.state == "new"]
    return f"{len(new)} would be new ({units.size(sum(new))})"


def _asked(run: RunBody) -> Iterator[str]:
    if run.request is None:
        return
    asked = [*map(code, run.request.requirements), *(f"what {code(file)} says" for file in run.request.files)]
    yield f"Asked for: {', '.join(asked)}.\n"
    if run.request.reason:
        yield f"Because: {prose(run.request.reason)}\n"


def _why(run: RunBody) -> Iterator[str]:
    if run.state is not RunState.PUBLISHED and run.reason:
        yield "## Why\n\n"
        # What to do stands below: of a reason in one line, the rest alone is said here.
        reason = run.reason if run.error is None else run.error.message
        yield from table(["reason"], [[prose(line)] for line in reason.splitlines() if line.strip()])
        if run.error is not None:
            yield f"\nNext: {prose(run.error.next)}\n"


@dataclass(slots=True)
class _Project:
    """A version of a project, over all targets."""

    name: str
    version: str
    is_requested: bool
    files: dict[str, LockedFileBody]
    targets: list[str]


def _projects(run: RunBody, report: RunReportBody) -> Iterator[str]:
    requested = frozenset(run.request.projects if run.request is not None else ())
    found: dict[tuple[str, str], _Project] = {}
    for target in report.targets:
        for file in target.files:
            key = file.project, file.version
            project = found.setdefault(key, _Project(*key, file.project in requested, {}, []))
            project.files[file.filename] = file
            project.targets.append(target.target)
    if not found:
        return
    outcomes = {file.filename: file for file in run.files}
    yield "## Projects\n\n"
    yield from table(
        ["project", "version", "requested", "state", "size", "targets"],
        [
            _project(found[key], outcomes, all_targets=len(report.targets))
            for key in sorted(found, key=lambda key: (*_order(found[key], outcomes), key))
        ],
    )


def _project(project: _Project, outcomes: Mapping[str, FileOutcome], *, all_targets: int) -> list[str]:
    size_bytes = sum(file.size_bytes or 0 for file in project.files.values())
    states = dict.fromkeys(_state(name, outcomes) for name in sorted(project.files))
    is_for_all = len(set(project.targets)) == all_targets
    return [
        code(project.name),
        code(project.version),
        "yes" if project.is_requested else "",
        ", ".join(filter(None, states)),
        units.size(size_bytes),
        "all" if is_for_all else ", ".join(code(name) for name in dict.fromkeys(project.targets)),
    ]


def _order(project: _Project, outcomes: Mapping[str, FileOutcome]) -> tuple[bool, bool]:
    """Return what sorts projects with something new before those that were there, and the requested ones first."""
    is_there = all(_state(name, outcomes) == _STATES["present"] for name in project.files)
    return is_there, not project.is_requested


def _state(filename: str, outcomes: Mapping[str, FileOutcome]) -> str:
    file = outcomes.get(filename)
    return "" if file is None else _STATES.get(file.state, file.state)


def _remarks(run: RunBody) -> Iterator[str]:
    odd = [file for file in run.files if file.reason is not None or file.state in {"held", "refused"}]
    if odd:
        yield "## Files that want a look\n\n"
        yield from table(
            ["file", "state", "reason"],
            [
                [code(file.filename), _STATES.get(file.state, file.state), prose(file.reason or "")]
                for file in odd
            ],
        )
    if run.spent:
        yield "\nDeleted at the destination, which takes those names no more: "
        yield f"{', '.join(code(name) for name in run.spent)}.\n"


def _passed_over(run: RunBody) -> Iterator[str]:
    if run.passed_over:
        yield "## Passed over\n\nNewer versions that were not taken.\n\n"
        yield from table(
            ["project", "version", "target", "rule", "reason"],
            [
                [code(one.name), code(one.version), code(one.target), code(one.rule), prose(one.reason)]
                for one in run.passed_over
            ],
        )


def _internal(run: RunBody) -> Iterator[str]:
    because = {one.name: one.because for one in run.internal_because}
    if run.internal:
        yield "## Internal names\n\nNever asked of the upstream.\n\n"
        yield from table(
            ["project", "because"], [[code(name), prose(because.get(name, ""))] for name in run.internal]
        )


def _targets(run: RunBody, locks: Mapping[str, TargetLockBody]) -> list[str]:
    return list(dict.fromkeys([*(one.target for one in run.targets), *locks]))


def _target(run: RunBody, name: str, lock: TargetLockBody | None, files: Sequence[str]) -> Iterator[str]:
    yield f"## Target {code(name)}\n\n"
    closure = "not resolved"
    if lock is not None:
        size_bytes = sum(file.size_bytes or 0 for file in lock.files)
        closure = f"{_count(len(lock.files), 'project')}, {units.size(size_bytes)}"
    locks = ", ".join(code(file) for file in files) or "none: not all of it can be fetched"
    if run.kind is RunKind.PLAN:
        yield from table(["closure"], [[closure]])
    else:
        yield from table(["proof", "closure", "lock and requirements"], [[_proof(run, name), closure, locks]])


def _proof(run: RunBody, name: str) -> str:
    for one in run.targets:
        if one.target == name:
            state = "proved" if one.proved else "**not proved**"
            is_said = one.reason is None or (not one.proved and one.reason in (run.reason or ""))
            return state if is_said else f"{state}: {prose(one.reason)}"
    return ""


def _notes(run: RunBody) -> Iterator[str]:
    if run.notes:
        yield "## Notes\n\n"
        yield from table(["note"], [[prose(note)] for note in run.notes])


def _ways_out(run: RunBody) -> Iterator[str]:
    if run.escapes:
        yield "## Attempts to get out\n\nWhat the resolver was led to ask for elsewhere; nothing of it was reached.\n\n"
        yield from table(["address"], [[code(escape)] for escape in run.escapes])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

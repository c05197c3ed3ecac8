"""What ``connect`` says: lines for people, one object for programs. Neither holds a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedgate.machine.connect import Connected
from feedgate.machine.errors import MachineError
from feedgate.machine.plan import Plan


def describe(plan: Plan) -> Iterator[str]:
    """Yield the plan in lines for people."""
    for change in plan.changes:
        for line in change.lines:
            yield f"{change.path}: {line}"
    if not plan.changes:
        yield "nothing to change"
    yield from plan.notes


def lines_of(connected: Connected) -> Iterator[str]:
    """Yield what was done, or would be, in lines for people."""
    yield from describe(connected.plan)
    for backup in connected.backups:
        yield f"{backup}: the file as it was"
    if connected.source is not None and not connected.dry_run:
        yield f"token from {connected.source}"


def object_of(connected: Connected) -> dict[str, Any]:
    """Return the same for ``--json``."""
    return {
        "index_url": connected.index.simple_url,
        "dry_run": connected.dry_run,
        "changes": [
            {"path": str(change.path), "lines": list(change.lines)} for change in connected.plan.changes
        ],
        "notes": list(connected.plan.notes),
        "backups": [str(backup) for backup in connected.backups],
        "token_from": connected.source,
    }


def problem_of(error: MachineError) -> dict[str, Any]:
    """Return the error as every command of Feedgate says it with ``--json`` (RFC 9457)."""
    facts: dict[str, Any] = {}
    return {
        "type": "about:blank",
        "title": "The command did not do it",
        "status": 400,
        "detail": error.message,
        "error": {"code": error.code, "message": error.message, "next": error.next_step, "facts": facts},
    }

"""The bodies of ``/api/v1`` about holds."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from feedgate.api.bodies import Body, ReasonText
from feedgate.model.hold import HoldState


class HoldBody(Body):
    """A hold: which rule holds which file by which findings, who asked for it in which run, and what became of it.

    ``until`` is when time alone ends it, null = a person has to. ``continued`` are the runs that go on because
    of this answer.
    """

    feed: str
    number: int
    state: HoldState
    project: str
    version: str
    filename: str
    sha256: str
    rule: str
    findings: list[str]
    reason: str
    until: datetime | None
    run: str
    requester: str
    opened_at: datetime
    ended_by: str | None
    ended_because: str | None
    ended_at: datetime | None
    confirmed_by: str | None
    continued: list[str] = Field([])


class HoldAnswer(Body):
    """Why a hold is released or refused; it stands in the ledger."""

    reason: Annotated[ReasonText, Field(min_length=1)]

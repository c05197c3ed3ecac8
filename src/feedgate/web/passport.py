"""Passports over the API: what is known of the files of a feed."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.api.passport_bodies import (
    ArrivalBody,
    DecisionBody,
    FindingBody,
    InspectionBody,
    OpinionBody,
    PassportBody,
)
from feedgate.gate.advisories import Advisories
from feedgate.gate.passport import Arrival, Passport, show_passports
from feedgate.machine import addresses
from feedgate.model.decision import Verdict
from feedgate.records.database import Database
from feedgate.records.decisions import Judged
from feedgate.records.inspections import Kept
from feedgate.web.advisories import match_body
from feedgate.web.answers import answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path


@dataclass(frozen=True, slots=True)
class Passports:
    """The operation on passports."""

    records: Database
    advisories: Advisories

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of it."""
        return (
            Operation(
                "show-passport",
                "GET",
                addresses.API_PASSPORT,
                self.show,
                needs=Permission.FEED_READ,
                answers=PassportBody,
                lines=True,
            ),
        )

    async def show(self, request: Request) -> Response:
        """Show all that is known of each file of NAME==VERSION, of a file by its name, or of a sha256."""
        found = await show_passports(
            self.records,
            self.advisories,
            caller_of(request),
            feed_path(request),
            request.path_params["subject"],
        )
        return answer_lines(map(_body, found))


def _body(passport: Passport) -> PassportBody:
    row, file = passport.published, passport.published.file
    known = passport.advisories
    return PassportBody(
        project=row.project,
        version=row.version,
        filename=file.filename,
        sha256=row.digest,
        size_bytes=row.size_bytes,
        metadata_sha256=file.metadata_digest,
        requires_python=file.requires_python,
        origin=row.origin,
        upstream=passport.upstream,
        uploaded_at=file.uploaded_at,
        published_at=row.published_at,
        serial=passport.serial,
        arrival=None if passport.arrival is None else _arrival(passport.arrival),
        inspections=[_inspection(one) for one in passport.inspections],
        decision=None if passport.decision is None else _decision(passport.decision),
        advisories=None if known is None else [match_body(match) for match in known],
        yanked=file.yanked,
    )


def _arrival(arrival: Arrival) -> ArrivalBody:
    return ArrivalBody(
        act=arrival.act,
        actor=arrival.actor,
        run=arrival.run,
        requested=list(arrival.requested),
        reason=arrival.reason,
    )


def _inspection(kept: Kept) -> InspectionBody:
    inspection = kept.inspection
    return InspectionBody(
        inspector=inspection.inspector,
        version=inspection.version,
        inspected_at=kept.at,
        findings=[
            FindingBody(
                code=finding.code, severity=finding.severity, message=finding.sentence, where=finding.member
            )
            for finding in inspection.findings
        ],
    )


def _decision(judged: Judged) -> DecisionBody:
    return DecisionBody(
        policy=judged.policy,
        verdict=Verdict(judged.verdict),
        reason=judged.reason,
        opinions=[
            OpinionBody(
                rule=opinion.rule,
                verdict=opinion.verdict,
                reason=opinion.reason,
                until=opinion.until,
                findings=list(opinion.findings),
                counts=opinion.rule not in judged.reported,
            )
            for opinion in judged.opinions
        ],
    )

"""The decision on one file that was looked at: facts gathered, policy asked; nothing is read here."""

import hashlib
from datetime import datetime

from packaging.specifiers import SpecifierSet

from feedgate.formats.core_metadata import InvalidCoreMetadata, parse_core_metadata
from feedgate.gate.look import Looked
from feedgate.model.decision import Decision
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, Kind
from feedgate.policy.decide import decide
from feedgate.policy.facts import Advised, Facts, NotStated, Stated, Way
from feedgate.policy.policies import Policy


def decide_import(
    policy: Policy, file: Distribution, looked: Looked, advised: Advised | None, *, now: datetime
) -> Decision:
    """Decide on a file as the upstream's page lists it; ``now`` is aware UTC."""
    return decide(policy, _facts(file.filename, Way.IMPORT, file, looked, advised), now=now)


def decide_upload(
    policy: Policy, filename: str, looked: Looked, advised: Advised | None, *, now: datetime
) -> Decision:
    """Decide on a file that somebody sends under ``filename``; ``now`` is aware UTC."""
    return decide(policy, _facts(filename, Way.UPLOAD, None, looked, advised), now=now)


def _facts(
    filename: str, way: Way, file: Distribution | None, looked: Looked, advised: Advised | None
) -> Facts:
    # What was looked at as a wheel was never looked at as an sdist, and the other way round.
    inspections = looked.inspections if filename.endswith(".whl") is (looked.kind is Kind.WHEEL) else ()
    findings = {inspection.inspector: inspection.findings for inspection in inspections}
    return Facts(filename, way, file, findings, _stated(filename, looked.metadata), advised)


def _stated(filename: str, raw: bytes | None) -> Stated | NotStated | None:
    if raw is None:
        return None
    try:
        metadata = parse_core_metadata(raw, filename=filename)
    except InvalidCoreMetadata as error:
        return NotStated(error.message)
    requires_python = None if metadata.requires_python is None else SpecifierSet(metadata.requires_python)
    digest = Digest(hashlib.sha256(raw).hexdigest())
    return Stated(metadata.name, metadata.version, requires_python, digest)

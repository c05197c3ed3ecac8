"""Facts of one sound file, of which a test changes what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from feedgate.model.advisory import AdvisorySeverity, Match
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.inspection import Finding, Severity
from feedgate.model.names import parse_project_name
from feedgate.policy.facts import Advised, Facts, NotStated, Stated, Way

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILENAME = "demo-1.0-py3-none-any.whl"
LOOKED_AT: Mapping[str, tuple[Finding, ...]] = {"archive": (), "metadata": ()}
METADATA_DIGEST = Digest("5" * 64)


def found(code: str, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(code, severity, f"it is {code}", None)


def listed(
    filename: str = FILENAME, *, requires_python: str | None = None, metadata_digest: str | None = None
) -> Distribution:
    return Distribution(
        filename, Digest("0" * 64), requires_python=requires_python, metadata_digest=metadata_digest
    )


def listed_since(age: timedelta | None, *, source: str | None = "https://files.example/demo") -> Distribution:
    """Return the file as a page lists it, uploaded so long before NOON; None = no time is stated."""
    uploaded_at = None if age is None else NOON - age
    return Distribution(FILENAME, Digest("0" * 64), uploaded_at=uploaded_at, source=source)


def match(
    identity: str = "PYSEC-2026-1",
    *,
    fixed: str | None = None,
    severity: AdvisorySeverity = AdvisorySeverity.HIGH,
    is_malware: bool = False,
    aliases: tuple[str, ...] = (),
) -> Match:
    return Match(identity, aliases, severity, is_malware, "", fixed)


def stated(project: str = "demo", version: str = "1.0", requires_python: str | None = None) -> Stated:
    return Stated(
        parse_project_name(project),
        Version(version),
        None if requires_python is None else SpecifierSet(requires_python),
        METADATA_DIGEST,
    )


SOUND = stated()
NOTHING_KNOWN = Advised()


def facts(
    *,
    filename: str = FILENAME,
    way: Way = Way.IMPORT,
    file: Distribution | None = None,
    findings: Mapping[str, tuple[Finding, ...]] = LOOKED_AT,
    says: Stated | NotStated | None = SOUND,
    advised: Advised | None = NOTHING_KNOWN,
) -> Facts:
    return Facts(filename, way, file, findings, says, advised)

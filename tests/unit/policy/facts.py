"""Facts of one sound file, of which a test changes what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.inspection import Finding, Severity
from feedgate.model.names import parse_project_name
from feedgate.policy.facts import Facts, NotStated, Stated, Way

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILENAME = "demo-1.0-py3-none-any.whl"
LOOKED_AT: Mapping[str, tuple[Finding, ...]] = {"archive": ()}
METADATA_DIGEST = Digest("5" * 64)


def found(code: str, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(code, severity, f"it is {code}", None)


def listed(
    filename: str = FILENAME, *, requires_python: str | None = None, metadata_digest: str | None = None
) -> Distribution:
    return Distribution(
        filename, Digest("0" * 64), requires_python=requires_python, metadata_digest=metadata_digest
    )


def stated(project: str = "demo", version: str = "1.0", requires_python: str | None = None) -> Stated:
    return Stated(
        parse_project_name(project),
        Version(version),
        None if requires_python is None else SpecifierSet(requires_python),
        METADATA_DIGEST,
    )


SOUND = stated()


def facts(
    *,
    filename: str = FILENAME,
    way: Way = Way.IMPORT,
    file: Distribution | None = None,
    findings: Mapping[str, tuple[Finding, ...]] = LOOKED_AT,
    says: Stated | NotStated | None = SOUND,
) -> Facts:
    return Facts(filename, way, file, findings, says)

"""The codes of the metadata inspector's findings; rules know them by these words, for ever."""

from enum import StrEnum
from typing import Final

from feedgate.model.inspection import Severity


class MetadataCode(StrEnum):
    """What can be wrong with what a distribution says of itself."""

    CORE_FIELDS = "core-fields"
    ENTRY_POINTS_INVALID = "entry-points-invalid"
    FIELD_INVALID = "field-invalid"
    FIELD_TOO_NEW = "field-too-new"
    FIELD_UNKNOWN = "field-unknown"
    LICENCE_FILE_MISSING = "licence-file-missing"
    LICENCE_TWICE = "licence-twice"
    URL_INVALID = "url-invalid"
    VERSION_LOCAL = "version-local"
    WHEEL_FILE_INVALID = "wheel-file-invalid"


_NOTES: Final = frozenset(
    {
        MetadataCode.FIELD_TOO_NEW,  # setuptools wrote License-File years before the standard did
        MetadataCode.FIELD_UNKNOWN,
        MetadataCode.VERSION_LOCAL,  # PyPI takes none; for a team's own builds they are made
    }
)


def severity_of(code: MetadataCode) -> Severity:
    """Return how much a finding of ``code`` weighs by itself."""
    if code in _NOTES:
        return Severity.NOTE
    return Severity.HIGH if code is MetadataCode.CORE_FIELDS else Severity.LOW

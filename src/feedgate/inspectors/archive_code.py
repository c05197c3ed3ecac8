"""The codes of the archive inspector's findings; rules know them by these words, for ever."""

from enum import StrEnum


class ArchiveCode(StrEnum):
    """What can be wrong with an archive."""

    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    COMPRESSION_RATIO = "compression-ratio"
    TOO_MANY_MEMBERS = "too-many-members"
    MANY_MEMBERS = "many-members"
    INSPECTION_LIMIT = "inspection-limit"

    BOTH_KINDS = "both-zip-and-tar"
    DATA_DESCRIPTOR = "data-descriptor"
    FOREIGN_BYTES = "foreign-bytes"
    HEADER_ODD = "header-odd"
    HEADERS_DIFFER = "headers-differ"
    MEMBERS_OVERLAP = "members-overlap"
    NAME_ENCODING = "name-encoding"
    READERS_DIFFER = "readers-differ"
    ZIP_COMMENT = "zip-comment"

    PATH_OUTSIDE = "path-outside"
    PATH_ODD = "path-odd"
    PATH_UNPRINTABLE = "path-unprintable"
    PATH_TOO_LONG = "path-too-long"
    DUPLICATE_MEMBER = "duplicate-member"
    CASE_COLLISION = "case-collision"
    LINK = "link"
    LINK_OUTSIDE = "link-outside"
    SPECIAL_MEMBER = "special-member"

    DATA_FOREIGN = "data-foreign"
    TOP_SECOND = "top-second"
    DIST_INFO_MISSING = "dist-info-missing"
    DIST_INFO_SECOND = "dist-info-second"
    DIST_INFO_MISMATCH = "dist-info-mismatch"
    METADATA_MISSING = "metadata-missing"
    METADATA_TOO_LARGE = "metadata-too-large"
    DIRECT_REFERENCE = "direct-reference"
    ENTRY_POINTS_TOO_LARGE = "entry-points-too-large"
    SCRIPT_OUTSIDE = "script-outside"
    WHEEL_MISSING = "wheel-missing"

    RECORD_MISSING = "record-missing"
    RECORD_UNREADABLE = "record-unreadable"
    RECORD_INCOMPLETE = "record-incomplete"
    RECORD_ABSENT = "record-absent"
    RECORD_MISMATCH = "record-mismatch"
    RECORD_SIZE = "record-size"

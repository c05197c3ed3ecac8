"""As what a file is sent: an upload of one's own, or a part of what moves in."""

from enum import StrEnum

from feedgate.access.permissions import Permission


class UploadWay(StrEnum):
    """As what a file is sent.

    UPLOAD: as the feed's setting says. IMPORTED: the upstream is asked whether it lists a file of a name
    that is new to the feed. MOVED: an Owner moves in from another index, so the upstream is asked
    for every name that is not denied, what it lists is judged as an import, and no release is
    closed. MOVED_OWN: the same for a name that the upstream is never asked for.
    """

    UPLOAD = "upload"
    IMPORTED = "imported"
    MOVED = "moved"
    MOVED_OWN = "moved-own"

    @property
    def is_moving(self) -> bool:
        """Whether another index moves in."""
        return self in {UploadWay.MOVED, UploadWay.MOVED_OWN}

    @property
    def permission(self) -> Permission:
        """What it takes."""
        return Permission.FEED_IMPORT if self.is_moving else Permission.DISTRIBUTION_UPLOAD

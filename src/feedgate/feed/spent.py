"""File names once used in a feed are spent for ever: other bytes never come under one."""

from feedgate.errors import Conflict
from feedgate.model.digest import Digest
from feedgate.model.names import FeedPath


class NameSpent(Conflict):
    """A file name that was used in the feed for other bytes."""

    code = "name-spent"

    def __init__(self, path: FeedPath, filename: str, *, first: Digest, now: Digest) -> None:
        super().__init__(
            f"File already exists: {filename} was used in {path} for sha256 {first[:12]}…, these bytes are {now[:12]}…",
            next_step="A name once used is spent for ever. Publish the new bytes as another version.",
            facts={"filename": filename, "first": first, "now": now},
        )

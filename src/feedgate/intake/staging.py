"""What a run's closure would be in the feed: the rows, and what each new file says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.intake.kept import Resolved
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName
from feedgate.records.distributions import Published


@dataclass(frozen=True, slots=True)
class Staging:
    """``rows`` would be new in the feed, ``present`` is there; ``metadata`` is by file name, of the new ones."""

    rows: tuple[Published, ...]
    present: tuple[tuple[ProjectName, str], ...]
    metadata: Mapping[str, CoreMetadata]
    resolved: Mapping[str, Resolved]

    @property
    def held(self) -> Mapping[str, Distribution]:
        """The new files as our store holds them, by name."""
        return {row.file.filename: row.file for row in self.rows}

"""An upstream that can be asked whether it lists a file."""

from dataclasses import dataclass, field

from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import UpstreamUnavailable
from feedgate.model.names import ProjectName


@dataclass(slots=True)
class KnownListing:
    """Lists ``files``; ``asked`` has the names it was asked for. While ``is_away`` it does not answer."""

    files: dict[Digest, Distribution] = field(default_factory=dict)
    asked: list[ProjectName] = field(default_factory=list)
    is_away: bool = False

    async def find(self, name: ProjectName, digest: Digest) -> Distribution | None:
        self.asked.append(name)
        if self.is_away:
            raise UpstreamUnavailable(name, reason="answered 503")
        return self.files.get(digest)

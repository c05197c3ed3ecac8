"""What a look at a file brought: the findings, and what the file says of itself."""

from dataclasses import dataclass

from feedgate.model.digest import Digest
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Inspection


@dataclass(frozen=True, slots=True)
class Looked:
    """One file, looked at by every inspector, as a file of that ``kind``.

    ``metadata`` is the METADATA or PKG-INFO as it stands in the file; None if
    there is none that was read. ``metadata_digest`` is the blob where it is
    kept; None as long as it is not. ``is_lasting`` is False where an accident
    ended the look, so that the next one begins anew.
    """

    digest: Digest
    kind: Kind
    inspections: tuple[Inspection, ...]
    metadata: bytes | None
    metadata_digest: Digest | None = None
    is_lasting: bool = True

"""Rule: the file name, the file's own METADATA and the upstream's page say the same.

Installers choose by page and file name, and act on the METADATA; where these
differ, what was resolved is not what would be installed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.distribution import Distribution, InvalidFilename, Stem, parse_filename
from feedgate.policy.facts import Facts, NotStated, Stated
from feedgate.policy.rules.archive import INSPECTOR


@dataclass(frozen=True, slots=True)
class Identity:
    """Refuse a file that goes by two names, versions, Pythons or dependencies."""

    code: ClassVar[str] = "identity"
    needs: ClassVar[frozenset[str]] = frozenset({INSPECTOR})

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "files whose name, METADATA and page say the same"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Compare normalized; a METADATA that nobody read is held."""
        try:
            stem = parse_filename(facts.filename)
        except InvalidFilename as error:
            return Opinion(self.code, Verdict.REFUSE, error.message)
        if facts.stated is None:
            return Opinion(self.code, Verdict.HOLD, f"{facts.filename}: its METADATA was not read")
        if isinstance(facts.stated, NotStated):
            return Opinion(self.code, Verdict.REFUSE, facts.stated.reason)
        differences = [*_from_name(stem, facts.stated), *_from_page(facts.file, facts.stated)]
        if differences:
            return Opinion(self.code, Verdict.REFUSE, f"{facts.filename}: {'; '.join(differences)}")
        return Opinion(self.code, Verdict.ADMIT, f"{facts.filename}: name, METADATA and page agree")


def _from_name(stem: Stem, stated: Stated) -> Iterator[str]:
    if stated.project != stem.project:
        yield f"METADATA names {stated.project}, the file name {stem.project}"
    if stated.version != stem.version:
        yield f"METADATA has version {stated.version}, the file name {stem.version}"


def _from_page(file: Distribution | None, stated: Stated) -> Iterator[str]:
    if file is None:
        return
    if file.requires_python and not _same_pythons(file.requires_python, stated.requires_python):
        own = str(stated.requires_python or "nothing")
        yield f"METADATA has Requires-Python {own[:80]}, the upstream lists {file.requires_python[:80]}"
    if file.metadata_digest and file.metadata_digest != stated.digest:
        yield "the METADATA that the upstream offers beside the file is another than the one inside"


def _same_pythons(listed: str, own: SpecifierSet | None) -> bool:
    try:
        return SpecifierSet(listed) == (own or SpecifierSet())
    except InvalidSpecifier:
        return False

"""A requirement of a request, and where it was said."""

from dataclasses import dataclass

from packaging.requirements import Requirement


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One parsed requirement and where it was said: ``requirements.txt:3`` or ``argument``."""

    requirement: Requirement
    origin: str
    hashes: frozenset[str] = frozenset()
    """``sha256:…``, ``sha384:…`` or ``sha512:…``; empty = any file of the release."""

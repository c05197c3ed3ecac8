"""Canonical JSON (RFC 8785): the same value is always the same bytes."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "str | int | float | bool | Mapping[str, Json] | Sequence[Json] | None"


def canonical_json(document: Mapping[str, Json]) -> bytes:
    """Return ``document`` as RFC 8785 bytes, the form that is hashed and stored."""
    return rfc8785.dumps(document)

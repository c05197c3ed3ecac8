"""What a process was told from outside, as digests: so a command sees whether a server was told the same.

A server that a command started has that command's environment. The next
command may have another one; to go on silently would follow settings that it did not state.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

PREFIX = "FEEDGATE_"

SURROUNDINGS = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
"""What the fetcher honours beside our own settings."""


def is_setting(variable: str) -> bool:
    """Return whether an environment variable has the form of a setting, ``FEEDGATE_SECTION__KEY``."""
    return variable.startswith(PREFIX) and "__" in variable


def stated(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return a digest for the settings ``file`` (if there is one) and each variable that counts."""
    digests = {
        name: _digest(value.encode(errors="surrogateescape"))
        for name, value in environment.items()
        if value and (is_setting(name) or name.upper() in SURROUNDINGS)
    }
    if file.is_file():
        digests[str(file.resolve())] = _digest(file.read_bytes())
    return digests


def differing(mine: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names on which the two do not agree, sorted."""
    return tuple(sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)))


def differing_settings(
    mine: Mapping[str, str], theirs: Mapping[str, str], named_file: Path | None
) -> tuple[str, ...]:
    """Return the names that ``mine`` states as settings and ``theirs`` does not have so, sorted.

    For a server that an operator started: his settings hold, and what a
    command states beside them must agree. ``named_file`` is the file that the
    command names, if it does.
    """
    return tuple(
        name
        for name in differing(mine, theirs)
        if name in mine and (is_setting(name) or (named_file is not None and name == str(named_file)))
    )


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()

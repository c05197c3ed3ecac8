"""What ``--policy`` names: a built-in policy, or a file of one's own, which is read here."""

from pathlib import Path
from typing import Annotated

import typer

from feedgate.errors import Invalid, Missing

PolicyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE", help="The policy that decides what enters: open, default, or a TOML file."
    ),
]


class NoPolicyFile(Missing):
    """A policy's file that is not there."""

    code = "no-policy-file"

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file}: there is no such policy file",
            next_step="Name the file of a policy, or one that is built in: open, default.",
        )


class PolicyFileUnreadable(Invalid):
    """A policy's file that is no text."""

    code = "policy-file-unreadable"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"{file}: can not be read as a policy: {why}",
            next_step="A policy is a TOML document in UTF-8.",
        )


def policy_text(named: str | None) -> str | None:
    """Return the document in the file that ``named`` is the path of, else the name itself.

    Raises NoPolicyFile, PolicyFileUnreadable.
    """
    if named is None or not ("/" in named or named.endswith(".toml")):
        return named
    return read_policy_file(Path(named))


def read_policy_file(file: Path) -> str:
    """Return the text of a policy's file; raises NoPolicyFile, PolicyFileUnreadable."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NoPolicyFile(file) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFileUnreadable(file, str(error)) from error

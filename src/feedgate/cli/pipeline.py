"""The only writer of commands to a build service: they stand in the log, on standard error.

Azure Pipelines and GitHub Actions read commands out of what a step prints; each
has an escape of its own for what is no command in them. GitLab has none.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from feedgate.cli.plain import plain

SUMMARY_BYTES: Final = 1024 * 1024
"""The most that GitHub takes as a step's summary; it drops a larger one whole."""

SHORTENED: Final = "\n\nShortened here: the whole stands in the report's folder.\n"

_LONGEST_SENTENCE: Final = 1000
_AZURE: Final = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_GITHUB: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}


class Vendor(StrEnum):
    """Whose build service this is."""

    AZURE = "azure"
    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The build service that a command runs in; ``vendor`` None = none that we know.

    ``step_summary`` is GitHub's file, to which a step appends its summary.
    """

    vendor: Vendor | None
    step_summary: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Pipeline":
        """Tell the build service from the variables that it sets."""
        step_summary = environment.get("GITHUB_STEP_SUMMARY")
        if environment.get("TF_BUILD"):
            return cls(Vendor.AZURE)
        if environment.get("GITHUB_ACTIONS") or step_summary:
            return cls(Vendor.GITHUB, Path(step_summary) if step_summary else None)
        return cls(Vendor.GITLAB if environment.get("GITLAB_CI") else None)

    def attach(self, summary: Path) -> None:
        """Show the Markdown file ``summary`` with the step, where the service does such a thing."""
        if self.vendor is Vendor.AZURE:
            _say(f"##vso[task.uploadsummary]{_escaped(str(summary.absolute()), _AZURE)}")
        elif self.step_summary is not None:
            _append(self.step_summary, summary.read_text(encoding="utf-8"))

    def error(self, sentence: str) -> None:
        """Say in the service's own form why the step fails; nothing where it has none."""
        words = plain(sentence)
        if len(words) > _LONGEST_SENTENCE:
            words = f"{words[:_LONGEST_SENTENCE]}…"
        if self.vendor is Vendor.AZURE:
            _say(f"##vso[task.logissue type=error]{_escaped(words, _AZURE)}")
        elif self.vendor is Vendor.GITHUB:
            _say(f"::error::{_escaped(words, _GITHUB)}")


def _say(command: str) -> None:
    sys.stderr.write(f"{command}\n")


def _escaped(value: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in value)


def _append(file: Path, text: str) -> None:
    """Append to the step's summary what still fits; a file that can not be written fails no run."""
    try:
        size_bytes = file.stat().st_size if file.exists() else 0
        fitting = shortened(f"\n{text}" if size_bytes else text, SUMMARY_BYTES - size_bytes)
        with file.open("a", encoding="utf-8", newline="\n") as opened:
            opened.write(fitting)
    except OSError as error:
        sys.stderr.write(f"feedgate: the step's summary can not be written: {plain(error.strerror)}\n")


def shortened(text: str, limit_bytes: int) -> str:
    """Return ``text``, cut behind a whole line and with a sentence that says so where it has too many bytes."""
    whole = text.encode()
    if len(whole) <= limit_bytes:
        return text
    room = limit_bytes - len(SHORTENED.encode())
    if room <= 0:
        return ""
    return whole[:room].rpartition(b"\n")[0].decode() + SHORTENED

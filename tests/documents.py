"""The documents of this project, and what they tell a reader to type."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

DOCUMENTS = sorted(
    document
    for document in [
        *ROOT.glob("*.md"),
        *(ROOT / "machines").glob("*.md"),
        *(ROOT / "pipelines").glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]
    if document.parent.name not in {"reference", "_build"}
)
"""All that are written by hand."""


def relative(path: Path) -> str:
    """Return how the project names a file of its own."""
    return str(path.relative_to(ROOT))


def console_lines(document: Path) -> Iterator[str]:
    """Yield the lines to be typed, without their prompt."""
    for block in re.findall(r"^```console\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line.removeprefix("$ ")

"""What PyPI itself says, asked plainly."""

from collections.abc import Iterable
from typing import Any

import httpx
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from tests.doubles.upstream import JSON


def listed_by_pypi(filenames: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return PyPI's own entries of all files of the projects that ``filenames`` are of, by file name."""
    found: dict[str, dict[str, Any]] = {}
    with httpx.Client(headers={"Accept": JSON}, follow_redirects=True, timeout=60) as http:
        for project in sorted({name.split("-")[0] for name in filenames}):
            page = http.get(f"{PYPI_SIMPLE_ENDPOINT}{project.replace('_', '-').lower()}/")
            found |= {file["filename"]: file for file in page.raise_for_status().json()["files"]}
    return found

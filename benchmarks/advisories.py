"""A new advisory database: how long it takes to load one, and to hold 100,000 releases against it."""

import argparse
import itertools
from collections.abc import Iterable
from pathlib import Path

from packaging.version import Version

from benchmarks.rounds import Measured, measure, median_of
from feedgate.formats.advisory_zip import read_advisory_zip
from feedgate.formats.compiled_advisories import compile_advisories, read_compiled
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.advisory import Advisory
from feedgate.model.names import ProjectName

DATABASE = Path(__file__).parents[1] / "tests" / "advisories" / "osv-pypi-2024-10-10.zip"
RELEASES = 100_000


def main() -> None:
    """Measure, then print each part and the whole of what follows a new database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asked, _ = parser.parse_known_args()
    results = measure({"advisories": _once}, asked.rounds, lambda _line: None)["advisories"]
    print(f"{DATABASE.name}, {RELEASES:,} releases of projects it knows, medians of {asked.rounds}:\n")
    for part in results[-1].parts:
        print(f"  {part:<40} {median_of(results, part):8.3f} s   {results[-1].notes.get(part, '')}")


def _once(_folder: Path) -> Measured:
    measured = Measured()
    read = measured.timed("read the zip", lambda: read_advisory_zip(DATABASE, "osv"))
    raw = measured.timed("compile", lambda: compile_advisories(read.advisories))
    measured.notes["compile"] = f"{len(raw):,} bytes"
    compiled = measured.timed("load what is compiled", lambda: read_compiled(raw))
    texts = _releases(compiled.projects, read.advisories)
    releases = measured.timed(
        "parse the releases' versions", lambda: [(name, Version(version)) for name, version in texts]
    )
    found = measured.timed(
        "match, every project for the first time",
        lambda: AdvisoryDatabase((), [compiled]).match_all(releases),
    )
    measured.notes["match, every project for the first time"] = f"{len(found):,} of them are affected"
    return measured


def _releases(
    projects: Iterable[ProjectName], advisories: Iterable[Advisory]
) -> list[tuple[ProjectName, str]]:
    """Return affected releases and as many that nobody lists, of all projects in turn."""
    listed = [
        (name, str(version))
        for advisory in advisories
        for name, affected in advisory.affected.items()
        for version in affected.listed
    ]
    others = [(name, f"{major}.{minor}") for name in projects for major in range(30) for minor in range(5)]
    both = itertools.chain.from_iterable(zip(itertools.cycle(listed), others, strict=False))
    return list(itertools.islice(both, RELEASES))


if __name__ == "__main__":
    main()

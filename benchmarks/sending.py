"""``make bench``, second table: into a foreign index, ours beside the original way, cold and once more."""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import Measured, measure, median_of
from benchmarks.ways import Original, plain_server, run
from tests.builders.clients import clean_environment


@dataclass(frozen=True, slots=True)
class Sent:
    """``feedgate add --to`` as a pipeline calls it: it starts its own server; with ``again``, its second run."""

    package: str
    target: str
    again: bool = False

    def __call__(self, folder: Path) -> Measured:
        measured = Measured()
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("FEEDGATE_")}
        environment = surroundings | {"FEEDGATE_DATA": str(folder / "data"), "HOME": str(folder)}
        feedgate = Path(sys.executable).with_name("feedgate")
        with plain_server(folder / "packages", clean_environment(folder / "home")) as url:
            add = (feedgate, "add", self.package, "--to", url, "--target", self.target, "--json")
            if self.again:
                run(environment, *add)
            before = time.perf_counter()
            report = json.loads(run(environment, *add))
            whole = time.perf_counter() - before
        if report["state"] != "published":
            message = f"the run ended {report['state']}: {report}"
            raise RuntimeError(message)
        measured.parts = {step["name"]: step["seconds"] for step in report["steps"]}
        measured.parts["command, server, report"] = whole - sum(measured.parts.values())
        measured.notes = {"files": str(report["closure"]["distributions"]), "sent": str(report["published"])}
        return measured


def main() -> None:
    """Measure, then print one table, the parts, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", default="azure-cli")
    parser.add_argument("--target", default="3.11@x86_64-manylinux_2_28")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    results = measure(
        {
            "original": Original(asked.package),
            "original again": Original(asked.package, again=True),
            "feedgate": Sent(asked.package, asked.target),
            "feedgate again": Sent(asked.package, asked.target, again=True),
        },
        asked.rounds,
        lambda line: print(line, file=sys.stderr),
    )

    print(f"{asked.package} for {asked.target} into pypiserver, medians of {asked.rounds}:\n")
    for name, measured in results.items():
        notes = ", ".join(f"{value} {note}" for note, value in measured[-1].notes.items())
        print(f"  {name:<16} {median_of(measured):8.2f} s   {notes}")
        for part in measured[-1].parts:
            print(f"    {part:<24} {median_of(measured, part):6.2f} s")
    seconds = {name: median_of(measured) for name, measured in results.items()}
    print(
        f"\n  original / feedgate              {seconds['original'] / seconds['feedgate']:6.1f}   cold"
        f"\n  original again / feedgate again  {seconds['original again'] / seconds['feedgate again']:6.1f}"
        "   (the original's second run ends at the first file that is there)"
    )


if __name__ == "__main__":
    main()

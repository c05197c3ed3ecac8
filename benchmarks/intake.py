"""``make bench``: Feedgate's intake beside the original way and the floor, with the ratios and where the rest goes."""

import argparse
import sys

from benchmarks.rounds import Measured, measure, median_of
from benchmarks.ways import Floor, Original, Ours


def main() -> None:
    """Measure, then print one table, the parts, and the ratios that we aim at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", default="azure-cli")
    parser.add_argument("--target", default="3.11@x86_64-manylinux_2_28")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    results = measure(
        {
            "original": Original(asked.package),
            "floor": Floor(asked.package, asked.target),
            "feedgate": Ours(asked.package, asked.target),
            "feedgate again": Ours(asked.package, asked.target, again=True),
        },
        asked.rounds,
        lambda line: print(line, file=sys.stderr),
    )

    print(f"{asked.package} for {asked.target}, cold caches, medians of {asked.rounds}:\n")
    for name, measured in results.items():
        print(f"  {name:<16} {median_of(measured):8.2f} s   {_notes(measured[-1])}")
        for part in measured[-1].parts:
            print(f"    {part:<24} {median_of(measured, part):6.2f} s")
    _print_ratios({name: median_of(measured) for name, measured in results.items()})


def _print_ratios(seconds: dict[str, float]) -> None:
    allowed = 2.0 * seconds["floor"] + 1.0
    print(
        f"\n  original / feedgate        {seconds['original'] / seconds['feedgate']:6.1f}   (aim: at least 8)"
        f"\n  feedgate / floor           {seconds['feedgate'] / seconds['floor']:6.2f}"
        f"   (aim: {seconds['feedgate']:.2f} s within 2.0 floors + 1 s = {allowed:.2f} s)"
        f"\n  original / feedgate again  {seconds['original'] / seconds['feedgate again']:6.1f}   (aim: at least 15)"
    )


def _notes(measured: Measured) -> str:
    return ", ".join(f"{value} {name}" for name, value in measured.notes.items())


if __name__ == "__main__":
    main()

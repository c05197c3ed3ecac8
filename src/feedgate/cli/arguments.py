"""Arguments and options that several commands share, worded once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

FeedArgument: TypeAlias = Annotated[str, typer.Argument(metavar="ORG/FEED", help="The feed.")]
FeedOption: TypeAlias = Annotated[str, typer.Option("--feed", "-f", metavar="ORG/FEED", help="The feed.")]
OptionalFeed: TypeAlias = Annotated[
    str | None, typer.Option("--feed", "-f", metavar="ORG/FEED", help="The feed.")
]
TargetsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="TARGET", help="PYTHON@PLATFORM, or host. Repeatable."),
]
RequirementFiles: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--requirement", "-r", metavar="FILE", help="A requirements file or pylock.toml. Repeatable."
    ),
]
ConstraintFiles: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--constraint", "-c", metavar="FILE", help="A constraints file. Repeatable."),
]
ReportFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Write report.json, summary.md, sbom.cdx.json, and a lock and hashed requirements for each target "
        "into this folder.",
    ),
]

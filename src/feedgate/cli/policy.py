"""``feedgate policy``: read policy documents before a feed gets one. No server is asked."""

from pathlib import Path
from typing import Annotated

import typer

from feedgate.cli.policy_choice import read_policy_file
from feedgate.cli.show import inert, lines
from feedgate.policy.document import parse_policy
from feedgate.policy.policies import Policy

app = typer.Typer(
    help="Read policy documents before a feed gets one.", rich_markup_mode=None, add_completion=False
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A policy document, TOML.")]


@app.callback()
def policy() -> None:
    """Hold the commands on policies."""


@app.command("check")
def check(file: File) -> None:
    """Say what a policy's document means, rule by rule, or what is wrong with it and where."""
    lines(_described(parse_policy(read_policy_file(file))))


def _described(policy: Policy) -> list[str]:
    reported = [f" (reported only: {code})" for code in sorted(policy.reported)]
    trust = (
        "no matter how old"
        if policy.database_max_age is None
        else f"at most {policy.database_max_age.days} days old"
    )
    return [
        f"policy {inert(policy.name)}",
        *(f"  {rule.code}: {inert(rule.meaning)}" for rule in policy.rules),
        f"  advisory database: {trust}",
        *reported,
    ]

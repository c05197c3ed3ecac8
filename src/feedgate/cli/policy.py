"""``feedgate policy``: read policies before a feed gets one. No server is asked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from feedgate.app.clock import now
from feedgate.cli.exit import Exit
from feedgate.cli.main import place
from feedgate.cli.policy_choice import policy_text, read_policy_file
from feedgate.cli.show import inert, json_text, lines
from feedgate.policy.document import parse_policy, read_policy
from feedgate.policy.examples import Tried, try_examples
from feedgate.policy.policies import DATABASE_AGE, Policy

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


@app.command("show")
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A built-in policy: open, default; or a TOML file.")
    ],
) -> None:
    """Say what a policy lets pass, rule by rule."""
    lines(_described(read_policy(policy_text(name) or "")))


@app.command("test")
def test(context: typer.Context, file: File) -> None:
    """Try a policy on the examples in its own document; one that does not hold ends the command with status 1."""
    tried = try_examples(read_policy_file(file), now=now())
    if place(context).as_json:
        json_text("\n".join(json.dumps(_as_json(one)) for one in tried))
    else:
        lines(_told(tried))
    if not all(one.holds for one in tried):
        raise typer.Exit(Exit.FAILED)


def _described(policy: Policy) -> list[str]:
    return [
        f"policy {inert(policy.name)}",
        *(f"  {rule.code}{_reported(policy, rule.code)}: {inert(rule.meaning)}" for rule in policy.rules),
        *(
            []
            if policy.downgrade is None
            else [
                f"  {policy.downgrade.code}{_reported(policy, policy.downgrade.code)}: {policy.downgrade.meaning}"
            ]
        ),
        f"  advisory database{_reported(policy, DATABASE_AGE)}: {_trust(policy)}",
        *(
            f"  except {one.project} from {one.rule} up to {one.until}: {inert(one.reason)}"
            for one in policy.exemptions
        ),
    ]


def _reported(policy: Policy, code: str) -> str:
    return " (reported, does not count)" if code in policy.reported else ""


def _trust(policy: Policy) -> str:
    if policy.database_max_age is None:
        return "no matter how old"
    return f"at most {policy.database_max_age.total_seconds() / 86400:g} days old"


def _told(tried: Sequence[Tried]) -> list[str]:
    rows = []
    for one in tried:
        rows.append(f"{'ok ' if one.holds else 'NOT'} {inert(one.says)}: {one.decision.verdict.value}")
        if not one.holds:
            by = "" if one.rule is None else f" by {one.rule}"
            rows.append(f"    expected {one.expected.value}{inert(by)}; {inert(_why(one))}")
    held = sum(one.holds for one in tried)
    return [*rows, f"{held} of {len(tried)} examples hold"]


def _why(tried: Tried) -> str:
    return tried.decision.reason or "no rule objects"


def _as_json(tried: Tried) -> dict[str, object]:
    return {
        "says": tried.says,
        "holds": tried.holds,
        "expect": tried.expected.value,
        "verdict": tried.decision.verdict.value,
        "rules": [opinion.rule for opinion in tried.decision.deciding],
        "reason": tried.decision.reason or None,
    }

"""``feedgate inspect``: what the gate makes of files on this machine. No server is asked, and nothing of a file is run."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from feedgate.cli.exit import Exit
from feedgate.cli.main import place
from feedgate.cli.policy_choice import PolicyOption, policy_text
from feedgate.cli.show import inert, json_text, lines
from feedgate.errors import FeedgateError, Invalid
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.policy.facts import Way

if TYPE_CHECKING:
    from feedgate.gate.children import Children
    from feedgate.model.decision import Decision
    from feedgate.policy.policies import Policy

app = typer.Typer(
    help="Look at wheels and sdists on this machine.", rich_markup_mode=None, add_completion=False
)

CHILDREN: Final = 2

_EXITS: Final = {Verdict.ADMIT: Exit.OK, Verdict.HOLD: Exit.HELD, Verdict.REFUSE: Exit.REFUSED}
_WORDS: Final = {Verdict.ADMIT: "admitted", Verdict.HOLD: "held", Verdict.REFUSE: "refused"}


class NoFileToInspect(Invalid):
    """A path at which there is no file that could be read."""

    code = "no-file-to-inspect"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: {why}", next_step="Give the paths of wheels and sdists: feedgate inspect dist/*.whl"
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """One finding, as both forms of the answer say it."""

    inspector: str
    code: str
    severity: str
    message: str
    where: str | None


@dataclass(frozen=True, slots=True)
class _Inspected:
    path: Path
    verdict: Verdict
    findings: tuple[_Told, ...]


@app.command("inspect")
def inspect(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Wheels and sdists.", show_default=False)
    ],
    profile: Annotated[
        Way, typer.Option(help="Judge them as uploads, strictly, or as imports of what PyPI has.")
    ] = Way.UPLOAD,
    policy: PolicyOption = None,
) -> None:
    """Say whether files would be admitted, and what was found in them; nothing of them is run.

    Without --policy their archives and metadata are judged. Of a policy's other rules those that ask what no
    file says by itself hold, since no server is asked.

    Ends with status 0 where all are admitted, 3 where one is held, 4 where one is refused.
    """
    from feedgate.policy.document import read_policy
    from feedgate.policy.policies import OPEN

    for path in files:
        _check_readable(path)
    text = policy_text(policy)
    asked = OPEN if text is None else read_policy(text)
    as_json = place(context).as_json
    worst = asyncio.run(_inspect_all(files, profile, asked, as_json=as_json))
    if worst is not Verdict.ADMIT:
        raise typer.Exit(_EXITS[worst])


def _check_readable(path: Path) -> None:
    try:
        if not path.is_file():
            raise NoFileToInspect(path, "there is no such file")
        path.open("rb").close()
    except OSError as error:
        raise NoFileToInspect(path, error.strerror or "it can not be read") from error


async def _inspect_all(files: list[Path], way: Way, policy: "Policy", *, as_json: bool) -> Verdict:
    """Print what is found, in the order of ``files``, and return the gravest verdict."""
    from feedgate.gate.children import Children
    from feedgate.gate.look import start_child

    children = Children(start_child, min(CHILDREN, len(files)))
    worst = Verdict.ADMIT
    tasks = [asyncio.create_task(_inspect(children, path, way, policy)) for path in files]
    try:
        for task in tasks:
            inspected = await task
            _print(inspected, as_json=as_json)
            worst = max(worst, inspected.verdict, key=lambda verdict: verdict.rank)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await children.close()
    return worst


async def _inspect(children: "Children", path: Path, way: Way, policy: "Policy") -> _Inspected:
    from feedgate.app.clock import now
    from feedgate.gate.decide import decide_import, decide_upload
    from feedgate.gate.look import looked_at
    from feedgate.model.distribution import Distribution, InvalidFilename, parse_filename

    try:
        parse_filename(path.name)
    except InvalidFilename as error:
        return _Inspected(path, Verdict.REFUSE, (_of_name(error),))
    digest = await asyncio.to_thread(_digest_of, path)
    looked = looked_at(digest, path.name, await children.ask(path.absolute(), path.name))
    if way is Way.IMPORT:
        decision = decide_import(policy, Distribution(path.name, digest), looked, None, now=now())
    else:
        decision = decide_upload(policy, path.name, looked, None, now=now())
    found = tuple(
        _Told(inspection.inspector, one.code, one.severity.value, one.sentence, one.member)
        for inspection in looked.inspections
        for one in inspection.findings
    )
    looking = {inspection.inspector for inspection in looked.inspections}
    return _Inspected(path, decision.verdict, (*found, *_of_other_rules(decision, looking)))


def _digest_of(path: Path) -> Digest:
    with path.open("rb") as content:
        return Digest(hashlib.file_digest(content, "sha256").hexdigest())


def _of_name(error: FeedgateError) -> _Told:
    return _Told("identity", error.code, "high", error.message, None)


def _of_other_rules(decision: "Decision", looking: set[str]) -> Iterator[_Told]:
    """Yield what rules say that go by more than one inspector's findings."""
    for opinion in decision.opinions:
        if opinion.rule not in looking and opinion.verdict is not Verdict.ADMIT:
            counts = opinion.rule not in decision.reported
            yield _Told(
                opinion.rule, _code_of(opinion), _severity(opinion, counts=counts), opinion.reason, None
            )


def _code_of(opinion: Opinion) -> str:
    return opinion.findings[0] if opinion.findings else opinion.rule


def _severity(opinion: Opinion, *, counts: bool) -> str:
    if not counts:
        return "note"
    return "high" if opinion.verdict is Verdict.REFUSE else "low"


def _print(inspected: _Inspected, *, as_json: bool) -> None:
    if as_json:
        findings = [
            {
                "inspector": one.inspector,
                "code": one.code,
                "severity": one.severity,
                "message": one.message,
                "where": one.where,
            }
            for one in inspected.findings
        ]
        json_text(
            json.dumps(
                {"file": str(inspected.path), "verdict": inspected.verdict.value, "findings": findings}
            )
        )
        return
    lines(
        [
            f"{inert(inspected.path)}: {_WORDS[inspected.verdict]}",
            *(
                f"  {one.inspector}, {inert(one.code)} ({one.severity}): {inert(one.message)}"
                for one in inspected.findings
            ),
        ]
    )

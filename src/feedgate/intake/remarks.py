"""What a run's reader should know of files that were let in: reported rules, fixes that did not wait, known holes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from feedgate.model.decision import Verdict
from feedgate.policy.rules.advisories import Advisories
from feedgate.policy.rules.age import Age
from feedgate.records.decisions import Judged
from feedgate.records.events import Told

REPORTED: Final = "reported"
"""The kind of the event by which a step tells what a reported rule says that is asked of no file."""

_MOST: Final = 100
_TOLD: Final = frozenset({Age.code, Advisories.code})
"""The rules whose findings are told although they let pass; those of inspectors are too many, and in the passport."""

_WOULD: Final = {Verdict.HOLD: "would hold it", Verdict.REFUSE: "would refuse it"}


def remarks(judged: Iterable[Judged], told: Sequence[Told]) -> tuple[str, ...]:
    """Return a sentence for each opinion that did not count and that a reader should know; each once."""
    found = list(dict.fromkeys((*_events(told), *_opinions(judged))))
    more = len(found) - _MOST
    return (*found[:_MOST], *([f"and {more} more like these"] if more > 0 else []))


def _events(told: Sequence[Told]) -> Iterator[str]:
    for event in told:
        if event.kind == REPORTED:
            yield f"reported, does not count: {event.facts.get('rule')}: {event.facts.get('reason')}"


def _opinions(judged: Iterable[Judged]) -> Iterator[str]:
    for file in judged:
        for opinion in file.opinions:
            if opinion.rule in file.reported:
                if opinion.verdict is not Verdict.ADMIT:
                    yield f"reported, does not count: {opinion.rule} {_WOULD[opinion.verdict]}: {opinion.reason}"
            elif opinion.verdict is Verdict.ADMIT and opinion.findings and opinion.rule in _TOLD:
                yield opinion.reason

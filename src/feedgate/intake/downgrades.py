"""Which chosen files are steps into the past that nobody asked for, since policy hid what is newer."""

from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.index.admitting import admits_python
from feedgate.intake.asked import Words
from feedgate.intake.only_source import fits
from feedgate.intake.passed_over import Chosen
from feedgate.model.decision import Decision, Opinion
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import Index, ProjectPage
from feedgate.model.names import ProjectName
from feedgate.policy.downgrade import Downgrade


async def downgrades(
    rule: Downgrade,
    index: Index,
    chosen: Chosen,
    asked_words: Words,
    hidden: Mapping[ProjectName, Mapping[str, Decision]],
) -> dict[str, Opinion]:
    """Return what ``rule`` says of the chosen files that are new, by file name; ``hidden`` is what policy kept out."""
    bound = {
        canonicalize_name(one.name) for one in (*asked_words.wanted, *asked_words.bounds) if one.specifier
    }
    found: dict[str, Opinion] = {}
    for name in sorted(chosen.pins.keys() & hidden.keys()):
        pin = chosen.pins[name]
        if pin.present or pin.there or pin.internal:
            continue
        page = await index.page(name)
        opinion = rule.judge(
            pin.file,
            tuple(_would_have_done(page, hidden[name], chosen)),
            waiting=[filename for filename, one in hidden[name].items() if _heals(one)],
            is_bound=name in bound,
            asks_prereleases=chosen.allow_prereleases
            or any(one.prereleases for one in chosen.specifiers.get(name, ())),
        )
        if opinion is not None:
            found[pin.file.filename] = opinion
    return found


def _would_have_done(
    page: ProjectPage, hidden: Mapping[str, Decision], chosen: Chosen
) -> Iterator[Distribution]:
    """Yield the hidden files that target, request and closure would have taken."""
    specifiers = chosen.specifiers.get(page.name, ())
    for file in page.files:
        if file.filename not in hidden or file.yanked is not None or not fits(file.filename, chosen.target):
            continue
        if file.requires_python and not admits_python(file.requires_python, chosen.target.python):
            continue
        version = _version(file)
        if version is not None and all(one.contains(version, prereleases=True) for one in specifiers):
            yield file


def _heals(decision: Decision) -> bool:
    """Whether time alone lets the file in."""
    return all(opinion.until is not None for opinion in decision.deciding)


def _version(file: Distribution) -> Version | None:
    try:
        return file.stem.version
    except InvalidFilename:
        return None

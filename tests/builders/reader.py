"""A reader of a feed who takes the newest of everything, as an installer without second thoughts does.

It is broken for him as soon as a release is listed before what it needs: so he sees what a patient
resolver, which would step back to an older release, does not. Nothing of ours decides for him.
"""

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version
from pypi_simple import ProjectPage

Listed = Callable[[str], Iterable[str]]
"""Says which files a project's page lists now."""


class BrokenSet(AssertionError):
    """What is listed needs what is not."""


@dataclass(frozen=True)
class Machine:
    """What the reader runs: the tags that he takes beside ``py3-none-any``, and how markers see it."""

    tags: frozenset[str]
    environment: Mapping[str, str]

    def takes(self, filename: str) -> bool:
        """Whether the machine installs that wheel."""
        tags = {str(tag) for tag in parse_wheel_filename(filename)[3]}
        return bool(tags & {"py3-none-any", *self.tags})


@dataclass(frozen=True)
class Reader:
    """Resolves by hand, for one machine; ``wheels`` are all files that may ever be listed, for their METADATA."""

    wheels: Mapping[str, Path]
    machine: Machine

    def resolve(self, listed: Listed, *words: str) -> dict[str, str]:
        """Return the versions that ``words`` come to; nothing where one of their own names is not there.

        Raises BrokenSet.
        """
        chosen: dict[str, str] = {}
        waiting = [(Requirement(word), "") for word in words]
        done: set[str] = set()
        while waiting:
            requirement, needed_by = waiting.pop()
            if str(requirement) in done:
                continue
            done.add(str(requirement))
            name = canonicalize_name(requirement.name)
            if name not in chosen:
                found = [filename for filename in listed(name) if self.machine.takes(filename)]
                if not found and not needed_by:
                    return {}
                chosen[name] = max(map(_version, found), default="", key=Version)
            if not chosen[name] or not requirement.specifier.contains(chosen[name], prereleases=True):
                message = f"{needed_by} needs {requirement}, and there is {chosen[name] or 'nothing'}"
                raise BrokenSet(message)
            waiting += [
                (inner, f"{name} {chosen[name]}")
                for inner in self._needs(name, chosen[name], frozenset(requirement.extras))
            ]
        return chosen

    def _needs(self, name: str, version: str, extras: frozenset[str]) -> Iterable[Requirement]:
        for filename, path in self.wheels.items():
            stem = parse_wheel_filename(filename)
            if (stem[0], str(stem[1])) == (name, version) and self.machine.takes(filename):
                return [text for text in map(Requirement, _requires(path)) if self._holds(text, extras)]
        message = f"{name} {version} is of no wheel that was made"
        raise AssertionError(message)

    def _holds(self, requirement: Requirement, extras: frozenset[str]) -> bool:
        marker = requirement.marker
        return marker is None or any(
            marker.evaluate({**self.machine.environment, "extra": extra}) for extra in ("", *extras)
        )


def over_http(simple_url: str, client: httpx.Client) -> Listed:
    """Return what a simple index in HTML lists, asked anew each time."""

    def listed(name: str) -> list[str]:
        answer = client.get(f"{simple_url}{name}/")
        if answer.status_code == 404:
            return []
        page = ProjectPage.from_html(name, answer.raise_for_status().content, str(answer.url))
        return [package.filename for package in page.packages]

    return listed


def _version(filename: str) -> str:
    return str(parse_wheel_filename(filename)[1])


@cache
def _requires(wheel: Path) -> tuple[str, ...]:
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return tuple(parse_email(archive.read(member))[0].get("requires_dist", ()))

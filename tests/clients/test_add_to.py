"""``feedgate add … --to``: a closure goes into the feed that a team has, by what Azure's task wrote for twine."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.builders.closures import TARGET, Closure
from tests.builders.destinations import (
    Step,
    There,
    azure_there,
    devpi_there,
    our_own,
    pypiserver_there,
    step_of,
)
from tests.builders.wheels import make_wheel
from tests.builders.witness import PipWitness
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_log import (
    asked,
    most_connections,
    pages_by_project,
    uploads_by_file,
    whole_downloads,
)
from tests.doubles.upstream import Upstream

ASKED = ("app", "--target", TARGET)
RELEASES = {"app": ["lib-a>=1", "lib-b"], "lib-a": ["base"], "lib-b": ["base"], "base": []}

pytestmark = pytest.mark.timeout(300)  # the first time each server comes from PyPI


@pytest.fixture(scope="module")
def closure(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Closure:
    """Four projects, which no test changes."""
    made = Closure(upstream, partial(make_wheel, tmp_path_factory.mktemp("wheels")))
    made.offer_all(RELEASES)
    return made


@pytest.fixture
def served() -> Iterator[tuple[There, AzureArtifacts]]:
    with azure_there() as both:
        yield both


@pytest.fixture
def azure(served: tuple[There, AzureArtifacts]) -> AzureArtifacts:
    return served[1]


@pytest.fixture
def step(served: tuple[There, AzureArtifacts], closure: Closure, tmp_path: Path) -> Step:
    """A step that sends to the stand-in for Azure."""
    return step_of(tmp_path, served[0], closure.upstream.url)


@pytest.fixture(params=["our-own", "pypiserver", "devpi"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[There]:
    """Each kind of real destination in turn, empty."""
    if request.param == "our-own":
        with our_own(request.getfixturevalue("server")) as found:
            yield found
    else:
        start = pypiserver_there if request.param == "pypiserver" else devpi_there
        with start(tmp_path / "feed") as found:
            yield found


def came_once(there: There, closure: Closure, first: dict[str, Any], again: dict[str, Any]) -> bool:
    """Look whether the first run brought everything and had it proved, and the second found it so."""
    assert there.files() == closure.digests
    assert (first["state"], first["published"], first["already_present"]) == ("published", 4, 0)
    assert first["targets"] == [{"target": TARGET, "proved": True, "reason": None}]
    assert (first["conflicts"], first["spent"], first["escapes"]) == ([], [], [])
    assert (again["state"], again["published"], again["already_present"]) == ("published", 0, 4)
    assert again["fetched"] == 0
    assert again["targets"] == first["targets"]
    return True


def test_a_closure_is_there_with_its_digests_and_proved_and_never_sent_twice(
    there: There, closure: Closure, tmp_path: Path
) -> None:
    step = step_of(tmp_path, there, closure.upstream.url)

    first, again = step.add(*ASKED), step.add(*ASKED)

    assert came_once(there, closure, first, again)
    witness = PipWitness.of("3.11", tmp_path).installs(there.index_url, "app")
    assert witness.versions == dict.fromkeys(RELEASES, "1.0"), witness.words


def test_a_second_run_sends_nothing_fetches_no_whole_file_and_asks_three_pages_a_project_at_most(
    step: Step, azure: AzureArtifacts, closure: Closure, tmp_path: Path
) -> None:
    first, sent = step.add(*ASKED), len(azure.seen)
    again = step.add(*ASKED)

    assert came_once(step.there, closure, first, again)
    seen = azure.seen[sent:]
    assert uploads_by_file([one for one in seen if one.method == "POST"]) == {}
    assert whole_downloads(azure.seen) == []
    assert pages_by_project(seen).keys() == RELEASES.keys()
    assert max(pages_by_project(seen).values()) <= 3
    assert most_connections(azure.seen) <= 8
    assert not any(one.has_credentials for one in asked(azure.seen, "storage"))
    witness = PipWitness.of("3.11", tmp_path).installs(step.there.index_url, "app")
    assert witness.versions == dict.fromkeys(RELEASES, "1.0"), witness.words

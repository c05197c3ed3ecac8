"""``feedgate add … --to``: a closure goes into the feed that a team has, by what Azure's task wrote for twine."""

import re
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.builders.closures import TARGET, Closure
from tests.builders.command_line import CommandLine, Server
from tests.builders.destinations import (
    FEED,
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


def test_a_plan_says_what_would_be_sent_and_changes_nothing(
    step: Step, azure: AzureArtifacts, closure: Closure
) -> None:
    base = closure.make_wheel("base", "1.0")
    azure.store(base.name, base.read_bytes())

    plan = step.feedgate.json("plan", *ASKED, "--to", FEED)

    assert plan["state"] == "planned"
    assert {file["filename"].partition("-")[0]: file["state"] for file in plan["files"]} == {
        **dict.fromkeys(("app", "lib_a", "lib_b"), "new"),
        "base": "present",
    }
    assert plan["kept"] == [{"name": "base", "version": "1.0"}]
    assert azure.files().keys() == {base.name}
    assert not [one for one in azure.seen if one.method not in {"GET", "HEAD"}]
    assert step.feedgate.done("feed", "list").out == ""


def test_what_the_destination_is_and_who_asks_is_said_before_anything_is_sent(
    step: Step, azure: AzureArtifacts
) -> None:
    azure.passwords = {}

    said = step.feedgate("add", *ASKED, "--to", azure.simple_url)

    assert said.status == 1
    uploads, pages, credentials, *_ = said.err.splitlines()
    assert uploads.split() == ["uploads", azure.upload_url]
    assert pages.split() == ["pages", azure.simple_url]
    assert "section 'pip-feed' of" in credentials
    assert "401" in said.out
    assert uploads_by_file([one for one in azure.seen if one.method == "POST"]) == {}


URL = "http://127.0.0.1:9/Acme/_packaging/pip-feed/pypi/upload"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param((*ASKED, "--to", URL, "-f", "acme/team"), "feed-or-destination", id="with-a-feed"),
        pytest.param(("app", "--to", FEED), "target-missing", id="without-target"),
        pytest.param((*ASKED, "--to", "unheard-of"), "unknown-destination", id="unknown-name"),
        pytest.param(
            (*ASKED, "--to", URL.replace("//", "//me:s3cret@")), "no-plain-address", id="user-information"
        ),
        pytest.param((*ASKED, "--to", "me:s3cret@pip-feed"), "no-plain-address", id="user-and-a-name"),
        pytest.param(
            (*ASKED, "--to", URL, "--read-url", URL.replace("//", "//me:s3cret@")),
            "no-plain-address",
            id="user-information-in-the-other-address",
        ),
        pytest.param(
            (*ASKED, "--to", "http://127.0.0.1:9/of/nobody/at/all"),
            "destination-address-unknown",
            id="no-pattern-fits",
        ),
        pytest.param((*ASKED, "--to", FEED, "--limit", "metadata=new"), "invalid-limit", id="no-limit"),
        pytest.param((*ASKED, "--to", FEED, "--username", "me"), "password-missing", id="no-password"),
        pytest.param(
            (*ASKED, "-f", "acme/team", "--internal", "acme-*"), "option-without-destination", id="no-to"
        ),
    ],
)
def test_what_can_not_be_meant_is_a_usage_error(step: Step, words: tuple[str, ...], code: str) -> None:
    said = step.feedgate("add", *words, "--json")

    assert (said.status, said.problem["code"]) == (2, code), said
    assert "s3cret" not in said.out + said.err
    assert not step.feedgate.data.exists(), "nothing was begun"


def test_a_server_that_runs_by_itself_is_given_nobodys_credentials(server: Server, step: Step) -> None:
    beside = CommandLine(server.feedgate.data, {**step.feedgate.environment, **server.feedgate.environment})

    said = beside("add", *ASKED, "--to", FEED, "--json")

    assert (said.status, said.problem["code"]) == (2, "own-destination-not-taken")
    assert str(server.feedgate.data) in said.problem["message"]
    assert server.origin in said.problem["message"]


def test_a_server_elsewhere_is_given_nobodys_credentials(step: Step) -> None:
    elsewhere = step.feedgate.elsewhere("http://127.0.0.1:9", "a-token")

    said = elsewhere("add", *ASKED, "--to", FEED, "--json")

    assert (said.status, said.problem["code"]) == (2, "own-destination-not-taken")
    assert "http://127.0.0.1:9" in said.problem["message"]


def test_a_policy_that_is_named_holds_also_where_the_feed_was_made_before(
    step: Step, closure: Closure
) -> None:
    first = step.add(*ASKED, "--policy", "open")
    words = ("base", "--target", TARGET, "--to", FEED)

    planned = step.feedgate("plan", *words, "--policy", "default", "--json")
    same = step.feedgate("plan", *words, "--policy", "open")
    said = step.feedgate("add", *words, "--policy", "default")
    unknown = step.feedgate("add", *words, "--policy", "opne", "--json")

    assert (planned.status, planned.problem["code"]) == (2, "plan-by-other-policy")
    assert "'default'" in planned.problem["message"]
    assert f"{first['feed']} has policy 'open'" in planned.problem["message"]
    assert same.status == 0, same
    assert "policy       default, until now open\n" in said.err
    assert step.feedgate.json("feed", "show", first["feed"])["policy"] == "default"
    assert (unknown.status, unknown.problem["code"]) == (2, "unknown-policy")


def test_a_plan_without_a_feed_is_made_by_no_other_policy_than_it_says(step: Step) -> None:
    said = step.feedgate("plan", *ASKED, "--to", FEED, "--policy", "default", "--json")

    assert (said.status, said.problem["code"]) == (2, "plan-by-other-policy")
    assert step.feedgate.done("feed", "list").out == ""


def test_the_page_of_a_feed_in_the_browser_is_answered_with_its_index(step: Step) -> None:
    page = "https://dev.azure.com/contoso/Platform/_artifacts/feed/pip-feed"

    for words in (
        ("add", *ASKED, "--to", page),
        ("import-feed", page, "-f", "acme/team"),
        ("connect", page),
    ):
        said = step.feedgate(*words, "--json")
        assert said.status == 2, said
        assert "https://pkgs.dev.azure.com/contoso/_packaging/pip-feed/pypi/simple/" in said.problem["next"]


@pytest.mark.parametrize("words", [("add", *ASKED), ("send", "acme/ours")], ids=["add", "send"])
def test_a_destination_that_does_not_answer_is_said_to_be_waited_for(
    step: Step, words: tuple[str, ...]
) -> None:
    if words[0] == "send":
        step.feedgate.done("feed", "create", "acme/ours", "--target", TARGET)
    begun = time.monotonic()
    with socket.socket() as nobody:  # bound, so that no other process answers there
        nobody.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}/Acme/_packaging/pip-feed/pypi/simple/"
        command = step.feedgate.start(*words, "--to", closed)
        try:
            assert command.stderr is not None
            line = next(line for line in command.stderr if "does not answer" in line)
        finally:
            command.kill()
            command.communicate(timeout=60)

    assert re.search(
        r": the destination 127\.0\.0\.1:\d+ does not answer; it is waited for until \d\d:\d\d:\d\d UTC", line
    )
    assert time.monotonic() - begun < 20

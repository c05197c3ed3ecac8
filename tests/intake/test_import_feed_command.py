"""``feedgate import-feed`` as a user has it: indexes with credentials, Azure's among them, folders, and what it exits with."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedgate.api.bodies import FeedCreation
from feedgate.model.access import Role
from tests.builders.command_line import CommandLine, Said, Server, command_line, serving
from tests.builders.sdists import make_sdist
from tests.builders.wheels import make_wheel
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_log import pages_by_project
from tests.doubles.upstream import Upstream, upstream_in_thread

CANARY = "canary-c0ffee-of-a-token-0123456789abcdef"
PASSWORD = {"FEEDGATE_DESTINATION_PASSWORD": CANARY}
FEED = "acme/team"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords={CANARY: "reader"})) as served:
        yield served


@pytest.fixture
def alone(upstream: Upstream, azure: AzureArtifacts, tmp_path: Path) -> CommandLine:
    """A data directory of its own, that no server serves, with one feed; Azure's second host may be asked."""
    more = {"FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": azure.storage_origin}
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url, **more)
    feedgate.done("feed", "create", FEED, "--target", "host")
    return feedgate


@pytest.fixture(scope="module")
def shared_source() -> Iterator[Upstream]:
    with upstream_in_thread() as source:
        yield source


@pytest.fixture(scope="module")
def server(
    shared_upstream: Upstream, shared_source: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that stays, which may copy ``shared_source``."""
    folder = tmp_path_factory.mktemp("serving")
    more = {"FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": shared_source.origin}
    feedgate = command_line(folder / "home", folder / "data", upstream=shared_upstream.url, **more)
    with serving(feedgate) as found:
        yield found


@pytest.fixture
def new_feed(server: Server) -> Callable[[], str]:
    numbers = iter(range(1, 100))

    def make() -> str:
        name = f"feed-{next(numbers)}-{id(numbers)}"
        creation = FeedCreation(organization="acme", feed=name, targets=["3.11@x86_64-manylinux_2_28"])
        return server.api.create_feed(creation).body.feed

    return make


def states(said: Said) -> dict[str, str]:
    """Return what became of each file, from the lines behind the first."""
    return {line["filename"]: line["state"] for line in said.json_lines[1:]}


# ------------------------------------------------------------------------------------------- Azure


def test_an_azure_feed_comes_by_its_list_of_packages_less_what_its_upstream_sources_merely_list(
    alone: CommandLine, azure: AzureArtifacts, upstream: Upstream, tmp_path: Path
) -> None:
    ours = [make_wheel(tmp_path / "w", "acme-core", version) for version in ("1.0", "1.1")]
    theirs = [make_wheel(tmp_path / "w", "demo", version) for version in ("1.0", "1.1")]
    for wheel in theirs:
        upstream.add(wheel.name, wheel.read_bytes())
    for wheel in (*ours, theirs[0]):
        azure.store(wheel.name, wheel.read_bytes())
    azure.add_upstream(theirs[1].name, theirs[1].read_bytes())
    azure.manners.upstream_sources = azure.manners.external_versions = True
    try:
        words = (azure.upload_url, "-f", FEED, "--internal", "acme-*", "--username", "me")
        looked = alone("import-feed", *words, "--dry-run", "--json", more=PASSWORD)
        done = alone("import-feed", *words, "--json", more=PASSWORD)
    finally:
        azure.manners.upstream_sources = azure.manners.external_versions = False

    assert looked.status == 0, looked
    assert set(states(looked).values()) == {"new"}
    assert done.status == 0, done
    assert states(done) == {wheel.name: "taken" for wheel in (*ours, theirs[0])}
    run = done.json_lines[0]
    assert run["imported"]["internal"] == 1
    assert pages_by_project(azure.seen) == {"acme-core": 2, "demo": 2}
    assert len(upstream.asked("demo")) == 2
    assert upstream.asked("acme-core") == []
    assert azure.storage_origin.removeprefix("http://") not in done.out
    everything = looked.out + looked.err + done.out + done.err
    assert CANARY not in everything
    for path in (*alone.data.rglob("*"), *(tmp_path / "home").rglob("*")):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_credentials_are_found_as_for_a_destination_and_said_by_name(
    alone: CommandLine, azure: AzureArtifacts, tmp_path: Path
) -> None:
    """The section of .pypirc knows the address of uploads, the command was given that of the pages."""
    (tmp_path / "home" / ".pypirc").write_text(
        f"[distutils]\nindex-servers =\n    pip-feed\n[pip-feed]\nrepository: {azure.upload_url}\n"
        f"username: build\npassword: {CANARY}"
    )
    (tmp_path / "names").write_text("# ours\nno-such-name\n")

    said = alone("import-feed", azure.simple_url, "-f", FEED, "--names", tmp_path / "names")

    assert said.status == 1, said
    assert re.search(r"^credentials +.*\.pypirc", said.err, re.MULTILINE), said.err
    assert "has no project of that name" in said.out
    assert CANARY not in said.out + said.err


# ------------------------------------------------------------------------- servers that run already


def test_a_server_that_runs_copies_what_needs_no_credentials_from_a_host_that_is_allowed(
    server: Server, shared_source: Upstream, new_feed: Callable[[], str], tmp_path: Path
) -> None:
    shared_source.forget()
    feed = new_feed()
    wheel = make_wheel(tmp_path, "demo", "1.0")
    shared_source.add(wheel.name, wheel.read_bytes())

    said = server.feedgate("import-feed", shared_source.url, "-f", feed, "--json")
    token = server.token("ada", Role.OWNER, feed)
    elsewhere = server.feedgate.elsewhere(server.origin, token)
    again = elsewhere("import-feed", shared_source.url, "-f", feed, "--json")

    assert (said.status, states(said)) == (0, {wheel.name: "taken"}), said
    assert (again.status, states(again)) == (0, {wheel.name: "present"}), again


def test_credentials_go_to_no_server_that_runs_already(
    server: Server, shared_source: Upstream, new_feed: Callable[[], str]
) -> None:
    words = ("import-feed", shared_source.url, "-f", new_feed(), "--username", "me", "--json")

    here = server.feedgate(*words, more=PASSWORD)
    there = server.feedgate.elsewhere(server.origin, None)(*words, more=PASSWORD)

    for said in (here, there):
        assert (said.status, said.problem["code"]) == (2, "source-credentials-not-taken"), said
        assert "feedgate destination add" not in said.problem["next"]
        assert CANARY not in said.out + said.err


def test_what_is_advised_where_a_server_runs_is_what_works(tmp_path: Path, upstream: Upstream) -> None:
    wheel = make_wheel(tmp_path / "w", "acme-core", "1.0")
    with azure_in_thread(AzureArtifacts(passwords={CANARY: "reader"})) as azure:
        azure.store(wheel.name, wheel.read_bytes())
        more = {"FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": azure.storage_origin}
        feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url, **more)
        words = ("import-feed", azure.simple_url, "-f", FEED, "--internal", "acme-*", "--username", "me")
        with serving(feedgate):
            feedgate.done("feed", "create", FEED, "--target", "host")
            refused = feedgate(*words, more=PASSWORD)

        done = feedgate(*words, "--json", more=PASSWORD)
    with serving(feedgate):
        there = feedgate.json("feed", "show", FEED)

    assert refused.status == 2, refused
    assert "End that server, give this command again" in refused.err
    assert (done.status, states(done)) == (0, {wheel.name: "taken"}), done
    assert there["distributions"] == 1


def test_the_help_says_what_json_prints(tmp_path: Path) -> None:
    said = command_line(tmp_path / "home", tmp_path / "data")("import-feed", "--help")

    assert "each file: one JSON object a line" in " ".join(said.out.split())


# ------------------------------------------------------------------------------------------ folders


def test_a_folder_is_read_by_the_command_and_judged_by_the_server(
    server: Server, upstream: Upstream, new_feed: Callable[[], str], tmp_path: Path
) -> None:
    feed, folder = new_feed(), tmp_path / "folder"
    theirs, ours = make_wheel(folder, "demo", "1.0", record="missing"), make_wheel(folder, "demo", "0.9+acme")
    upstream.add(theirs.name, theirs.read_bytes(), upload_time="2019-05-04T03:02:01Z", yanked="old")
    sdist, below = make_sdist(folder, "acme-core", "1.0"), make_wheel(folder / "sub", "acme-core", "1.0")
    hidden = make_wheel(folder / ".git", "hidden", "1.0")
    broken = make_wheel(folder, "broken", "1.0", broken="no-metadata")
    odd = folder / "odd.whl"
    odd.write_bytes(b"")
    (folder / "README").write_text("not a distribution")
    words = ("import-feed", folder, "-f", feed, "--internal", "acme-*", "--json")

    looked = server.feedgate(*words, "--dry-run")
    done = server.feedgate(*words)
    again = server.feedgate(*words)

    names = {file.name for file in (theirs, ours, sdist, below, broken, odd)}
    assert states(looked).keys() == states(done).keys() == names
    assert hidden.name not in names
    assert {name for name, state in states(looked).items() if state == "new"} == names - {odd.name}
    assert states(done) == {
        **dict.fromkeys((theirs.name, ours.name, sdist.name, below.name), "taken"),
        broken.name: "refused",
        odd.name: "unreadable",
    }
    assert set(states(again).values()) == {"present", "refused", "unreadable"}
    assert [said.status for said in (looked, done, again)] == [1, 1, 1]
    for said, count in ((looked, "new"), (done, "taken"), (again, "present")):
        sums = said.json_lines[0]["imported"]
        assert (sums["files"], sums[count], sums["mixed"]) == (6, 5 if said is looked else 4, 1), sums
    origins = {line["filename"]: line["origin"] for line in done.json_lines[1:]}
    assert (origins[theirs.name], origins[ours.name], origins[sdist.name]) == ("imported",) + (
        "internal",
    ) * 2
    assert upstream.asked("acme-core") == []


def test_the_same_of_a_folder_in_words(server: Server, new_feed: Callable[[], str], tmp_path: Path) -> None:
    feed = new_feed()
    make_wheel(tmp_path, "demo", "1.0")
    there = make_wheel(tmp_path / "other", "clash", "1.0", files={"other.py": "1"})
    server.upload_files(feed, there)
    clash = make_wheel(tmp_path / "again", "clash", "1.0")
    there.unlink()

    said = server.feedgate("import-feed", tmp_path, "-f", feed)

    assert said.status == 1
    assert "files    2: 1 taken" in said.out
    assert "kept out 1 in conflict" in said.out
    row = next(line for line in said.out.splitlines() if clash.name in line)
    assert len(re.findall("[0-9a-f]{64}", row)) == 2, "both digests"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("no-such-folder",), "source-not-found", id="nothing"),
        pytest.param(("me:word@index.example/simple",), "no-plain-address", id="no-scheme"),
        pytest.param(("https://me:word@index.example/simple/",), "no-plain-address", id="password"),
        pytest.param((".", "--username", "me"), "folder-has-no-user", id="user-of-a-folder"),
        pytest.param((".", "--internal", "a b"), "invalid-name-pattern", id="pattern"),
        pytest.param(("https://index.example/?x=1",), "invalid-destination", id="query"),
    ],
)
def test_what_is_no_source_is_a_usage_error(server: Server, words: tuple[str, ...], code: str) -> None:
    said = server.feedgate("import-feed", *words, "-f", FEED, "--json")

    assert (said.status, said.problem["code"]) == (2, code), said
    assert "me:word" not in said.out + said.err

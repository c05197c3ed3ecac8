"""``kill -9`` of server and worker while an index moves in: it goes on where it was, and counts each file once."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from feedgate.api.import_bodies import ImportCreation, ImportedFileBody
from feedgate.app.address import read_address
from feedgate.model.moving_in import FileEnd
from feedgate.model.run import RunState
from tests.builders.command_line import CommandLine, command_line
from tests.builders.foreign_feeds import ForeignFeed, devpi, pypiserver
from tests.builders.moving import Stock, fill_devpi, make_stock, peak_memory_bytes, wait_for_files
from tests.builders.working_server import WorkingServer, children, wait_until
from tests.doubles.upstream import JSON, Upstream
from tests.intake.conftest import make_feed, settings_for

FILES = 500
MOST_BYTES = 300 * 1024 * 1024

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """500 files of 50 projects, 12 of them broken in 12 ways."""
    return make_stock(tmp_path_factory.mktemp("stock"), count=FILES, word="moved", versions=10)


@pytest.fixture(scope="module")
def on_devpi(stock: Stock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignFeed]:
    folder = tmp_path_factory.mktemp("devpi")
    fill_devpi(folder, stock.files, user="team", index="prod")
    with devpi(folder, user="team", index="prod") as served:
        yield served


def check(found: list[ImportedFileBody], stock: Stock) -> None:
    """Each file is accounted for once, with its digest, and each bad one with its reason."""
    assert sorted(body.filename or "" for body in found) == sorted(stock.digests)
    assert {body.filename: body.sha256 for body in found} == stock.digests
    ends = {body.filename: body for body in found}
    for filename, words in stock.bad.items():
        assert ends[filename].state is FileEnd.REFUSED, ends[filename]
        assert words in (ends[filename].reason or ""), ends[filename]
    assert {body.filename for body in found if body.state is FileEnd.TAKEN} == stock.good.keys()


def feed_files(simple_url: str, auth: tuple[str, str] | None = None) -> dict[str, str]:
    """Return what the feed shows: file names with their sha256."""
    found: dict[str, str] = {}
    with httpx.Client(base_url=simple_url, headers={"Accept": JSON}, timeout=30, auth=auth) as client:
        for project in client.get("").json()["projects"]:
            page = client.get(f"{project['name']}/").json()
            found |= {file["filename"]: file["hashes"]["sha256"] for file in page["files"]}
    return found


def test_a_pypiserver_moves_in_through_two_kills_of_server_and_worker(
    stock: Stock, upstream: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "packages").symlink_to(stock.files[0].parent)
    theirs = [file for file in stock.files if file.name.startswith("moved_001")]
    for file in theirs:
        upstream.add(file.name, file.read_bytes())
    with pypiserver(tmp_path / "source") as source:
        allowed = {"FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": source.simple_url.removesuffix("/simple/")}
        server = WorkingServer(tmp_path / "data", {**settings_for(upstream), **allowed})
        server.start()
        try:
            intake = make_feed(server, upstream, tmp_path)
            creation = ImportCreation(source=source.simple_url)
            run = server.client.import_feed(intake.path, creation, key="moving").body
            peaks = []
            for least in (FILES // 4, FILES // 2):
                wait_for_files(server.directory.records_file, least)
                assert server.worker is not None
                peaks.append(peak_memory_bytes(server.worker))
                server.kill()
                server.start()
            ended = intake.ended(run)
            assert server.worker is not None
            peaks.append(peak_memory_bytes(server.worker))

            assert ended.state is RunState.PUBLISHED, ended.reason
            check([body for body, _line in server.client.imported_files(run.run)], stock)
            assert feed_files(intake.simple_url) == stock.good
            published = [entry for entry in intake.ledger() if entry.act == "published"]
            assert sorted(str(entry.facts["project"]) for entry in published) == sorted(
                {re.sub(r"-1\..*", "", name).replace("_", "-") for name in stock.good}
            )
            assert {entry.run for entry in published} == {run.run}
            assert ended.imported is not None
            assert (ended.imported.taken, ended.imported.refused) == (len(stock.good), len(stock.bad))
            assert ended.imported.internal == len(stock.projects) - 1, "moved-001 is the upstream's"
            assert max(peaks) < MOST_BYTES, peaks
            intake.verify()
        finally:
            server.stop()


@pytest.fixture
def feedgate(upstream: Upstream, tmp_path: Path) -> CommandLine:
    found = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url)
    found.done("feed", "create", "acme/team", "--target", "host")
    return found


def test_a_devpi_moves_in_though_its_server_is_killed_and_then_the_command_too(
    stock: Stock, on_devpi: ForeignFeed, feedgate: CommandLine
) -> None:
    """The first time the command has a new server go on; the second time the same command is given again."""
    words = ("import-feed", on_devpi.simple_url, "-f", "acme/team", "--json")
    peaks = []
    command = feedgate.start(*words)
    for least in (FILES // 4, FILES // 2):
        wait_for_files(feedgate.data / "records.sqlite", least)
        killed = server_of(feedgate)
        peaks.append(peak_memory_bytes(children(killed)["worker"]))
        if least > FILES // 4:
            command.kill()
            command.communicate(timeout=30)
        os.kill(killed, signal.SIGKILL)

    again = feedgate(*words)

    assert again.status == 1, again
    run, *found = again.json_lines
    check([ImportedFileBody.model_validate(line) for line in found], stock)
    assert [one["run"] for one in feedgate.done("run", "list", "--json").json_lines] == [run["run"]]
    assert (run["imported"]["taken"], run["imported"]["refused"]) == (len(stock.good), len(stock.bad))
    shown = feedgate.json("feed", "show", "acme/team")
    assert (shown["distributions"], shown["projects"]) == (len(stock.good), len(stock.projects))
    assert max(peaks) < MOST_BYTES, peaks


def server_of(feedgate: CommandLine) -> int:
    """Return the process that serves the directory now, once it has a worker."""

    def pid() -> int | None:
        address = read_address(feedgate.data / "server.json")
        return address.pid if address is not None and "worker" in children(address.pid) else None

    wait_until(lambda: pid() is not None)
    found = pid()
    assert found is not None
    return found

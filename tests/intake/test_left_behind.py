"""What runs make for themselves alone is gone when they are, and what a killed server left at the next start."""

from pathlib import Path

from feedgate.model.run import RunState
from tests.builders.working_server import WorkingServer, wait_until
from tests.doubles.upstream import Upstream
from tests.intake.conftest import make_feed


def test_a_run_leaves_nothing_of_the_resolvers_work_however_it_ends(
    own_server: WorkingServer, upstream: Upstream, tmp_path: Path
) -> None:
    feed = make_feed(own_server, upstream, tmp_path)
    feed.offer("app", "1.0")

    ended = [feed.plan("app"), feed.add("app"), feed.add("absent")]

    assert [run.state for run in ended] == [RunState.PLANNED, RunState.PUBLISHED, RunState.FAILED]
    scratch = own_server.directory.scratch
    wait_until(lambda: not list(scratch.iterdir()))


def test_the_next_start_removes_what_a_killed_server_left(
    own_server: WorkingServer, upstream: Upstream, tmp_path: Path
) -> None:
    directory = own_server.directory
    own_server.stop()
    part = directory.blobs / "incoming" / "a-part"
    work = directory.scratch / "a-run" / "pylock.toml"
    for path in (part, work):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left behind")

    own_server.start()
    feed = make_feed(own_server, upstream, tmp_path)
    feed.offer("app", "1.0")
    feed.added("app")

    assert not part.exists()
    assert not work.exists()

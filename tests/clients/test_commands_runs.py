"""add, plan and run from the command line: what they print, how they end, and what --json promises."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from feedgate.cli import units
from feedgate.model.access import Role
from tests.builders.command_line import CommandLine, Server, command_line, wait_until
from tests.doubles.upstream import Answer, Pause, Upstream

MakeArchive = Callable[..., Path]
TARGET = "3.11@x86_64-manylinux_2_28"
OTHER = "3.12@x86_64-manylinux_2_28"

_numbers = itertools.count(1)

RUN_MEMBERS = {
    "run",
    "state",
    "feed",
    "serial",
    "closure",
    "published",
    "already_present",
    "fetched",
    "built",
    "held",
    "refused",
    "targets",
    "files",
    "passed_over",
    "escapes",
    "steps",
    "seconds",
}


@pytest.fixture(autouse=True)
def stocked(upstream: Upstream, make_wheel: MakeArchive, make_sdist: MakeArchive) -> Upstream:
    """An upstream that behaves, with demo 1.0 and 2.0 that need demo-part, and some that are not to be had.

    The bytes are new for each test, so that each has them to fetch.
    """
    upstream.behave()
    upstream.log.clear()
    new = {"note.txt": str(next(_numbers))}
    for file in (
        make_wheel("demo", "1.0", requires=["demo-part"], files=new),
        make_wheel("demo", "2.0", requires=["demo-part>=1"], files=new),
        make_wheel("demo-part", "1.5", files=new),
        make_wheel("unsound", "1.0", broken="duplicate-member"),
        make_wheel("poor", "1.0", record="wrong"),
        make_sdist("only-source", "1.0"),
    ):
        upstream.add(file.name, file.read_bytes())
    return upstream


def test_add_says_what_it_did_and_again_that_there_was_nothing_to_do(
    feedgate: CommandLine, feed: str
) -> None:
    first = feedgate.json("add", "demo", "-f", feed, "--reason", "asked for by ada")

    assert first.keys() >= RUN_MEMBERS
    assert (first["state"], first["feed"], first["serial"]) == ("published", feed, 2)
    assert (first["closure"]["projects"], first["closure"]["distributions"]) == (2, 2)
    assert (first["published"], first["already_present"], first["fetched"], first["built"]) == (2, 0, 2, 0)
    assert first["targets"] == [{"target": TARGET, "proved": True, "reason": None}]
    assert {(file["filename"], file["state"]) for file in first["files"]} == {
        ("demo-2.0-py3-none-any.whl", "published"),
        ("demo_part-1.5-py3-none-any.whl", "published"),
    }
    assert all(len(file["sha256"]) == 64 for file in first["files"])
    assert first["escapes"] == []
    assert [step["name"] for step in first["steps"]] == [
        "resolve",
        "fetch",
        "build",
        "inspect",
        "decide",
        "prove",
        "publish",
    ]

    again = feedgate.json("add", "demo", "-f", feed)

    assert (again["state"], again["serial"]) == ("published", 2)
    assert (again["published"], again["already_present"], again["fetched"]) == (0, 2, 0)
    [entry] = feedgate.done("ledger", "show", "-f", feed, "--after", "1", "--json").json_lines
    assert (entry["act"], entry["facts"]["reason"]) == ("published", "asked for by ada")


def test_progress_goes_to_standard_error_and_the_result_to_standard_output(
    feedgate: CommandLine, feed: str
) -> None:
    said = feedgate.done("add", "demo==1.0", "-f", feed)

    assert [line.split()[0] for line in said.err.splitlines()] == [
        "resolve",
        "fetch",
        "build",
        "inspect",
        "decide",
        "prove",
        "publish",
    ]
    assert ": published in " in said.out
    assert "2 published, 0 already present, 2 fetched" in said.out
    assert f"{TARGET}\tproved\t" in said.out
    assert "\x1b" not in said.out + said.err


def test_plan_says_what_would_come_and_changes_nothing(feedgate: CommandLine, feed: str) -> None:
    feedgate.done("add", "demo==1.0", "-f", feed)
    before = feedgate.json("feed", "show", feed)

    plan = feedgate.json("plan", "demo", "-f", feed)
    last = feedgate.done("plan", "demo", "-f", feed).out.splitlines()[-1]
    size_bytes = next(file["size_bytes"] for file in plan["files"] if file["state"] == "new")
    assert last.startswith("2 files, ")
    assert last.endswith(f": 1 new ({units.size(size_bytes)})")

    assert (plan["kind"], plan["state"]) == ("plan", "planned")
    assert {(file["filename"], file["state"]) for file in plan["files"]} == {
        ("demo-2.0-py3-none-any.whl", "new"),
        ("demo_part-1.5-py3-none-any.whl", "present"),
    }
    assert [(kept["name"], kept["version"]) for kept in plan["kept"]] == [("demo-part", "1.5")]
    assert feedgate.json("feed", "show", feed) == before
    assert plan["run"] in feedgate.done("run", "list", "-f", feed).out
    in_words = feedgate.done("plan", "demo", "-f", feed).out
    assert "1 new (" in in_words
    assert "demo-2.0-py3-none-any.whl\tnew\t" in in_words


def test_a_request_names_targets_of_its_own(feedgate: CommandLine, feed: str) -> None:
    done = feedgate.json("add", "demo", "-f", feed, "--target", OTHER)

    assert [target["target"] for target in done["targets"]] == [OTHER]
    assert feedgate.json("feed", "show", feed)["targets"] == [TARGET]


def test_files_are_read_with_what_they_include_relative_to_themselves(
    feedgate: CommandLine, feed: str, tmp_path: Path
) -> None:
    folder = tmp_path / "request" / "inner"
    folder.mkdir(parents=True)
    (folder.parent / "requirements.txt").write_text("# ours\n-r inner/more.txt\n-c inner/limits.txt\n")
    (folder / "more.txt").write_text("demo ; python_version > '3'\n")
    (folder / "limits.txt").write_text("demo<2\n")

    done = feedgate.json("add", "-r", "request/requirements.txt", "-f", feed, folder=tmp_path)

    assert {file["filename"] for file in done["files"]} == {
        "demo-1.0-py3-none-any.whl",
        "demo_part-1.5-py3-none-any.whl",
    }


def test_a_lock_is_a_request_too(feedgate: CommandLine, feed: str, stocked: Upstream, tmp_path: Path) -> None:
    seen = feedgate.json("plan", "demo-part", "-f", feed)["files"][0]
    lock = (
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "demo-part"\nversion = "1.5"\n'
        f'[[packages.wheels]]\nname = "{seen["filename"]}"\nurl = "https://files.example/{seen["filename"]}"\n'
        f'[packages.wheels.hashes]\nsha256 = "{seen["sha256"]}"\n'
    )
    (tmp_path / "pylock.toml").write_text(lock)
    (tmp_path / "pylock.wrong.toml").write_text(lock.replace(seen["sha256"], "0" * 64))

    assert feedgate.json("add", "-r", tmp_path / "pylock.toml", "-f", feed)["state"] == "published"
    wrong = feedgate("plan", "-r", tmp_path / "pylock.wrong.toml", "-f", feed, "--json")

    assert wrong.status == 1
    assert wrong.json["state"] == "failed"


@pytest.mark.parametrize(
    ("name", "status", "state", "said"),
    [
        ("no-such-package", 1, "failed", "no-such-package"),
        ("demo>=3", 1, "failed", "demo"),
        ("demo==1.0,==2.0", 1, "failed", "demo"),
        ("only-source", 1, "failed", "has only source"),
        ("unsound", 4, "refused", "is there twice"),
        ("poor", 3, "held", "another hash"),
    ],
)
def test_each_way_to_end_has_its_state_its_exit_status_and_its_reason(
    feedgate: CommandLine, feed: str, name: str, status: int, state: str, said: str
) -> None:
    done = feedgate("add", name, "-f", feed, "--json")

    assert done.status == status, done
    body = done.json
    assert (body["state"], body["feed"], body["serial"], body["published"]) == (state, feed, None, 0)
    assert said in body["reason"]
    if state == "failed":
        assert body["error"]["code"]
        assert said in body["error"]["message"]
    shown = feedgate("run", "show", body["run"])
    assert (shown.status, said in " ".join(shown.out.split())) == (0, True), shown
    assert feedgate.json("feed", "show", feed)["distributions"] == 0
    followed = feedgate("run", "follow", body["run"], "--json")
    assert (followed.status, followed.json) == (status, body)


def test_a_run_that_is_held_can_be_cancelled(feedgate: CommandLine, feed: str) -> None:
    held = feedgate("add", "poor", "-f", feed, "--json").json["run"]

    cancelled = feedgate.json("run", "cancel", held)

    assert cancelled["state"] == "cancelled"
    assert feedgate("run", "follow", held).status == 130


def test_without_waiting_a_run_is_accepted_and_goes_on(
    feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    accepted = feedgate.json("add", "demo", "-f", feed, "--no-wait")
    assert accepted["state"] in {"queued", "running"}

    followed = feedgate("run", "follow", accepted["run"], "--json")

    assert followed.status == 0
    assert followed.json["state"] == "published"
    in_words = feedgate.done("add", "demo", "-f", feed, "--no-wait").out
    assert "accepted. Follow it with: feedgate run follow run_" in in_words


def test_a_run_is_cancelled_and_given_again(feedgate: CommandLine, feed: str, stocked: Upstream) -> None:
    stocked.fault("demo-2.0-py3-none-any.whl", Pause(600))
    run = feedgate.json("add", "demo", "-f", feed, "--no-wait")["run"]
    wait_until(lambda: bool(stocked.asked("demo-2.0-py3-none-any.whl")))
    assert feedgate("run", "retry", run, "--json").problem["code"] == "run-goes-on"

    cancelled = feedgate.json("run", "cancel", run)

    assert cancelled["state"] == "cancelled"
    assert feedgate("run", "follow", run, "--json").status == 130
    stocked.behave()
    again = feedgate.json("run", "retry", run)
    assert (again["state"], again["retry_of"], again["published"]) == ("published", run, 2)
    over = feedgate("run", "cancel", again["run"], "--json")
    assert (over.status, over.problem["code"]) == (1, "run-is-over")


def test_a_retry_of_what_failed_asks_for_the_same_again(
    feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    stocked.fault("demo-part", Answer(503))
    failed = feedgate("add", "demo", "-f", feed, "--json")
    assert (failed.status, failed.json["state"]) == (1, "failed")
    assert "503" in failed.json["reason"]
    stocked.behave()

    accepted = feedgate.json("run", "retry", failed.json["run"], "--no-wait")

    assert feedgate("run", "follow", accepted["run"]).status == 0


def test_runs_are_listed_newest_first_and_of_one_feed(
    feedgate: CommandLine, server: Server, feed: str
) -> None:
    runs = [feedgate.json("plan", "demo", "-f", feed)["run"] for _ in range(2)]

    listed = feedgate.done("run", "list", "-f", feed, "--json").json_lines
    assert [line["run"] for line in listed] == runs[::-1]
    newest = feedgate.done("run", "list", "--limit", "1").out
    assert newest.startswith(f"{runs[1]}\tplan\tplanned\t{feed}\tlocal\t")


def test_a_run_of_a_feed_that_one_may_not_know_of_does_not_exist(
    server: Server, feedgate: CommandLine, feed: str
) -> None:
    run = feedgate.json("plan", "demo", "-f", feed)["run"]
    elsewhere = server.make_feed(f"{feed}-elsewhere")
    stranger = feedgate.elsewhere(server.origin, server.token("eve", Role.OWNER, elsewhere))

    asked = [(act, run) for act in ("show", "follow", "cancel", "retry")]
    for act, one in (*asked, ("show", "run_00000000000000000000")):
        said = stranger("run", act, one, "--json")
        assert (said.status, said.problem["code"]) == (1, "no-such-run"), said
    assert stranger.done("run", "list").out == ""


def test_a_collaborator_asks_from_another_machine_and_follows(
    server: Server, feed: str, stocked: Upstream
) -> None:
    ada = server.feedgate.elsewhere(server.origin, server.token("ada", Role.COLLABORATOR, feed))

    done = ada.json("add", "demo", "-f", feed)

    assert (done["state"], done["requester"]) == ("published", "ada")


def test_where_no_server_stays_waiting_can_not_be_left_out(tmp_path: Path, stocked: Upstream) -> None:
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=stocked.url)

    for words in (("add", "demo", "-f", "acme/team"), ("run", "retry", "run_0")):
        said = feedgate(*words, "--no-wait", "--json")
        assert (said.status, said.problem["code"]) == (2, "no-server-stays")
        assert "feedgate serve" in said.problem["next"]


def test_every_answer_of_json_is_the_apis_own_text(feedgate: CommandLine, server: Server, feed: str) -> None:
    run = feedgate.json("add", "demo", "-f", feed)["run"]

    shown = feedgate.done("run", "show", run, "--json").out

    assert shown.rstrip("\n") == server.api.show_run(run).text.rstrip("\n")
    assert json.loads(shown)["run"] == run

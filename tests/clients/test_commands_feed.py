"""Feeds, roles, tokens, names, yanks and ledgers from the command line, as their user types them."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from feedgate.model.access import Role, Scope
from feedgate.model.names import parse_feed_path
from tests.builders.command_line import CommandLine, Server, command_line
from tests.doubles.upstream import Answer, Upstream

TARGET = "3.11@x86_64-manylinux_2_28"
OTHER = "3.12@aarch64-manylinux_2_28"


def status(server: Server, feed: str, token: str | None) -> int:
    """Return how the feed's list of projects is answered."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.get(server.simple(feed), headers=headers).status_code


def test_a_feed_is_made_shown_listed_and_set(feedgate: CommandLine) -> None:
    made = feedgate.json("feed", "create", "Team-A/Wheels", "--target", TARGET, "--uploads", "look-up")
    assert (made["feed"], made["targets"], made["policy"], made["uploads"], made["public"]) == (
        "Team-A/Wheels",
        [TARGET],
        "open",
        "look-up",
        False,
    )
    changed = feedgate.json("feed", "set", "team-a/WHEELS", "--public")
    assert (changed["feed"], changed["public"], changed["uploads"]) == ("Team-A/Wheels", True, "look-up")
    assert feedgate.json("feed", "show", "team-a/wheels") == {**changed, "grants": {}}

    listed = feedgate.done("feed", "list", "--json").json_lines
    assert "Team-A/Wheels" in [feed["feed"] for feed in listed]
    in_words = feedgate.done("feed", "show", "team-a/wheels").out
    assert "Team-A/Wheels (public, policy open, uploads look-up)" in in_words
    assert "/Team-A/_packaging/Wheels/pypi/simple/" in in_words


def test_without_a_target_a_feed_is_for_this_machine(feedgate: CommandLine) -> None:
    [target] = feedgate.json("feed", "create", "team-b/here")["targets"]

    assert target.startswith("3.")
    assert "@" in target


def test_targets_come_and_go_and_the_last_one_stays(feedgate: CommandLine, feed: str) -> None:
    assert feedgate.json("feed", "target", "add", feed, OTHER)["targets"] == [TARGET, OTHER]
    again = feedgate.json("feed", "target", "add", feed, OTHER)
    assert feedgate.json("feed", "target", "remove", feed, TARGET)["targets"] == [OTHER]

    last = feedgate("feed", "target", "remove", feed, OTHER, "--json")

    assert (last.status, last.problem["code"]) == (1, "last-target")
    gone = feedgate("feed", "target", "remove", feed, TARGET, "--json")
    assert (gone.status, gone.problem["code"]) == (1, "no-such-target")
    assert feedgate.json("feed", "show", feed)["serial"] == again["serial"] + 1


def test_a_role_opens_a_feed_and_its_end_closes_it(server: Server, feedgate: CommandLine, feed: str) -> None:
    assert feedgate.json("grant", feed, "ada", "reader")["role"] == "reader"
    token = feedgate.json("token", "create", "--actor", "ada")["token"]
    assert status(server, feed, token) == 200

    assert "ada on " in feedgate.done("grant", feed, "ada", "owner").out
    assert feedgate.json("feed", "show", feed)["grants"] == {"ada": "owner"}
    assert feedgate.json("grant", feed, "ada", "--remove")["role"] is None

    assert status(server, feed, token) == 404
    again = feedgate("grant", feed, "ada", "--remove", "--json")
    assert (again.status, again.problem["code"]) == (1, "no-such-grant")


def test_a_token_is_shown_once_and_its_secret_alone_goes_to_standard_output(
    server: Server, feedgate: CommandLine, feed: str
) -> None:
    feedgate.done("grant", feed, "vm-7", "reader")

    made = feedgate.done("token", "create", "--actor", "vm-7", "--feed", feed)

    secret = made.out.strip()
    assert secret.startswith("fgt_")
    assert secret not in made.err
    assert f"read for vm-7 on {feed}; expires" in made.err
    assert status(server, feed, secret) == 200
    listed = feedgate.done("token", "list").out
    assert secret not in listed
    assert made.err.split(":")[0] in listed


def test_a_token_that_opens_nothing_yet_says_so_with_the_command_that_grants(
    feedgate: CommandLine, feed: str
) -> None:
    words = ("token", "create", "--actor", "vm-8", "--feed", feed)

    before = feedgate.done(*words)
    feedgate.done("grant", feed, "vm-8", "reader")
    after = feedgate.done(*words)

    assert f"opens nothing there yet. Next: feedgate grant {feed} vm-8 reader\n" in before.err
    assert len(before.out.splitlines()) == 1
    assert "opens nothing" not in after.err


def test_a_revoked_token_is_refused_with_the_next_request(
    server: Server, feedgate: CommandLine, feed: str
) -> None:
    feedgate.done("grant", feed, "ci", "reader")
    made = feedgate.json("token", "create", "--actor", "ci", "--expires", "12h")
    assert status(server, feed, made["token"]) == 200

    revoked = feedgate.json("token", "revoke", made["id"])

    assert status(server, feed, made["token"]) == 401
    assert revoked["revoked_at"] is not None
    assert "token" not in revoked
    unknown = feedgate("token", "revoke", "tok_unknown", "--json")
    assert (unknown.status, unknown.problem["code"]) == (1, "no-such-token")


@pytest.mark.parametrize(("life", "days"), [("12h", 0.5), ("4w", 28), ("1y", 365), ("never", None)])
def test_a_token_lives_as_long_as_it_is_told(feedgate: CommandLine, life: str, days: float | None) -> None:
    made = feedgate.json("token", "create", "--expires", life)

    if days is None:
        assert made["expires_at"] is None
    else:
        lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
        assert lives.total_seconds() == pytest.approx(days * 86400, abs=1)


def test_a_token_makes_none_that_is_wider_than_itself(server: Server, feed: str) -> None:
    token = server.token("ada", Role.OWNER, feed, Scope.READ)
    ada = server.feedgate.elsewhere(server.origin, token)

    assert ada.json("token", "create", "--expires", "1h")["feeds"] == [feed]
    for wider in (["--scope", "write"], ["--expires", "never"], ["--actor", "somebody-else"]):
        said = ada("token", "create", "--json", *wider)
        assert said.status == 1, said
        assert said.problem["code"] in {"token-wider-than-asking", "not-administrator"}


def test_a_command_elsewhere_may_what_its_token_may(server: Server, feed: str) -> None:
    reader = server.feedgate.elsewhere(server.origin, server.token("vm", Role.READER, feed, Scope.READ))

    listed = reader.done("feed", "list", "--json").json_lines
    assert [line["feed"] for line in listed if not line["public"]] == [feed]
    for words, code in (
        (("grant", feed, "eve", "owner"), "role-too-small"),
        (("feed", "set", feed, "--public"), "role-too-small"),
        (("add", "demo", "-f", feed), "role-too-small"),
        (("feed", "create", "new/feed"), "not-administrator"),
        (("feed", "show", "no/such"), "no-such-feed"),
        (("ledger", "show"), "not-administrator"),
    ):
        said = reader(*words, "--json")
        assert (said.status, said.problem["code"]) == (1, code), said


@pytest.mark.parametrize("token", [None, "fgt_" + "x" * 43])
def test_a_command_elsewhere_without_a_valid_token_is_told_so(
    server: Server, feed: str, token: str | None
) -> None:
    said = server.feedgate.elsewhere(server.origin, token)("feed", "show", feed, "--json")

    assert (said.status, said.problem["code"]) == (1, "credentials-required")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    away = command_line(tmp_path / "home", tmp_path / "data").elsewhere("http://127.0.0.1:9", "fgt_secret")

    said = away("feed", "list")

    assert said.status == 1
    assert "http://127.0.0.1:9" in said.err
    assert "fgt_secret" not in said.err + said.out
    assert not (tmp_path / "data").exists()


def test_a_names_upstream_is_set_before_anything_of_it_comes(feedgate: CommandLine, feed: str) -> None:
    denied = feedgate.json("project", "set", "Acme.Core", "-f", feed, "--upstream", "deny")
    assert (denied["project"], denied["internal"]) == ("acme-core", True)
    assert (
        feedgate.json("project", "set", "acme-core", "-f", feed, "--upstream", "allow")["internal"] is False
    )

    said = feedgate.done("project", "set", "acme-core", "-f", feed, "--upstream", "by-origin").out

    assert said.strip() == f"acme-core in {feed}: answered by the feed and the upstream"


def test_files_of_ones_own_are_uploaded_and_yanked(
    feedgate: CommandLine, feed: str, make_wheel: Callable[..., Path], make_sdist: Callable[..., Path]
) -> None:
    wheel, sdist = make_wheel("demo", "1.0"), make_sdist("demo", "1.0")

    uploaded = feedgate.done("upload", wheel, sdist, "-f", feed, "--json").json_lines
    assert [(one["filename"], one["state"]) for one in uploaded] == [
        (wheel.name, "published"),
        (sdist.name, "published"),
    ]
    assert "feedgate project set demo" in uploaded[0]["note"]
    assert f"{wheel.name}: already-present (internal)" in feedgate.done("upload", wheel, "-f", feed).out

    assert feedgate.done("project", "list", "-f", feed).out == "demo\t1.0\t1\t2\tinternal\n"

    yanked = feedgate.json("yank", "Demo", "1.0.0", "-f", feed, "--reason", "eats data")
    assert feedgate.done("project", "list", "-f", feed, "Demo").out == "1.0\t2\tyanked\n"
    assert (yanked["project"], yanked["version"], yanked["reason"], yanked["changed"]) == (
        "demo",
        "1.0.0",
        "eats data",
        2,
    )
    assert (
        "demo 1.0 is not yanked (2 files changed)" in feedgate.done("unyank", "demo", "1.0", "-f", feed).out
    )
    assert "demo 1.0 is yanked (2 files changed)" in feedgate.done("yank", "demo==1.0", "-f", feed).out
    assert "demo 1.0 is not yanked" in feedgate.done("unyank", "demo==1.0", "-f", feed).out
    missing = feedgate("yank", "demo", "9", "-f", feed, "--json")
    assert (missing.status, missing.problem["code"]) == (1, "no-such-release")
    odd = feedgate("yank", "demo", "one", "-f", feed, "--json")
    assert (odd.status, odd.problem["code"]) == (2, "invalid-version")


def test_with_imported_the_upstream_says_whose_a_file_is_and_while_it_is_away_nothing_is_taken(
    feedgate: CommandLine, feed: str, upstream: Upstream, make_wheel: Callable[..., Path]
) -> None:
    listed, own = make_wheel("listed", "1.0"), make_wheel("own", "1.0")
    upstream.add(listed.name, listed.read_bytes(), upload_time="2021-05-06T07:08:09.000000Z")

    assert feedgate.json("upload", listed, "-f", feed, "--imported")["origin"] == "imported"
    upstream.fault("own", Answer(503), times=1)
    away = feedgate("upload", own, "-f", feed, "--imported", "--json")

    assert (away.status, away.problem["code"]) == (1, "upstream-unavailable")
    later = feedgate.json("upload", own, "-f", feed, "--imported")
    assert (later["origin"], later["state"]) == ("internal", "published")
    acts = [entry["act"] for entry in feedgate.done("ledger", "show", "-f", feed, "--json").json_lines]
    assert acts == ["feed-created", "uploaded", "uploaded"]


def test_of_several_files_the_broken_one_is_refused_and_the_ones_before_it_are_in(
    feedgate: CommandLine, feed: str, tmp_path: Path, make_wheel: Callable[..., Path]
) -> None:
    good = make_wheel("demo", "1.0")
    broken = make_wheel("demo", "2.0", record="missing")
    never = make_wheel("demo", "3.0")

    said = feedgate("upload", good, broken, never, "-f", feed, "--json")

    assert said.status == 4, said
    uploaded, refused = said.json_lines
    assert (uploaded["state"], refused["error"]["code"]) == ("published", "upload-refused")
    assert feedgate.json("feed", "show", feed)["distributions"] == 1


def test_a_ledger_says_who_did_what_and_holds(feedgate: CommandLine, feed: str) -> None:
    feedgate.done("grant", feed, "ada", "owner")
    feedgate.done("feed", "set", feed, "--public")

    entries = feedgate.done("ledger", "show", "-f", feed, "--json").json_lines
    assert [(entry["serial"], entry["act"]) for entry in entries] == [
        (1, "feed-created"),
        (2, "granted"),
        (3, "feed-changed"),
    ]
    later = feedgate.done("ledger", "show", "-f", feed, "--after", "1", "--limit", "1").out
    assert later.startswith("2\t")
    assert later.count("\n") == 1

    seen = feedgate.json("ledger", "verify", "-f", feed)
    assert (seen["holds"], seen["entries"], seen["hash"]) == (True, 3, entries[-1]["hash"])
    known = f"2:{entries[1]['hash']}"
    assert feedgate.json("ledger", "verify", "-f", feed, "--expect", known)["holds"] is True
    assert "installation: holds" in feedgate.done("ledger", "verify").out


@pytest.mark.parametrize(
    ("expect", "status", "code"),
    [
        ("2:" + "0" * 64, 1, "ledger-head-unexpected"),
        ("99:" + "0" * 64, 1, "ledger-head-unexpected"),
        ("0:" + "0" * 64, 2, None),
        ("two", 2, None),
        ("2:short", 2, None),
    ],
)
def test_a_ledger_that_has_not_what_was_noted_does_not_pass(
    feedgate: CommandLine, feed: str, expect: str, status: int, code: str | None
) -> None:
    feedgate.done("grant", feed, "ada", "owner")

    said = feedgate("ledger", "verify", "-f", feed, "--expect", expect, "--json")

    assert said.status == status, said
    assert code is None or said.problem["code"] == code


def test_one_changed_byte_is_found_and_its_serial_named(
    server: Server, feedgate: CommandLine, feed: str
) -> None:
    for role in (Role.READER, Role.CONTRIBUTOR, Role.OWNER):
        server.api.grant(parse_feed_path(feed), "ada", role)
    raw = sqlite3.connect(feedgate.data / "records.sqlite")
    raw.execute(
        "UPDATE entry SET facts = replace(facts, 'contributor', 'contributoR') "
        "WHERE act = 'granted' AND serial = 3 AND feed_id = (SELECT max(id) FROM feed)"
    )
    assert raw.total_changes == 1
    raw.commit()
    raw.close()

    in_words = feedgate("ledger", "verify", "-f", feed)
    in_json = feedgate("ledger", "verify", "-f", feed, "--json")

    assert in_words.status == 1
    assert in_words.out.startswith(f"{feed.casefold()}: does not hold at serial 3: ")
    assert in_json.status == 1
    assert (in_json.json["holds"], in_json.json["fault_serial"]) == (False, 3)
    assert feedgate.json("ledger", "verify")["holds"] is True

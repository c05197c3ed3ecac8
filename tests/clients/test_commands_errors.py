"""What is wrong with a command is said in a sentence of its own, with its exit status, and changes nothing."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.command_line import CommandLine, Server, command_line
from tests.doubles.upstream import Upstream

HASH = "--hash=sha256:" + "0" * 64


def test_no_command_at_all_is_the_help(feedgate: CommandLine) -> None:
    said = feedgate()

    assert said.status == 0
    assert said.out.startswith("Usage: feedgate")


def test_wrong_usage_is_told_in_words(feedgate: CommandLine) -> None:
    said = feedgate("yank", "demo", "1.0")

    assert (said.status, said.out) == (2, "")
    assert said.err == "feedgate: Missing option '--feed' / '-f'.\n  next: See: feedgate yank --help\n"


def test_a_request_names_a_feed_or_a_destination(feedgate: CommandLine) -> None:
    for words in (("add", "demo"), ("add", "demo", "-f", "a/b", "--to", "http://127.0.0.1:9/simple/")):
        said = feedgate(*words, "--json")

        assert said.status == 2
        assert said.problem["code"] == "feed-or-destination"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("feed", "nonsense"), "No such command 'nonsense'"),
        (("yank", "demo", "1.0"), "Missing option '--feed'"),
        (("add", "demo", "-f", "a/b", "--nonsense"), "--nonsense"),
        (("feed", "create"), "Missing argument 'ORG/FEED'"),
        (("grant", "a/b", "ada", "king"), "'king'"),
        (("token", "create", "--scope", "all"), "'all'"),
        (("run", "list", "--limit", "0"), "--limit"),
        (("upload", "no-such-file.whl", "-f", "a/b"), "no-such-file.whl"),
    ],
)
def test_wrong_usage_is_a_problem_document_too(
    feedgate: CommandLine, words: tuple[str, ...], said: str
) -> None:
    in_json = feedgate(*words, "--json")

    assert in_json.status == 2
    assert (in_json.problem["code"], said in in_json.problem["message"]) == ("usage", True)
    assert in_json.err == ""


@pytest.mark.parametrize(
    ("words", "status", "code", "said"),
    [
        (("feed", "create", "no-slash"), 2, "invalid-feed-name", "slash"),
        (("feed", "create", "a/b*c"), 2, "invalid-feed-name", "'*'"),
        (("feed", "create", "a/_b"), 2, "invalid-feed-name", "begins with"),
        (("feed", "create", "a/b", "--target", "3.11"), 2, "invalid-target", "3.11"),
        (("feed", "create", "a/b", "--target", "3.11@plan9"), 2, "invalid-target", "plan9"),
        (("feed", "create", "a/b", "--policy", "strict"), 2, "unknown-policy", "strict"),
        (("feed", "create", "FEED"), 1, "feed-exists", "exists already"),
        (("feed", "show", "no/such"), 1, "no-such-feed", "no/such"),
        (("grant", "FEED", "ada"), 2, "role-missing", "needs a role"),
        (("grant", "FEED", "ada", "reader", "--remove"), 2, "role-missing", "needs a role"),
        (("grant", "FEED", "a b", "reader"), 2, "invalid-actor", "a b"),
        (("token", "create", "--expires", "soon"), 2, "invalid-span", "soon"),
        (("token", "create", "--expires", "0d"), 2, "invalid-span", "0d"),
        (("token", "create", "--feed", "no/such"), 1, "no-such-feed", "no/such"),
        (("add", "-f", "FEED"), 2, "nothing-asked", "names no package"),
        (("add", "demo", "-f", "no/such"), 1, "no-such-feed", "no/such"),
        (("add", "demo>>1", "-f", "FEED"), 2, "invalid-requirement", "demo>>1"),
        (("add", "demo @ http://127.0.0.1/d.whl", "-f", "FEED"), 2, "direct-url-not-allowed", "http://"),
        (("add", "./demo.whl", "-f", "FEED"), 2, "direct-url-not-allowed", "./demo.whl"),
        (("add", "demo", "-f", "FEED", "--target", "2.7@x"), 2, "invalid-target", "2.7@x"),
        (("add", "demo", "-f", "FEED", "--exclude-newer", "soon"), 2, "invalid-moment", "soon"),
        (("add", "demo", "-f", "FEED", "--upgrade-package", "a b"), 2, "invalid-name", "a b"),
        (("add", "-r", "absent.txt", "-f", "FEED"), 2, "request-file-unreadable", "absent.txt"),
        (("add", "demo", "-c", "absent.txt", "-f", "FEED"), 2, "request-file-unreadable", "absent.txt"),
        (("run", "show", "run_x"), 1, "no-such-run", "run_x"),
        (("yank", "a b", "1", "-f", "FEED"), 2, "invalid-name", "a b"),
        (("yank", "absent", "1", "-f", "FEED"), 1, "no-such-release", "absent"),
        (("--url", "http://127.0.0.1:1", "feed", "list"), 2, "usage", "--url"),
        (("feed", "list", "--url", "http://127.0.0.1:1"), 2, "two-places", "--data"),
        (("connect", "no/such"), 1, "no-such-feed", "no/such"),
    ],
)
def test_each_wrong_input_has_an_error_of_its_own(
    server: Server, feed: str, words: tuple[str, ...], status: int, code: str, said: str
) -> None:
    before = server.api.list_feeds().text

    done = server.feedgate(*(feed if word == "FEED" else word for word in words), "--json")

    assert done.status == status, done
    assert done.problem["code"] == code, done
    assert said in done.problem["message"]
    assert server.api.list_feeds().text == before


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("demo\n--extra-index-url http://127.0.0.1/simple/\n", "option-not-allowed", "--extra-index-url"),
        ("--index-url=http://127.0.0.1/simple/\n", "option-not-allowed", "--index-url"),
        ("\n\n--no-binary :all:\n", "option-not-allowed", "--no-binary"),
        ("--find-links /etc\n", "option-not-allowed", "--find-links"),
        ("-e .\n", "option-not-allowed", "-e"),
        ("-r https://files.example/more.txt\n", "address-not-allowed", "https://files.example/more.txt"),
        ("-c http://user:secret@files.example/c.txt\n", "address-not-allowed", "files.example/c.txt"),
        ("-r more/absent.txt\n", "request-file-unreadable", "more/absent.txt (included by request.txt:1)"),
        (
            "demo @ https://files.example/demo.whl\n",
            "direct-url-not-allowed",
            "https://files.example/demo.whl",
        ),
        ("git+https://files.example/demo.git\n", "direct-url-not-allowed", "files.example/demo.git"),
        ("../demo-1.0-py3-none-any.whl\n", "direct-url-not-allowed", "../demo-1.0-py3-none-any.whl"),
        ("demo --hash=md5:00\n", "hash-not-allowed", "md5"),
        ("demo==1.0 --hash=sha256:00\n", "hash-not-allowed", "sha256"),
        ("demo ${HOME}\n", "invalid-requirement", "HOME"),
        ("de mo\n", "invalid-requirement", "de mo"),
    ],
)
def test_a_requirements_file_that_asks_for_more_is_refused_by_file_and_line(
    feedgate: CommandLine, feed: str, tmp_path: Path, text: str, code: str, said: str
) -> None:
    (tmp_path / "request.txt").write_text(text)

    done = feedgate("add", "-r", "request.txt", "-f", feed, "--json", folder=tmp_path)

    assert done.status == 2, done
    assert done.problem["code"] == code, done
    line = 1 + len(text) - len(text.lstrip("\n")) + text.startswith("demo\n")
    assert f"request.txt:{line}" in done.problem["message"]
    assert said in done.problem["message"]
    assert "secret" not in done.out + done.err


def test_a_file_that_is_no_text_is_named(feedgate: CommandLine, feed: str, tmp_path: Path) -> None:
    (tmp_path / "request.txt").write_bytes(b"demo\xff\n")

    done = feedgate("add", "-r", "request.txt", "-f", feed, folder=tmp_path)

    assert done.status == 2
    assert "request.txt: can not be read: it is no UTF-8 text" in done.err


def test_a_wrong_hash_brings_nothing_and_says_which(
    feedgate: CommandLine,
    feed: str,
    upstream: Upstream,
    tmp_path: Path,
    make_wheel: Callable[..., Path],
) -> None:
    demo = make_wheel("demo", "1.0")
    upstream.add(demo.name, demo.read_bytes())
    (tmp_path / "request.txt").write_text(f"demo==1.0 {HASH}\n")

    done = feedgate("add", "-r", "request.txt", "-f", feed, "--json", folder=tmp_path)

    assert done.status == 1
    assert done.json["state"] == "failed"
    assert "demo" in done.json["reason"]
    assert "hash" in done.json["reason"]
    assert feedgate.json("feed", "show", feed)["distributions"] == 0


def test_an_answer_that_nobody_reads_to_its_end_is_no_fault(feedgate: CommandLine, feed: str) -> None:
    with feedgate.start("feed", "list") as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        said = listing.stderr.read()

    assert (listing.returncode, said) == (141, "")


def test_a_second_server_names_the_first(server: Server) -> None:
    said = server.feedgate("serve", "--port", "0")

    assert said.status == 2
    assert server.origin in said.err
    assert f"process {server.process.pid}" in said.err
    in_json = server.feedgate("serve", "--port", "0", "--json")
    assert in_json.problem["code"] == "already-serving"
    assert server.feedgate.done("feed", "list").status == 0


def test_a_port_that_is_taken_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    feedgate = command_line(tmp_path / "home", tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = feedgate("serve", "--port", str(port))

    assert said.status == 2, said
    assert f"127.0.0.1:{port} is taken by another program" in said.err
    assert not (tmp_path / "data" / "server.json").exists()


@pytest.mark.parametrize(
    ("settings", "variables", "code", "said"),
    [
        ("[upstream]\nurrl = 'http://a.example/'\n", {}, "unknown-setting", "upstream.url"),
        ("[upstraem]\nurl = 'http://a.example/'\n", {}, "unknown-setting", "upstream.url"),
        ("", {"FEEDGATE_SERVER__PROT": "1"}, "unknown-setting", "FEEDGATE_SERVER__PORT"),
        ("[server]\nport = 'many'\n", {}, "wrong-setting", "server.port"),
        ("[upstream]\nurl = 'ftp://a.example/'\n", {}, "wrong-setting", "http://"),
        ("[upstream\n", {}, "settings-syntax", "feedgate.toml"),
    ],
)
def test_a_broken_setting_stops_server_and_command_and_the_right_one_is_named(
    tmp_path: Path, settings: str, variables: dict[str, str], code: str, said: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "feedgate.toml").write_text(settings)
    feedgate = command_line(tmp_path / "home", data)
    environment = {name: v for name, v in feedgate.environment.items() if name != "FEEDGATE_UPSTREAM__URL"}
    feedgate = CommandLine(data, environment | variables)

    for words in (("serve", "--port", "0"), ("feed", "list")):
        done = feedgate(*words, "--json")
        assert done.status == 2, done
        assert done.problem["code"] == code, done
        assert said in done.problem["message"] + done.problem["next"]


def test_a_data_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    for data in (tmp_path / "file", tmp_path / "file" / "data"):
        feedgate = command_line(tmp_path / "home", data)
        for words in (("feed", "list"), ("serve", "--port", "0")):
            said = feedgate(*words, "--json")
            assert (said.status, said.problem["code"]) == (2, "unusable-data-directory"), said
            assert str(data) in said.problem["message"]

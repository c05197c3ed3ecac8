"""``feedgate destination`` and ``feedgate send``: what a feed holds, sent by hand and with each publish."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.closures import TARGET
from tests.builders.command_line import CommandLine, serving
from tests.builders.destinations import FEED as SECTION
from tests.builders.destinations import TOKEN, Step, azure_there, step_of
from tests.builders.standing_feed import digests
from tests.doubles.azure import AzureArtifacts
from tests.doubles.upstream import Upstream

OURS = "acme/ours"


@pytest.fixture
def served() -> Iterator[tuple[Any, AzureArtifacts]]:
    with azure_there() as both:
        yield both


@pytest.fixture
def azure(served: tuple[Any, AzureArtifacts]) -> AzureArtifacts:
    return served[1]


@pytest.fixture
def step(served: tuple[Any, AzureArtifacts], upstream: Upstream, tmp_path: Path) -> Step:
    """A data directory with the feed OURS; a section of .pypirc means the stand-in, which is allowed as standing too."""
    hosts = f"{served[1].origin},{served[1].storage_origin}"
    made = step_of(
        tmp_path,
        served[0],
        upstream.url,
        FEEDGATE_DESTINATIONS__ALLOWED_HOSTS=hosts,
        AZURE_TOKEN=TOKEN,
    )
    made.feedgate.done("feed", "create", OURS, "--target", TARGET)
    return made


@pytest.fixture
def feedgate(step: Step) -> CommandLine:
    return step.feedgate


def add_standing(feedgate: CommandLine, azure: AzureArtifacts, name: str = "azure") -> Any:
    return feedgate.json(
        "destination", "add", name, "-f", OURS, "--to", azure.simple_url, "--secret", "env:AZURE_TOKEN"
    )


def upload(feedgate: CommandLine, *files: Path) -> None:
    feedgate.done("upload", *files, "-f", OURS)


# ------------------------------------------------------------------------- send


@pytest.mark.parametrize("by", ["section", "url"])
def test_a_feed_is_sent_with_the_callers_own_credentials(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path], by: str
) -> None:
    files = [make_wheel("demo", "1.0", requires=["part"]), make_wheel("part", "1.0")]
    upload(feedgate, *files)
    to = SECTION if by == "section" else azure.upload_url

    first = feedgate.done("send", OURS, "--to", to)
    again = feedgate.json("send", OURS, "--to", to)

    assert azure.files() == digests(*files)
    assert f"uploads      {azure.upload_url}" in first.err
    assert f"section '{SECTION}'" in first.err
    assert "files    2 sent, 0 already present" in first.out
    assert (again["kind"], again["published"], again["already_present"]) == ("send", 0, 2)
    assert TOKEN not in first.out + first.err


def test_a_feed_is_sent_as_it_was(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path]
) -> None:
    old, new = make_wheel("demo", "1.0"), make_wheel("demo", "2.0")
    upload(feedgate, old, new)

    sent = feedgate.json("send", f"{OURS}@serial:2", "--to", SECTION)

    assert sent["serial"] == 2
    assert azure.files() == digests(old)


def test_a_send_that_does_not_arrive_whole_ends_with_the_failed_status(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path]
) -> None:
    azure.store("demo-1.0-py3-none-any.whl", make_wheel("demo", "1.0", files={"a": "theirs"}).read_bytes())
    upload(feedgate, make_wheel("demo", "1.0"))

    said = feedgate("send", OURS, "--to", SECTION)

    assert said.status == 1
    assert "demo-1.0-py3-none-any.whl" in said.out
    assert "conflict" in said.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((OURS, "--to", "nowhere"), "unknown-destination"),
        ((f"{OURS}@serial:x", "--to", SECTION), "no-moment-of-a-feed"),
        ((f"{OURS}@Release", "--to", SECTION), "no-moment-of-a-feed"),
        ((f"{OURS}@serial:99", "--to", SECTION), "unknown-serial"),
        (("acme/other", "--to", SECTION), "no-such-feed"),
        ((OURS, "--to", f"https://me:{TOKEN}@packages.example/simple/"), "no-plain-address"),
    ],
)
def test_what_can_not_be_sent_is_said(feedgate: CommandLine, words: tuple[str, ...], code: str) -> None:
    said = feedgate("send", *words, "--json")

    assert said.status == (1 if code in {"unknown-serial", "no-such-feed"} else 2)
    assert said.problem["code"] == code
    assert TOKEN not in said.out + said.err


# ------------------------------------------------------------------------- destination


def test_a_destination_is_added_shown_listed_and_removed(
    feedgate: CommandLine, azure: AzureArtifacts
) -> None:
    added = add_standing(feedgate, azure)
    shown = feedgate.done("destination", "show", "azure", "-f", OURS)
    listed = feedgate.done("destination", "list", "-f", OURS)
    removed = feedgate.done("destination", "remove", "azure", "-f", OURS)

    assert (added["upload_url"], added["secret"]) == (azure.upload_url, "env:AZURE_TOKEN")
    assert f"azure, destination of {OURS}" in shown.out
    assert "secret   env:AZURE_TOKEN" in shown.out
    assert listed.out.splitlines() == [f"azure\t{azure.upload_url}\tenv:AZURE_TOKEN"]
    assert removed.out == f"azure: no destination of {OURS} any more\n"
    assert feedgate.done("destination", "list", "-f", OURS).out == ""
    assert azure.seen == [], "nothing is asked of it before something is sent"


def test_a_destination_that_is_changed_keeps_its_secret_until_it_is_told_to_have_none(
    feedgate: CommandLine, azure: AzureArtifacts
) -> None:
    add_standing(feedgate, azure)
    words = ("destination", "add", "azure", "-f", OURS, "--to", azure.simple_url)

    changed = feedgate.json(*words, "--internal", "acme-*")
    bare = feedgate.json(*words, "--secret", "none")

    assert (changed["secret"], changed["internal"]) == ("env:AZURE_TOKEN", ["acme-*"])
    assert (bare["secret"], bare["internal"]) == (None, [])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--to", "https://evil.example/upload/simple/"), "destination-not-allowed"),
        (("--to", "https://packages.example/", "--secret", TOKEN), "invalid-secret-source"),
        (("--to", f"https://me:{TOKEN}@packages.example/"), "no-plain-address"),
        (("--to", "ALLOWED", "--username", "me"), "destination-username-unusable"),
        (("--to", "https://packages.example/", "--limit", "speed=9"), "invalid-limit"),
    ],
)
def test_what_is_no_destination_is_said_without_the_secret(
    feedgate: CommandLine, azure: AzureArtifacts, words: tuple[str, ...], code: str
) -> None:
    named = [azure.simple_url if word == "ALLOWED" else word for word in words]

    said = feedgate("destination", "add", "azure", "-f", OURS, *named, "--json")

    assert said.status == (1 if code == "destination-not-allowed" else 2)
    assert said.problem["code"] == code
    assert TOKEN not in said.out + said.err


def test_a_publish_says_which_run_sends_it_on(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path]
) -> None:
    add_standing(feedgate, azure)
    file = make_wheel("demo", "1.0")

    said = feedgate.done("upload", file, "-f", OURS).out

    run = said.split("is sent on by ")[1].strip()
    ended = feedgate.json("run", "follow", run)
    assert (ended["state"], ended["destination"]) == ("published", "azure")
    assert azure.files() == digests(file)


def test_add_says_how_far_its_sends_are(
    feedgate: CommandLine, azure: AzureArtifacts, upstream: Upstream, make_wheel: Callable[..., Path]
) -> None:
    file = make_wheel("shown", "1.0")
    upstream.add(file.name, file.read_bytes())
    feedgate.done(
        "destination", "add", "azure", "-f", OURS, "--to", azure.simple_url, "--secret", "env:NOT_THERE"
    )

    said = feedgate.done("add", "shown", "-f", OURS)

    assert "sends    to azure: queued, run_" in said.out
    listed = feedgate.done("run", "list", "-f", OURS).out
    shown = feedgate.done("run", "show", said.out.split("queued, ")[1].split()[0]).out
    assert "queued" in listed
    assert "queued" in shown


# ------------------------------------------------------------------------- add --to NAME


def test_add_and_plan_take_a_standing_destination_by_its_name(
    feedgate: CommandLine, azure: AzureArtifacts, upstream: Upstream, make_wheel: Callable[..., Path]
) -> None:
    file = make_wheel("named", "1.0")
    upstream.add(file.name, file.read_bytes())
    add_standing(feedgate, azure)

    planned = feedgate.json("plan", "named", "-f", OURS, "--to", "azure")
    assert (planned["state"], planned["destination"], azure.files()) == ("planned", "azure", {})

    added = feedgate.json("add", "named", "-f", OURS, "--to", "Azure")
    assert (added["state"], added["destination"], added["published"]) == ("published", "azure", 1)
    assert azure.files() == digests(file)
    assert added["targets"][0]["proved"]


def test_a_standing_destination_comes_before_a_section_of_its_name(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path]
) -> None:
    upload(feedgate, make_wheel("demo", "1.0"))
    add_standing(feedgate, azure, SECTION)

    said = feedgate("send", OURS, "--to", SECTION)

    assert said.status == 0
    assert "credentials" not in said.err, "the caller's own play no part"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-f", OURS, "--to", "https://packages.example/simple/"), "feed-or-destination"),
        (("-f", OURS, "--to", "azure", "--username", "me"), "standing-destination-option"),
        (
            ("-f", OURS, "--to", "azure", "--read-url", "https://a.example/simple/"),
            "standing-destination-option",
        ),
        (("-f", OURS, "--to", "no name"), "invalid-destination-name"),
        (("-f", OURS, "--to", SECTION), "no-such-destination"),
        (("-f", OURS, "--internal", "acme-*"), "option-without-destination"),
    ],
)
def test_what_names_no_standing_destination_is_said(
    feedgate: CommandLine, words: tuple[str, ...], code: str
) -> None:
    said = feedgate("add", "demo", *words, "--json")

    assert said.status == (1 if code == "no-such-destination" else 2)
    assert said.problem["code"] == code


def test_a_mistyped_name_is_answered_with_the_names_that_there_are(
    feedgate: CommandLine, azure: AzureArtifacts
) -> None:
    add_standing(feedgate, azure)

    sent = feedgate("send", OURS, "--to", "azur", "--json").problem["next"]
    added = feedgate("add", "demo", "-f", OURS, "--to", "azur", "--json").problem["next"]
    alone = feedgate("add", "demo", "--target", TARGET, "--to", "pip-fed", "--json").problem["next"]

    assert f"Sections there: {SECTION}. Standing destinations of the feed: azure." in sent
    assert added == "Its destinations: azure."
    assert f"Sections there: {SECTION}." in alone


def test_a_server_that_stays_takes_standing_destinations_alone(
    feedgate: CommandLine, azure: AzureArtifacts, make_wheel: Callable[..., Path]
) -> None:
    file = make_wheel("demo", "1.0")
    with serving(feedgate):
        upload(feedgate, file)
        refused = feedgate("send", OURS, "--to", SECTION, "--json")
        add_standing(feedgate, azure)
        taken = feedgate("send", OURS, "--to", "azure", "--no-wait")

        assert refused.status == 2
        assert refused.problem["code"] == "own-destination-not-taken"
        assert taken.status == 0
        run = taken.out.split(":")[0]
        assert feedgate.json("run", "follow", run)["state"] == "published"
    assert azure.files() == digests(file)

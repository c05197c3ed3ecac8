"""``feedgate exposure`` names who fetched what, as an Owner reads it."""

from collections.abc import Callable
from pathlib import Path

import httpx

from feedgate.model.access import Role, Scope
from tests.builders.advisories import make_database, make_record
from tests.builders.command_line import CommandLine, Server


def fetch(server: Server, feed: str, token: str) -> None:
    """Fetch the first file of acme-core as pip does: from the link on its page."""
    headers = {"Authorization": f"Bearer {token}"}
    page = httpx.get(
        f"{server.simple(feed)}acme-core/",
        headers=headers | {"Accept": "application/vnd.pypi.simple.v1+json"},
    )
    file = page.json()["files"][0]
    assert httpx.get(page.url.join(file["url"]), headers=headers).status_code == 200


def test_a_token_that_fetched_a_release_is_named(
    server: Server, feedgate: CommandLine, feed: str, make_wheel: Callable[..., Path]
) -> None:
    wheel = make_wheel("acme-core", "1.0")
    server.upload_files(feed, wheel)
    fetch(server, feed, server.token("vm-7", Role.READER, feed, Scope.READ))

    as_json = feedgate.json("exposure", "acme-core==1.0", "-f", feed)
    in_words = feedgate.done("exposure", "Acme_Core==1.0.0", "-f", feed).out

    [release] = as_json["releases"]
    [fetches] = release["fetches"]
    assert (fetches["kind"], fetches["actor"], fetches["files"]) == ("token", "vm-7", [wheel.name])
    assert f"acme-core 1.0 in {feed}" in in_words
    assert f"  file        {wheel.name}, in the feed" in in_words
    assert f"  fetched by  vm-7, token {fetches['client']}, " in in_words
    assert "Not seen:" in in_words
    assert all(sentence in in_words for sentence in as_json["unseen"])


def test_an_advisory_leads_to_the_token_that_fetched_what_it_affects(
    server: Server, feedgate: CommandLine, feed: str, make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        server.upload_files(feed, make_wheel("acme-core", version))
    fetch(server, feed, server.token("vm-7", Role.READER, feed, Scope.READ))
    database = tmp_path / "all.zip"
    database.write_bytes(
        make_database(make_record("PYSEC-2026-1", "acme-core", aliases=["CVE-2026-1"]))
    )  # up to 2.0
    feedgate.done("advisories", "update", database, "--force")

    in_words = feedgate.done("exposure", "cve-2026-1", "-f", feed).out

    assert "  advisory    PYSEC-2026-1, CVE-2026-1, high, fixed in 2.0" in in_words
    assert "  fetched by  vm-7, token " in in_words
    assert "acme-core 2.0" not in in_words
    unknown = feedgate("exposure", "CVE-1999-1", "-f", feed, "--json")
    assert (unknown.status, unknown.problem["code"]) == (1, "no-such-advisory")


def test_what_nobody_fetched_and_what_never_was_are_two_answers(
    server: Server, feedgate: CommandLine, feed: str, make_wheel: Callable[..., Path]
) -> None:
    server.upload_files(feed, make_wheel("acme-core", "1.0"))

    assert "  fetched by  nobody that is known" in feedgate.done("exposure", "acme-core==1.0", "-f", feed).out
    never = feedgate("exposure", "acme-core==9.9", "-f", feed, "--json")
    assert (never.status, never.problem["code"]) == (1, "never-published")

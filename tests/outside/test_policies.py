"""What a policy that knows advisories says of PyPI's own pages: refused, passed over for what is sound, held."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.builders.advisories import make_database, make_record
from tests.builders.command_line import EXECUTABLE

FEED = "demo/team"
TARGET = "3.11@x86_64-manylinux_2_28"
DATED = datetime(2024, 10, 10, tzinfo=UTC)
POLICY = 'name = "team"\n[rules.database-age]\nmax_days = 7000\n'
RECORDS: tuple[tuple[str, str, list[str], list[dict[str, str]]], ...] = (
    ("PYSEC-2023-74", "requests", ["CVE-2023-32681"], [{"introduced": "0"}, {"fixed": "2.31.0"}]),
    (
        "PYSEC-2023-221",
        "werkzeug",
        [],
        [{"introduced": "0"}, {"fixed": "2.3.8"}, {"introduced": "3.0.0"}, {"fixed": "3.0.1"}],
    ),
    ("GHSA-fw3v-x4f2-v673", "mistune", [], [{"introduced": "2.0.0a1"}, {"fixed": "2.0.3"}]),
    ("PYSEC-2017-83", "scrapy", [], [{"introduced": "0"}]),
)
HELD, REFUSED = 3, 4

Feedgate = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def feedgate(tmp_path_factory: pytest.TempPathFactory) -> Feedgate:
    """The command, with a feed of a policy of its own and the four records that the tests are about."""
    home = tmp_path_factory.mktemp("home")
    ways = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")
    environment = {name: os.environ[name] for name in ways if name in os.environ} | {
        "HOME": str(home),
        "PATH": f"{EXECUTABLE.parent}:/usr/local/bin:/usr/bin:/bin",
        "FEEDGATE_DATA": str(home / "data"),
    }

    def call(*words: str | Path) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [EXECUTABLE, *words, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    policy, database = home / "team.toml", home / "advisories.zip"
    policy.write_text(POLICY)
    database.write_bytes(
        make_database(
            *(
                make_record(identity, project, aliases=aliases, events=events, modified=DATED)
                for identity, project, aliases, events in RECORDS
            )
        )
    )
    for words in (
        ("feed", "create", FEED, "--target", TARGET, "--policy", policy),
        ("advisories", "update", database),
    ):
        status, said = call(*words)
        assert status == 0, said
    return call


def test_a_hole_with_a_fix_is_refused(feedgate: Feedgate) -> None:
    status, run = feedgate("add", "requests==2.30.0", "-f", FEED)

    assert status == REFUSED
    assert all(said in run["reason"] for said in ("PYSEC-2023-74", "CVE-2023-32681", "2.31.0"))


def test_the_newest_that_would_have_fitted_is_named(feedgate: Feedgate) -> None:
    status, run = feedgate("add", "requests<2.31", "-f", FEED)

    assert status == REFUSED
    assert "requests-2.30.0" in run["reason"]
    assert "PYSEC-2023-74" in run["reason"]


@pytest.mark.parametrize(
    ("words", "name", "version", "skipped"),
    [("werkzeug<3.0.1", "werkzeug", "2.3.8", "3.0.0"), ("mistune<2.0.3", "mistune", "0.8.4", "2.0.2")],
)
def test_what_is_affected_is_passed_over_for_what_is_not(
    feedgate: Feedgate, words: str, name: str, version: str, skipped: str
) -> None:
    status, run = feedgate("add", words, "-f", FEED)

    assert status == 0, run["reason"]
    assert (name, version) in {tuple(file["filename"].split("-")[:2]) for file in run["files"]}
    assert (name, skipped, "advisories") in {
        (one["name"], one["version"], one["rule"]) for one in run["passed_over"]
    }


def test_a_hole_without_a_fix_is_held_and_nothing_else_is(feedgate: Feedgate) -> None:
    status, run = feedgate("add", "scrapy", "-f", FEED)

    assert status == HELD
    assert "PYSEC-2017-83" in run["reason"]
    assert [file["filename"].split("-")[0] for file in run["files"] if file["state"] == "held"] == ["scrapy"]


def test_by_its_default_the_age_of_the_database_holds_everything(feedgate: Feedgate) -> None:
    status, run = feedgate("feed", "create", "demo/default", "--target", TARGET, "--policy", "default")
    assert status == 0, run

    status, run = feedgate("add", "six", "-f", "demo/default")

    assert status == HELD
    assert "days old by its newest record" in run["reason"]

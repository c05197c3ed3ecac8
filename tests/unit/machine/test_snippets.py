import configparser
import netrc
import tomllib
from pathlib import Path

import pytest

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.plan import Client
from feedgate.machine.snippets import snippets

URL = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"


def test_pip_is_given_one_index(feed: FeedUrl) -> None:
    settings, _ = snippets(feed, Client.PIP)

    parser = configparser.RawConfigParser()
    parser.read_string(settings.text)
    assert {name: dict(parser[name]) for name in parser.sections()} == {"global": {"index-url": URL}}
    assert "/etc/pip.conf" in settings.file


def test_uv_is_given_one_index_in_the_place_of_pypi(feed: FeedUrl) -> None:
    settings, _ = snippets(feed, Client.UV)

    assert tomllib.loads(settings.text) == {"index": [{"url": URL, "default": True}]}


def test_poetry_is_given_one_primary_source(feed: FeedUrl) -> None:
    settings, _ = snippets(feed, Client.POETRY)

    assert tomllib.loads(settings.text)["tool"]["poetry"] == {
        "source": [{"name": "feedgate", "url": URL, "priority": "primary"}]
    }


@pytest.mark.parametrize("client", list(Client))
def test_the_token_has_its_place_in_netrc_alone(feed: FeedUrl, client: Client, tmp_path: Path) -> None:
    settings, entry = snippets(feed, client)

    (tmp_path / "netrc").write_text(entry.text)
    assert netrc.netrc(str(tmp_path / "netrc")).hosts == {"feeds.example": ("feedgate", "", "TOKEN")}
    assert "TOKEN" not in settings.text
    assert "@" not in settings.text

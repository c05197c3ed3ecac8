"""The lines for a VM, per client: one index, and the token in netrc, never in a URL."""

from __future__ import annotations

from dataclasses import dataclass

from feedgate.machine.index_address import IndexAddress
from feedgate.machine.plan import Client

NETRC_LOGIN = "feedgate"  # Feedgate and Azure Artifacts take any
POETRY_SOURCE_NAME = "feedgate"


@dataclass(frozen=True)
class Snippet:
    """Text for a file; ``file`` says which, as a person would write it."""

    file: str
    text: str


def pip_lines(url: str) -> str:
    """Return the whole of a pip.conf that knows one index."""
    return f"[global]\nindex-url = {url}\n"


def uv_lines(url: str) -> str:
    """Return the lines of a uv.toml that put the index in PyPI's place."""
    return f'[[index]]\nurl = "{url}"\ndefault = true\n'


def poetry_lines(url: str) -> str:
    """Return the lines of a pyproject.toml that put the index in PyPI's place (Poetry 1.8 or later)."""
    return f'[[tool.poetry.source]]\nname = "{POETRY_SOURCE_NAME}"\nurl = "{url}"\npriority = "primary"\n'


def netrc_line(host: str, token: str, login: str = NETRC_LOGIN) -> str:
    """Return the entry of a host; netrc knows no port."""
    return f"machine {host} login {login} password {token}\n"


def snippets(feed: IndexAddress, client: Client) -> tuple[Snippet, ...]:
    """Return what a person writes into which file to connect ``client`` by hand; TOKEN stands for the token."""
    url = feed.simple_url
    settings = {
        Client.PIP: Snippet("/etc/pip.conf, or ~/.config/pip/pip.conf", pip_lines(url)),
        Client.UV: Snippet("/etc/uv/uv.toml, or ~/.config/uv/uv.toml", uv_lines(url)),
        Client.POETRY: Snippet("pyproject.toml", poetry_lines(url)),
    }
    return settings[client], Snippet("~/.netrc (mode 0600)", netrc_line(feed.host, "TOKEN"))

"""Connect this machine to a feed: one index for every client, the token in netrc alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from feedgate.machine import pip_configuration, poetry_configuration, uv_configuration
from feedgate.machine.addresses import FeedUrl, InvalidFeedUrl, parse_feed_url
from feedgate.machine.files import is_there
from feedgate.machine.netrc import NotAToken, netrc_file, plan_netrc
from feedgate.machine.pip_configuration import plan_pip
from feedgate.machine.plan import Client, Plan
from feedgate.machine.poetry_configuration import plan_poetry
from feedgate.machine.surroundings import Surroundings
from feedgate.machine.uv_configuration import plan_uv

TOKEN_VARIABLE = "FEEDGATE_READ_TOKEN"  # noqa: S105 - a variable's name
_TOKEN_LIMIT = 8192  # characters; a token has tens, a federated one below 4096


@dataclass(frozen=True)
class GivenToken:
    """A token and where it came from, in words."""

    value: str = field(repr=False)
    source: str


def read_token(
    stdin: TextIO | None, environment: Mapping[str, str], prompt: Callable[[str], str] | None
) -> GivenToken | None:
    """Return the token that the caller gives, None where none is given; raises NotAToken.

    The variable comes first, so that a script fed to a shell by standard input is not
    eaten; then one line of standard input, where that is no terminal; then the prompt.
    """
    named = environment.get(TOKEN_VARIABLE, "").strip()
    if named:
        return GivenToken(named, f"the variable {TOKEN_VARIABLE}")
    if stdin is None:
        return None
    try:
        if not stdin.isatty():
            return _given(stdin.readline(_TOKEN_LIMIT), "standard input")
        return _given(prompt("Token (not shown): "), "the prompt") if prompt is not None else None
    except EOFError:
        return None
    except UnicodeDecodeError:
        raise NotAToken from None


def plan_connection(
    feed: FeedUrl,
    surroundings: Surroundings,
    *,
    clients: tuple[Client, ...] = (),
    system: bool = False,
    replace: bool = False,
    token: str | None = None,
) -> Plan:
    """Return what would be changed and what stands in the way; changes nothing.

    ``clients``: none means those found (``found_clients``). ``system``: the settings of all users,
    while the token still goes to the calling user's netrc, for no client reads another.
    ``token`` None: the netrc entry stays as it is. Raises MachineError's leaves.
    """
    chosen = clients or found_clients(surroundings)
    parts = [plan_netrc(surroundings, feed.host, token, replace=replace)]
    if Client.PIP in chosen:
        parts.append(plan_pip(surroundings, feed, system=system, replace=replace))
    if Client.UV in chosen:
        parts.append(plan_uv(surroundings, feed, system=system, replace=replace))
    if Client.POETRY in chosen:
        parts.append(plan_poetry(surroundings, feed, replace=replace))
    if system:
        netrc = netrc_file(surroundings)
        parts.append(
            Plan(notes=(f"the token is in {netrc} alone: every other user needs an entry of their own",))
        )
    if not clients and _is_on_path(surroundings, "poetry"):
        parts.append(
            Plan(notes=("Poetry is set up per project: connect --client poetry in the project's folder",))
        )
    return Plan.united(parts)


def found_clients(surroundings: Surroundings) -> tuple[Client, ...]:
    """Return the clients to set up when none is named: pip always, uv where there is a trace of it.

    Never Poetry, whose settings belong to a project.
    """
    files = (uv_configuration.user_file(surroundings), uv_configuration.file_for_all(surroundings))
    if _is_on_path(surroundings, "uv") or any(is_there(path) for path in files):
        return (Client.PIP, Client.UV)
    return (Client.PIP,)


def connected_feeds(surroundings: Surroundings, host: str) -> tuple[FeedUrl, ...]:
    """Return the feeds of ``host`` that this machine's settings name already.

    netrc knows hosts, not feeds, so a new token must read all of these.
    """
    feeds = []
    for room in (pip_configuration, uv_configuration, poetry_configuration):
        for url in room.indexes(surroundings):
            try:
                feed = parse_feed_url(url)
            except InvalidFeedUrl:
                continue  # a folder, or an index of another kind
            if feed.host == host:
                feeds.append(feed)
    return tuple(dict.fromkeys(feeds))


def _given(answer: str, source: str) -> GivenToken | None:
    answer = answer.strip()
    return GivenToken(answer, source) if answer else None


def _is_on_path(surroundings: Surroundings, command: str) -> bool:
    folders = [Path(entry) for entry in surroundings.variable("PATH").split(os.pathsep) if entry]
    folders += [surroundings.home / ".local" / "bin", surroundings.home / ".cargo" / "bin"]
    return any(os.access(folder / command, os.X_OK) for folder in folders)

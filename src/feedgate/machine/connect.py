"""Connect this machine to an index: one for every client, the token in netrc alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import chain
from pathlib import Path
from typing import TextIO

from feedgate.machine import pip_configuration, poetry_configuration, uv_configuration
from feedgate.machine.accounts import Account, acting_as
from feedgate.machine.addresses import FeedUrl, InvalidFeedUrl, parse_feed_url
from feedgate.machine.errors import MachineError
from feedgate.machine.files import is_there, owner_of
from feedgate.machine.index_address import IndexAddress
from feedgate.machine.netrc import NotAToken, credentials_of, has_entry, netrc_file, plan_netrc
from feedgate.machine.pip_configuration import plan_pip
from feedgate.machine.plan import Change, Client, Plan, apply
from feedgate.machine.poetry_configuration import plan_poetry
from feedgate.machine.snippets import NETRC_LOGIN
from feedgate.machine.surroundings import Surroundings
from feedgate.machine.uv_configuration import plan_uv

TOKEN_VARIABLE = "FEEDGATE_READ_TOKEN"  # noqa: S105 - a variable's name
_TOKEN_LIMIT = 8192  # characters; a token has tens, a federated one below 4096


class TokenMissing(MachineError):
    """Nobody gave a token, and netrc has none for the host."""

    code = "token-missing"
    exit_status = 2

    def __init__(self, host: str) -> None:
        super().__init__(
            f"no token was given, and netrc has none for {host}",
            next_step=f"Give it on standard input or in {TOKEN_VARIABLE}.",
        )


class NobodyNamed(MachineError):
    """An image was given, and no user of it whose files are meant."""

    code = "nobody-named"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(
            "an image has no calling user: it was not said whose netrc and settings are meant",
            next_step="Name them: --user NAME. Or write the settings of all users alone: --system, without a token.",
        )


class LeadsOut(MachineError):
    """A link in an image leads to a file of the running machine."""

    code = "leads-out"

    def __init__(self, path: Path, root: Path) -> None:
        super().__init__(
            f"{path} leads out of {root}",
            next_step="Nothing was changed. Make the link a relative one, or run it inside the image.",
        )


@dataclass(frozen=True)
class GivenToken:
    """A token and where it came from, in words."""

    value: str = field(repr=False)
    source: str


@dataclass(frozen=True)
class Choices:
    """What the caller chose. ``check``: the index is asked before anything is written down."""

    clients: tuple[Client, ...] = ()
    system: bool = False
    replace: bool = False
    login: str | None = None
    dry_run: bool = False
    check: bool = True


@dataclass(frozen=True)
class Connected:
    """What was done, or with ``dry_run`` would be; ``source``: where the token came from, in words."""

    index: IndexAddress
    plan: Plan
    backups: tuple[Path, ...] = ()
    source: str | None = None
    dry_run: bool = False


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


def connect(
    index: IndexAddress,
    machines: tuple[Surroundings, ...],
    given: GivenToken | None,
    choices: Choices,
    *,
    insists: bool,
) -> Connected:
    """Plan it, ask the index, and do it unless it is a dry run.

    ``machines``: one machine, as each of the users sees it whom it is connected for. ``insists``: a
    missing token is an error, unless the index asks for none; where a person was there to be
    asked, it was their choice. A dry run keeps its obstacles for the caller to say.
    Raises MachineError's leaves.
    """
    token = None if given is None else given.value
    if token is None and insists and not choices.dry_run:
        _require_token(index, machines, choices)
    plan = plan_with(index, machines, choices, token)
    if choices.check and not choices.dry_run and not plan.obstacles:
        note = _asked(index, machines, choices, token)
        plan = plan if note is None else changed(plan, notes=(*plan.notes, note))
    return carry_out(index, plan, choices, source=None if given is None else given.source)


def carry_out(index: IndexAddress, plan: Plan, choices: Choices, *, source: str | None = None) -> Connected:
    """Do what was planned, unless it is a dry run; raises what ``apply`` raises."""
    backups = () if choices.dry_run else apply(plan)
    return Connected(index, plan, backups, source, choices.dry_run)


def plan_with(
    index: IndexAddress, machines: tuple[Surroundings, ...], choices: Choices, token: str | None
) -> Plan:
    """Return what ``plan_connection`` does for what was chosen."""
    return plan_connection(
        index,
        *machines,
        clients=choices.clients,
        system=choices.system,
        replace=choices.replace,
        token=token,
        login=choices.login,
    )


def plan_connection(
    index: IndexAddress,
    *machines: Surroundings,
    clients: tuple[Client, ...] = (),
    system: bool = False,
    replace: bool = False,
    token: str | None = None,
    login: str | None = None,
) -> Plan:
    """Return what would be changed and what stands in the way; changes nothing.

    ``clients``: none means those found (``found_clients``). ``system``: the settings of all users,
    while the token still goes to each user's own netrc, for no client reads another.
    ``token`` None: the netrc entry stays as it is. ``login`` None: any user name will do.
    Raises MachineError's leaves.
    """
    plans: list[Plan] = []
    for machine in machines:
        if machine.is_nobodys and not (system and token is None):
            raise NobodyNamed
        with acting_as(machine.account):
            parts = [_netrc_part(machine, index, token, login, replace=replace)]
            parts += _settings_parts(machine, index, clients, system=system, replace=replace)
            plans.append(Plan.united(_owned(part, machine) for part in parts))
    if system and not any(machine.is_nobodys for machine in machines):
        files = ", ".join(str(netrc_file(machine)) for machine in machines)
        note = f"the token is in {files} alone: every other user needs an entry of their own"
        plans.append(Plan(notes=(note,)))
    return _joined(plans)


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
    rooms = (pip_configuration, uv_configuration, poetry_configuration)
    with acting_as(surroundings.account):
        urls = [url for room in rooms for url in room.indexes(surroundings)]
    feeds = []
    for url in urls:
        try:
            feed = parse_feed_url(url)
        except InvalidFeedUrl:
            continue  # a folder, or an index of another kind
        if feed.host == host:
            feeds.append(feed)
    return tuple(dict.fromkeys(feeds))


def _netrc_part(
    machine: Surroundings, index: IndexAddress, token: str | None, login: str | None, *, replace: bool
) -> Plan:
    if machine.is_nobodys:
        return Plan(notes=(f"no user was named: who installs needs an entry for {index.host} in a netrc",))
    return plan_netrc(machine, index.host, token, replace=replace, login=login)


def _settings_parts(
    machine: Surroundings, index: IndexAddress, clients: tuple[Client, ...], *, system: bool, replace: bool
) -> Iterator[Plan]:
    chosen = clients or found_clients(machine)
    if Client.PIP in chosen:
        yield plan_pip(machine, index, system=system, replace=replace)
    if Client.UV in chosen:
        yield plan_uv(machine, index, system=system, replace=replace)
    if Client.POETRY in chosen:
        yield plan_poetry(machine, index, replace=replace)
    elif not clients and _is_on_path(machine, "poetry"):
        yield Plan(notes=("Poetry is set up per project: connect --client poetry in the project's folder",))


def _owned(plan: Plan, machine: Surroundings) -> Plan:
    """Return the plan in which what lies in the user's home is the user's; raises LeadsOut."""
    changes = []
    for change in plan.changes:
        whole = Path(os.path.realpath(change.path))
        if machine.is_image and machine.root not in whole.parents:
            raise LeadsOut(change.path, machine.root)
        changes.append(_given_to(machine.account, change))
    return changed(plan, changes=tuple(changes))


def _given_to(account: Account | None, change: Change) -> Change:
    """Return the change as one of the user's own files, if it lies in their home."""
    if account is None or account.home not in change.path.parents:
        return change
    lines = change.lines
    if account.gets is not None and owner_of(change.path) not in (account.gets, None):
        lines = (*lines, f"it becomes {account.name}'s")
    return changed(change, account=account, lines=lines)


def _joined(plans: list[Plan]) -> Plan:
    """Return one plan of those of several users, what is for all of them once."""
    return Plan(
        changes=tuple(dict.fromkeys(chain.from_iterable(plan.changes for plan in plans))),
        obstacles=tuple(dict.fromkeys(chain.from_iterable(plan.obstacles for plan in plans))),
        notes=tuple(dict.fromkeys(chain.from_iterable(plan.notes for plan in plans))),
    )


def _require_token(index: IndexAddress, machines: tuple[Surroundings, ...], choices: Choices) -> None:
    """Return if the machine can be connected without a new token; raises TokenMissing, FeedRefused, NoIndex.

    Where every netrc has one; for the settings of all users alone, with nobody named; and
    where the index answers whoever asks.
    """
    nobody = all(machine.account is None for machine in machines)
    if (choices.system and nobody) or all(has_entry(machine, index.host) for machine in machines):
        return
    if not choices.check or not _is_open(index):
        raise TokenMissing(index.host)


def _is_open(index: IndexAddress) -> bool:
    """Whether the index answers without a token; raises FeedRefused and NoIndex where no token would help."""
    from feedgate.machine.reach import FeedRefused, ask_feed  # noqa: PLC0415  # as in _asked

    try:
        return ask_feed(index, None) is None
    except FeedRefused as refused:
        if refused.status == 404:
            raise
        return False


def _asked(
    index: IndexAddress, machines: tuple[Surroundings, ...], choices: Choices, token: str | None
) -> str | None:
    """Ask the index as each user's clients will; return what to note."""
    from feedgate.machine.reach import FeedRefused, ask_feed  # noqa: PLC0415  # brings ssl along: half the start

    there = [credentials_of(machine, index.host) for machine in machines]
    if token is not None:
        there = [(choices.login or (known[0] if known else NETRC_LOGIN), token) for known in there]
    for credentials in dict.fromkeys(there):
        try:
            note = ask_feed(index, credentials)
        except FeedRefused as refused:
            if credentials is not None or not choices.system or refused.status != 401:
                raise
            note = f"{index.simple_url} asks for a token (401), and none was given"
        if note is not None:
            return note
    return None


def _given(answer: str, source: str) -> GivenToken | None:
    answer = answer.strip()
    return GivenToken(answer, source) if answer else None


def _is_on_path(surroundings: Surroundings, command: str) -> bool:
    folders = [Path(entry) for entry in surroundings.variable("PATH").split(os.pathsep) if entry]
    folders += [surroundings.home / ".local" / "bin", surroundings.home / ".cargo" / "bin"]
    return any(os.access(folder / command, os.X_OK) for folder in folders)

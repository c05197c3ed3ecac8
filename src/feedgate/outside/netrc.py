"""A host's entry in the caller's netrc file, as pip, uv and twine find it: by the host alone, whatever the port."""

import netrc as python_netrc
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from feedgate.machine.files import read_file
from feedgate.machine.netrc import check_file
from feedgate.model.secret import Secret

PATH_VARIABLE: Final = "NETRC"


def find_in_netrc(host: str, environment: Mapping[str, str], home: Path) -> tuple[str, Secret, Path] | None:
    """Return user, password and file of the entry for ``host``, None where there is none.

    ``default`` stands for no host that somebody thought of, so it is nobody's credential here.
    Raises the machine's UnreadableFile and BrokenNetrc.
    """
    for path in _files(environment, home):
        if read_file(path) is None:
            continue
        check_file(path)
        for machine, (login, _account, password) in python_netrc.netrc(str(path)).hosts.items():
            if machine != "default" and machine.casefold() == host.casefold() and password:
                return login, Secret(password), path
        return None
    return None


def _files(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    named = environment.get(PATH_VARIABLE, "")
    if not named:
        return home / ".netrc", home / "_netrc"
    return (home / named[2:] if named.startswith("~/") else Path(named),)

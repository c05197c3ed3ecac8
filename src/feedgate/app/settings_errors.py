"""What can be wrong with settings; each names the key, where it stands and what is right."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from feedgate.errors import Invalid


class UnknownSetting(Invalid):
    """A key, or a variable of the environment, that no setting has."""

    code = "unknown-setting"

    def __init__(self, key: str, origin: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        super().__init__(
            f"{key} in {origin} is no setting",
            next_step=f"Write {near[0]}, or remove it."
            if near
            else f"Remove it, or use one of: {', '.join(known)}.",
            facts={"key": key, "nearest": near[0] if near else None},
        )


class WrongSetting(Invalid):
    """A setting with a value that it can not have."""

    code = "wrong-setting"

    def __init__(self, key: str, origin: str, value: str, expected: str) -> None:
        expected = expected.removeprefix("Value error, ").replace("Input should be", "expected", 1)
        super().__init__(
            f"{key} in {origin} is {value}: {expected[:1].lower()}{expected[1:]}",
            next_step="Correct it, or remove it to have the default.",
            facts={"key": key},
        )


class SettingsSyntax(Invalid):
    """The file is not TOML."""

    code = "settings-syntax"

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"{file} is not TOML: {reason[:1].lower()}{reason[1:]}",
            next_step='Correct that line. A setting looks so: url = "https://…" below a line [upstream].',
        )


class UnreadableSettings(Invalid):
    """The file can not be read."""

    code = "unreadable-settings"

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"{file} can not be read as settings: {reason}",
            next_step="Name another file with --config, or leave that out to use the data directory's feedgate.toml.",
        )

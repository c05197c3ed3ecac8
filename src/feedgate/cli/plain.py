"""Text of strangers, made safe to print: one line that moves no cursor and commands no build service."""

from feedgate.formats.build_log import without_commands


def plain(text: object) -> str:
    """Return a text in one line, without control characters and commands to build services."""
    return without_commands("".join(c if c.isprintable() else " " for c in str(text)))

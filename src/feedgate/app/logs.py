"""Logs: one form for our own lines and the libraries', and no secret in any.

JSON lines for machines, plain lines where a person watches.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from feedgate.model.redaction import without_secrets

_QUIETER = {
    "alembic": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn.error": logging.WARNING,  # its name for all that it says
}


def set_up_logs(process: str, *, stream: TextIO = sys.stderr) -> None:
    """Send all logs of this process to ``stream``; lines say that they are ``process``'s.

    Plain lines where the stream is a terminal, else one JSON object a line.
    """
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    last = (
        structlog.dev.ConsoleRenderer(colors=False)
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put stars where a token, a password in an address or an Authorization header would stand."""
    return {
        name: without_secrets(value) if isinstance(value, str) else value for name, value in event.items()
    }


def _named(process: str) -> structlog.types.Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add

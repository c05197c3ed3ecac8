"""The only place that looks at the clock; all others are handed a moment or this function."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment, aware UTC."""
    return datetime.now(UTC)

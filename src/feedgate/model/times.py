"""Moments: aware UTC inside, microseconds in columns, RFC 3339 on the wire."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC; ``moment`` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the aware UTC moment of ``microseconds`` since 1970-01-01."""
    return _EPOCH + timedelta(microseconds=microseconds)


def format_time(moment: datetime) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, the form of PEP 700 and of our ledger."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(raw: str) -> datetime:
    """Read an RFC 3339 moment; one without a zone is taken as UTC.

    Raises ValueError if ``raw`` is no such moment.
    """
    moment = datetime.fromisoformat(raw)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

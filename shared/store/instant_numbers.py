"""Instants as SQL stores keep them: counts of microseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_number(instant: datetime) -> int:
    """Return the count that stands for an instant."""
    return (instant - _EPOCH) // _MICROSECOND


def to_instant(number: int) -> datetime:
    """Return the instant that a count means."""
    return _EPOCH + number * _MICROSECOND

"""From when and until when a start may lie, as seen from now."""

from datetime import UTC, datetime
from typing import Literal

from shared.model.interval import Interval
from shared.model.policy import Policy
from shared.rules.wall_clock import round_down_to_minute, round_up_to_minute

Rule = Literal[
    "outside_working_hours", "in_the_past", "too_soon", "too_late", "time_off", "patient_busy"
]
"""A rule that a booking of the clinic may break; that a time is taken is none of them."""

NOTHING: frozenset[Rule] = frozenset()

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def allowed_starts(now: datetime, policy: Policy, broken: frozenset[Rule]) -> Interval:
    """Return the first and the last instant at which an appointment may start, both included.

    The running minute is not in the past: whoever walks in can be booked from its start on. Whoever
    may book the past need not give notice for it.
    """
    last = _LAST if "too_late" in broken else latest_start(now, policy)
    if "in_the_past" in broken:
        return Interval(_FIRST, last)
    if "too_soon" in broken:
        return Interval(round_down_to_minute(now), last)
    return Interval(earliest_start(now, policy), last)


def earliest_start(now: datetime, policy: Policy) -> datetime:
    """Return the first start that gives the clinic its notice."""
    if not policy.notice:
        return round_down_to_minute(now)
    return round_up_to_minute(now + policy.notice)


def latest_start(now: datetime, policy: Policy) -> datetime:
    """Return the last start within the clinic's horizon."""
    return round_down_to_minute(now + policy.horizon)

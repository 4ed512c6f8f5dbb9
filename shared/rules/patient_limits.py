"""How much patients may do by themselves, and whether anything may be done for them now.

Both are decided on the very schedule that the commit replaces, so they are exact in any race.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.documents import Documents
from shared.model.patient_schedule import REMEMBERED, PatientSchedule
from shared.model.policy import Policy
from shared.rules.refusals import (
    BeingErased,
    TooLongSeries,
    TooManyAhead,
    TooManyChanges,
    TooManyErasures,
    TooManyRequests,
)
from shared.rules.wall_clock import seconds_until

ERASURES_PER_DAY = 3
"""How often patients may erase their own account in 24 hours."""


def why_not_changed(
    schedule: PatientSchedule | None, caller: Caller, now: datetime, policy: Policy
) -> BeingErased | TooManyRequests | None:
    """Return why no appointment of an account may be booked or moved now, or None.

    `schedule` is None where there is no account.
    """
    if schedule is not None and schedule.erasing:
        return BeingErased()
    return why_not_cancelled(schedule, caller, now, policy)


def why_not_cancelled(
    schedule: PatientSchedule | None, caller: Caller, now: datetime, policy: Policy
) -> BeingErased | TooManyRequests | None:
    """Return why no appointment of an account may be cancelled now, or None.

    Staff and doctors may also while it is erased: then all that lies ahead is cancelled anyway.
    """
    if schedule is None or caller.kind != "patient":
        return None
    if schedule.erasing:
        return BeingErased()
    counted = [changed_at + REMEMBERED for changed_at in schedule.changes_since(now - REMEMBERED)]
    wait = _seconds_until_fewer(counted, policy.changes_per_day, now)
    return TooManyChanges(wait) if wait else None


def why_not_booked(
    schedule: PatientSchedule | None,
    caller: Caller,
    now: datetime,
    policy: Policy,
    more: int = 1,
) -> BeingErased | TooManyRequests | None:
    """Return why so many more appointments may not be booked for an account now, or None."""
    refusal = why_not_changed(schedule, caller, now, policy)
    if refusal or schedule is None or caller.kind != "patient":
        return refusal
    ends = sorted(a.held.end for a in schedule.ahead(now))
    most = policy.open_appointments
    if len(ends) + more <= most:
        return None
    if more > most:
        return TooLongSeries(None)
    wait = _seconds_until_fewer(ends, most - more + 1, now)
    if more > 1 and len(ends) < most:
        return TooLongSeries(wait)
    return TooManyAhead(wait)


def why_not_erased(
    schedule: PatientSchedule, caller: Caller, now: datetime, most: int = ERASURES_PER_DAY
) -> TooManyErasures | None:
    """Return why an account may not be erased now, or None.

    A patient's own erasures are few, since each one ends everybody's views of earlier instants.
    """
    if caller.kind != "patient":
        return None
    counted = [at + REMEMBERED for at in schedule.erasures_since(now - REMEMBERED)]
    wait = _seconds_until_fewer(counted, most, now)
    return TooManyErasures(wait) if wait else None


def counted(changes: Documents, caller: Caller, now: datetime) -> Documents:
    """Return the documents that change, with one more change of the caller's own schedule."""
    patient = caller.patient if changes.patients else None
    if patient is None or patient not in changes.patients:
        return changes
    own = changes.patients[patient].with_change(now)
    return replace(changes, patients={**changes.patients, patient: own})


def _seconds_until_fewer(ends: Sequence[datetime], most: int, now: datetime) -> int:
    """Return the seconds until fewer than `most` are left, which end then; 0 if they are fewer."""
    if len(ends) < most:
        return 0
    return seconds_until(ends[len(ends) - most], now)

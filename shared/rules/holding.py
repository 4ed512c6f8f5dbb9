"""The decisions to hold a time, to give it up, and to book it.

A hold needs no clean-up to be right: whether it has ended is judged by the `now` of each decision.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import touched_days
from shared.model.documents import Documents
from shared.model.hold import Hold
from shared.model.hold_id import hold_day
from shared.model.patient_key import PatientKey
from shared.rules.availability import Booking, why_unavailable
from shared.rules.busy_times import live_holds
from shared.rules.outcomes import AlreadyApplied, Decision, Held, NeedsDocuments, Released
from shared.rules.patient_limits import why_not_booked
from shared.rules.refusals import NotWithinHold, Refusal, TooManyHolds, UnknownHold
from shared.rules.wall_clock import seconds_until

MOST_HOLDS = 3
"""How many times of one doctor-day a patient may hold."""

MOST_ENDED = 3
"""How many holds of a caller that have ended stay in a doctor-day when there is a new one."""

OVER_FOR = timedelta(minutes=1)
"""How long they have ended by then: requests that arrived before their end may be on the way."""


class HoldRequest(Struct, frozen=True):
    """A request to keep a time, for a booking that is not known in full yet.

    The appointment of `booking` has the time, the buffers and the owner that it would have.
    """

    hold: Hold
    booking: Booking


def hold_time(documents: Documents, request: HoldRequest, now: datetime) -> Decision:
    """Decide to keep a time, on the doctor-days that the appointment would touch.

    The schedule of the patient who asks only hints at what the booking would be refused for; it
    decides that itself.
    """
    hold, booking = request.hold, request.booking
    arrived_at = booking.arrived_at or now
    earliest, own = min(now, arrived_at), booking.caller.account
    documents = documents.tidied(earliest)
    days = {key: _without_oldest(documents.days[key], own, earliest) for key in booking.days}
    if any(day.find_hold(hold.id) for day in days.values()):
        return Documents(), AlreadyApplied()
    there, schedule = [*days.values()], documents.schedule_of(booking.appointment)
    refusal = (
        why_not_booked(schedule, booking.caller, arrived_at, booking.terms.policy)
        or _why_not_one_more(there, booking.caller, now)
        or why_unavailable(there, schedule, booking, now)
    )
    if refusal:
        return Documents(), refusal
    return Documents({key: day.with_hold(hold) for key, day in days.items()}), Held(hold)


def _without_oldest(day: DaySchedule, account: PatientKey | None, now: datetime) -> DaySchedule:
    """Return a day without the holds of an account that ended long ago, but for the last few.

    So nobody can fill a day by holding its times again and again.
    """
    ended = [hold for hold in day.holds if not hold.is_live(now - OVER_FOR) and hold.is_of(account)]
    for hold in sorted(ended, key=lambda hold: hold.ends_at)[:-MOST_ENDED]:
        day = day.without_hold(hold.id)
    return day


def _why_not_one_more(
    days: Sequence[DaySchedule], caller: Caller, now: datetime
) -> TooManyHolds | None:
    """Return why a caller may hold no more on these days, or None. Only patients have a limit."""
    if caller.kind != "patient":
        return None
    for day in days:
        own = [hold for hold in live_holds([day], now) if hold.is_of(caller.account)]
        if len(own) >= MOST_HOLDS:
            return TooManyHolds(seconds_until(min(hold.ends_at for hold in own), now))
    return None


class Release(Struct, frozen=True):
    """A request to give up a hold, which names the day of its start.

    `arrived_at` is when it was sent by the server's clock.
    """

    hold_id: str
    home: DayKey
    doctor: Doctor
    caller: Caller
    arrived_at: datetime


def release(documents: Documents, request: Release, now: datetime) -> Decision:
    """Decide to give up a hold of the caller."""
    documents = documents.tidied(min(now, request.arrived_at))
    hold = _find(documents, request.hold_id, request.home, request.caller, now)
    if isinstance(hold, Refusal):
        return Documents(), hold
    if needed := _other_days(documents, request.doctor, hold):
        return Documents(), needed
    return without_hold(documents, Documents(), request.doctor, hold), Released()


def hold_to_book(
    documents: Documents, booking: Booking, now: datetime
) -> Hold | NeedsDocuments | Refusal:
    """Return the hold that a booking is made with, or why it is not one of the caller for it."""
    home = hold_day(booking.hold_id or "")
    if home is None:
        return UnknownHold()
    hold = _find(documents, booking.hold_id or "", home, booking.caller, now)
    if isinstance(hold, Refusal):
        return hold
    appointment = booking.appointment
    if hold.doctor_id != booking.doctor.id or not hold.interval.contains(appointment.interval):
        return NotWithinHold()
    return _other_days(documents, booking.doctor, hold) or hold


def without_hold(documents: Documents, changes: Documents, doctor: Doctor, hold: Hold) -> Documents:
    """Return the changes, and with them the days that a hold touches, without it."""
    there = touched_days(doctor, hold.reach)
    gone = {key: documents.days[key].without_hold(hold.id) for key in there}
    return replace(changes, days={**changes.days, **gone})


def without_notice(booking: Booking, hold: Hold) -> Booking:
    """Return a booking that is not asked for notice again, if as much was given for its hold."""
    if booking.terms.policy.notice > hold.notice:
        return booking
    terms = replace(booking.terms, broken=booking.terms.broken | {"too_soon"})
    return replace(booking, terms=terms)


def _find(
    documents: Documents, hold_id: str, home: DayKey, caller: Caller, now: datetime
) -> Hold | UnknownHold:
    hold = documents.days[home].find_hold(hold_id)
    if hold and hold.is_live(now) and hold.is_of(caller.account):
        return hold
    return UnknownHold()


def _other_days(documents: Documents, doctor: Doctor, hold: Hold) -> NeedsDocuments | None:
    """Return what has to be loaded too, because a hold touches it; None if all is there."""
    there: Collection[DayKey] = touched_days(doctor, hold.reach)
    if all(key in documents.days for key in there):
        return None
    return NeedsDocuments(frozenset(documents.days) | frozenset(there))

"""Why an appointment cannot have a time, or that it can: the same for whatever asks for one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of, touched_days
from shared.model.hold import Hold
from shared.model.interval import Interval, without
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import POLICY, Policy
from shared.rules.allowed_starts import (
    NOTHING,
    Rule,
    allowed_starts,
    earliest_start,
    latest_start,
)
from shared.rules.busy_times import blocked, busy_times, live_holds
from shared.rules.conflicts import conflicts
from shared.rules.document_size import is_full
from shared.rules.free_time import free_time
from shared.rules.openings import OpeningSearch
from shared.rules.refusals import (
    DayFull,
    InThePast,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
    TimeOff,
    TooLate,
    TooSoon,
)
from shared.rules.wall_clock import (
    round_down_to_minute,
    round_down_to_second,
    round_up_to_minute,
    seconds_until,
)
from shared.rules.working_calendar import Calendar, calendar

SEARCHED = timedelta(days=90)
"""How far openings are looked for where nobody says."""

WhyUnavailable = (
    InThePast
    | TooSoon
    | TooLate
    | OutsideWorkingHours
    | TimeOff
    | SlotTaken
    | PatientBusy
    | DayFull
)


class Terms(Struct, frozen=True):
    """What a booking keeps to: the policy, when the clinic is closed, and what it may break."""

    policy: Policy = POLICY
    closed: tuple[Interval, ...] = ()
    broken: frozenset[Rule] = NOTHING


TERMS = Terms()


class Booking(Struct, frozen=True):
    """A request to book an appointment as given, or to have it that way from now on.

    Its id is chosen before the first attempt, and every later attempt keeps it. `arrived_at` is
    when it was sent by the server's clock, if the `now` of the rules is another. The hold
    `hold_id`, if there is one, keeps the time for it, and is used up.
    """

    doctor: Doctor
    appointment: Appointment
    caller: Caller
    terms: Terms = TERMS
    arrived_at: datetime | None = None
    hold_id: str | None = None

    @property
    def days(self) -> tuple[DayKey, ...]:
        """The doctor-days that the appointment would touch with its buffers."""
        return touched_days(self.doctor, self.appointment.reach)

    @property
    def home(self) -> DayKey:
        """The doctor-day on which it would be born: that of its start, whatever its buffers."""
        return DayKey(self.doctor.id, day_of(self.doctor, self.appointment.interval.start))


def why_unavailable(
    days: Sequence[DaySchedule],
    schedule: PatientSchedule | None,
    wanted: Booking,
    now: datetime,
    moving: str | None = None,
) -> WhyUnavailable | None:
    """Return why an appointment cannot have its time, or None if that is free from now on.

    `days` are those that it would touch, `schedule` is its owner's, if it has one. The time of the
    appointment `moving` counts as free, and so does that of its hold.
    """
    there = calendar(days, wanted.terms.closed)
    if _is_free(days, there, wanted, now, moving or wanted.hold_id):
        return _why_not_stored(days, schedule, wanted)
    return _why_not_free(days, there, wanted, now, search_instead(schedule, wanted, now, moving))


def _is_free(
    days: Sequence[DaySchedule],
    there: Calendar,
    wanted: Booking,
    now: datetime,
    freed: str | None,
) -> bool:
    appointment, terms, asked = wanted.appointment, wanted.terms, wanted.appointment.interval
    first, last = _starts(asked.start, terms, now)
    windows = _windows(there, wanted)
    if there.off and "time_off" not in terms.broken:
        windows = without(windows, there.off)
    others = [day.without(freed).without_hold(freed) if freed else day for day in days]
    busy = busy_times([d.busy for d in others], now, appointment.before, appointment.after)
    bounds = Interval(max(first, asked.start), asked.end)
    free = free_time(windows, busy, bounds, asked.length)
    return asked.start <= last and next(free, None) is not None


def _starts(start: datetime, terms: Terms, now: datetime) -> Interval:
    """Return the first and the last instant at which what starts then may start.

    Leave to book the past does not spare a booking that lies ahead its notice.
    """
    broken = terms.broken
    if "in_the_past" in broken and start >= round_down_to_minute(now):
        broken -= {"in_the_past"}
    return allowed_starts(now, terms.policy, broken)


def _windows(there: Calendar, wanted: Booking) -> Sequence[Interval]:
    """Return when the doctor would work if nobody were ever away."""
    asked = wanted.appointment.interval
    if "outside_working_hours" in wanted.terms.broken:
        return [asked]
    return there.windows_of_week(wanted.doctor, day_of(wanted.doctor, asked.start))


def _why_not_free(
    days: Sequence[DaySchedule],
    there: Calendar,
    wanted: Booking,
    now: datetime,
    search: OpeningSearch,
) -> WhyUnavailable:
    doctor, appointment, terms = wanted.doctor, wanted.appointment, wanted.terms
    asked = appointment.interval
    first, last = _starts(asked.start, terms, now)
    if asked.start < min(first, round_down_to_minute(now)):
        return InThePast(doctor, now)
    if asked.start < first:
        return TooSoon(doctor, asked, search, earliest=first)
    if asked.start > last:
        return TooLate(doctor, asked, search, latest=last)
    if not any(window.contains(asked) for window in _windows(there, wanted)):
        return OutsideWorkingHours(doctor, asked, search)
    if "time_off" not in terms.broken and there.is_off(asked):
        return TimeOff(doctor, asked, search)
    return _taken(days, wanted, now, search)


def _taken(
    days: Sequence[DaySchedule], wanted: Booking, now: datetime, search: OpeningSearch
) -> SlotTaken:
    """Return what is in the way, and after how long it may be free if only holds are."""
    appointment, asked = wanted.appointment, wanted.appointment.interval
    before, after = appointment.before, appointment.after
    booked = [a for day in days for a in day.appointments if a.id != search.moving]
    holds = [hold for hold in live_holds(days, now) if hold.id != wanted.hold_id]
    there: list[Appointment | Hold] = [*booked, *holds]
    blocking = [(each, blocked(each, before, after)) for each in there]
    in_the_way = [each for each, time in blocking if time.length and time.overlaps(asked)]
    ends = [each.ends_at for each in in_the_way if isinstance(each, Hold)]
    wait = seconds_until(min(ends), now) if ends and len(ends) == len(in_the_way) else None
    taken = conflicts(blocking, asked, wanted.caller)
    return SlotTaken(wanted.doctor, asked, search, conflicts=taken, retry_after=wait)


def search_instead(
    schedule: PatientSchedule | None,
    wanted: Booking,
    now: datetime,
    moving: str | None = None,
    searched: timedelta = SEARCHED,
) -> OpeningSearch:
    """Return what finds the next times that can be booked instead, from the asked one on.

    If the asked time lies beyond the horizon, they are the first from now on. A time that breaks a
    rule is not offered, whoever may break it, nor is a time that is held.
    """
    appointment, policy = wanted.appointment, wanted.terms.policy
    asked, last = appointment.interval, latest_start(now, policy)
    earliest = round_up_to_minute(now + policy.notice)
    start = earliest if asked.start > last else max(asked.start, earliest_start(now, policy))
    until = max(start, min(start + searched, last + asked.length))
    bounds, others = Interval(start, until), schedule.others(appointment) if schedule else ()
    return OpeningSearch(
        bounds,
        asked.length,
        round_down_to_second(now),
        before=appointment.before,
        after=appointment.after,
        closed=wanted.terms.closed,
        moving=moving,
        patient_busy=tuple(a.held for a in others if a.held.length and a.held.overlaps(bounds)),
    )


def _why_not_stored(
    days: Sequence[DaySchedule], schedule: PatientSchedule | None, wanted: Booking
) -> PatientBusy | DayFull | None:
    """Return why an appointment cannot have a time at which the doctor is free, or None."""
    appointment, asked = wanted.appointment, wanted.appointment.interval
    if schedule:
        # The buffers are the doctor's: a patient is busy only with the appointments themselves.
        held = ((a, a.held) for a in schedule.others(appointment))
        busy = conflicts(held, asked, wanted.caller)
        if busy and "patient_busy" not in wanted.terms.broken:
            return PatientBusy(wanted.doctor, asked, busy)
        if is_full(schedule, appointment):
            return DayFull()
    if wanted.hold_id:
        days = [day.without_hold(wanted.hold_id) for day in days]
    return DayFull() if any(is_full(day, appointment) for day in days) else None

"""Making and deleting an override: what becomes of the days that it touches, and whom it affects.

A booking is decided on the very days that it touches, and so is an override. Whichever is committed
later knows of the other: an appointment that was booked before is affected, one that is asked for
after it is refused.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override
from shared.rules.document_size import has_room_for_override
from shared.rules.refusals import DayFull, Refusal
from shared.rules.wall_clock import local_day

MOST_LISTED = 1000
"""How many of the affected appointments are listed; all of them are counted."""

Days = Mapping[DayKey, DaySchedule]


class UnknownOverride(Refusal, frozen=True):
    """No override has this id."""

    code = "unknown_override"
    title = "There is no such override"
    status = 404
    detail = (
        "no override has this id; send the `override_id` of an override exactly as you received it"
    )


class NoRoomForOverride(DayFull, frozen=True):
    """The document of one of its doctor-days has no room for it."""

    detail = (
        "no more can be stored for this doctor on one of these days; delete overrides that are not "
        "needed any more, or one long override may take the place of many short ones"
    )


class TooManyAffected(DayFull, frozen=True):
    """So many appointments are affected that not all can be told of in one commit."""

    detail = (
        "more appointments lie in this time than can be told of at once; make several shorter "
        "overrides instead"
    )


class Affected(Struct, frozen=True):
    """The first of the appointments that an override affects, by start, then id; and how many."""

    first: tuple[Appointment, ...] = ()
    count: int = 0


def is_on_one_date(interval: Interval, zone: ZoneInfo) -> bool:
    """Whether an interval lies within one local day, which its end may be the end of."""
    last = interval.end - timedelta.resolution
    return local_day(interval.start, zone) == local_day(last, zone)


def with_override(days: Days, override: Override) -> Days | NoRoomForOverride:
    """Return all the days that an override touches, with it."""
    if not all(has_room_for_override(day) for day in days.values()):
        return NoRoomForOverride()
    return {key: day.with_override(override.entry) for key, day in days.items()}


def without_override(days: Days, override: Override) -> Days:
    """Return all the days that an override touches, without it."""
    return {key: day.without_override(override.id) for key, day in days.items()}


def affected_by(days: Iterable[DaySchedule], override: Override) -> Affected:
    """Return the appointments that an override affects, on all the days that it touches.

    Affected is what holds time in which the doctor is away now, be it long ago. Extra hours
    affect nobody, nor does an override that was deleted.
    """
    found = all_affected_by(days, override)
    return Affected(tuple(found[:MOST_LISTED]), len(found))


def all_affected_by(days: Iterable[DaySchedule], override: Override) -> list[Appointment]:
    """Return all appointments that an override affects, by start, then id."""
    if override.kind != "time_off" or override.deleted_at is not None:
        return []
    appointments = {a.id: a for day in days for a in day.appointments}
    found = [a for a in appointments.values() if _holds_time_in(a, override.interval)]
    return sorted(found, key=lambda a: a.position)


def _holds_time_in(appointment: Appointment, off: Interval) -> bool:
    held = appointment.held
    return held.start < held.end and held.overlaps(off)

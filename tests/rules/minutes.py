"""Instants, working hours and appointments in the words of the model: minutes since an epoch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor, WorkingHours
from shared.model.documents import Documents
from shared.model.hold import Hold
from shared.model.interval import Interval
from tests import reference_model as model
from tests.reference_model import Held
from tests.strategies import DAY, MINUTE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute(instant: datetime) -> int:
    """The minute in which an instant lies."""
    return (instant - EPOCH) // MINUTE


def minutes(interval: Interval) -> range:
    """The minutes of an interval."""
    return range(minute(interval.start), minute(interval.end))


def instant_of(minute: int) -> datetime:
    """The instant at which a minute begins."""
    return EPOCH + minute * MINUTE


def interval_of(minutes: range) -> Interval:
    """The interval of some minutes."""
    return Interval(instant_of(minutes.start), instant_of(minutes.stop))


@cache
def wall_clock(zone: ZoneInfo, day: date) -> dict[int, int]:
    """What the clock shows, in minutes since the midnight of a date, at each minute around it."""
    midnight = datetime.combine(day, time())
    first = minute(midnight.replace(tzinfo=UTC)) - 16 * 60
    local = {m: instant_of(m).astimezone(zone) for m in range(first, first + 56 * 60)}
    return {m: (shown.replace(tzinfo=None) - midnight) // MINUTE for m, shown in local.items()}


@lru_cache(maxsize=1000)
def working_hours(hours: tuple[WorkingHours, ...], zone: ZoneInfo, day: date) -> Mapping[int, int]:
    """The minutes of these hours on a local date, and what the clock shows then."""
    return model.working(hours, wall_clock(zone, day))


def working(doctor: Doctor, day: date) -> Mapping[int, int]:
    """The minutes that are worked on a local date, and what the clock shows then."""
    return working_hours(doctor.week[day.weekday()], doctor.zone, day)


def working_around(doctor: Doctor, dates: Sequence[date]) -> dict[int, int]:
    """The minutes that are worked from two days before some dates to two days after them."""
    around = [dates[0] - 2 * DAY, dates[0] - DAY, *dates, dates[-1] + DAY, dates[-1] + 2 * DAY]
    return {m: shown for day in around for m, shown in working(doctor, day).items()}


@lru_cache(maxsize=100_000)
def local(zone: ZoneInfo, minute: int) -> tuple[date, int]:
    """The local date of a minute, and what the clock shows then, in minutes since midnight."""
    shown = instant_of(minute).astimezone(zone)
    return shown.date(), shown.hour * 60 + shown.minute


def shown_at(doctor: Doctor, minutes: Iterable[int]) -> dict[int, int]:
    """What a doctor's clock shows at some minutes."""
    return {m: local(doctor.zone, m)[1] for m in minutes}


def keys_of(doctor: Doctor, minutes: range) -> list[DayKey]:
    """The doctor-days of some minutes."""
    shift = doctor.day_shift // MINUTE
    first, last = ((m + shift) // (24 * 60) for m in (minutes.start, minutes.stop - 1))
    epoch = date(1970, 1, 1).toordinal()
    return [DayKey(doctor.id, date.fromordinal(epoch + n)) for n in range(first, last + 1)]


def held_by(a: Appointment) -> Held:
    """What an appointment holds."""
    return Held(
        a.doctor_id,
        minutes(a.interval),
        a.status != "cancelled",
        a.before // MINUTE,
        a.after // MINUTE,
        None if a.freed_from is None else minute(a.freed_from),
    )


def kept_by(hold: Hold, now: datetime) -> Held:
    """What a hold keeps, which is nothing from its very end on."""
    is_live = now < hold.ends_at
    buffers = hold.before // MINUTE, hold.after // MINUTE
    return Held(hold.doctor_id, minutes(hold.interval), is_live, *buffers)


def held(documents: Documents) -> dict[str, Held]:
    """What all appointments hold, by id."""
    standing = [a for day in documents.days.values() for a in day.appointments]
    ended = [a for a in documents.elsewhere.values() if isinstance(a, Appointment)]
    return {a.id: held_by(a) for a in (*standing, *ended)}

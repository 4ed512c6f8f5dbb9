"""The clinic of the model that looks at every minute: its doctors, their hours, and clocks.

It shares nothing with the code under test, not even the zones: the offsets stand here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

from tests import reference_model as model

Json = dict[str, Any]

EPOCH = datetime(2050, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPEN_APPOINTMENTS, CHANGES_PER_DAY = 3, 3
"""What patients may do: less than mostly, so that few steps suffice."""

POLICY = {"open_appointments": OPEN_APPOINTMENTS, "changes_per_day": CHANGES_PER_DAY}

SERVICES: list[Json] = [
    {"id": "check-up", "name": "Check-up", "duration_minutes": 60, "buffer_after_minutes": 15},
    {
        "id": "talk",
        "name": "Talk",
        "buffer_before_minutes": 10,
        "policy": {"notice_minutes": 120},
    },
]
SERVICE: Mapping[str, Json] = {service["id"]: service for service in SERVICES}

DOCTORS: list[Json] = [
    {
        "id": "strange",
        "name": "Doctor Strange",
        "time_zone": "America/New_York",
        "working_hours": [
            {"days": ["sat"], "opens": "22:00", "closes": "24:00"},
            {"days": ["sun"], "opens": "00:00", "closes": "04:00"},
            {"days": ["mon"], "opens": "09:00", "closes": "10:00"},
            {"days": ["mon"], "opens": "10:30", "closes": "12:00"},
        ],
    },
    {
        "id": "who",
        "name": "Doctor Who",
        "time_zone": "UTC",
        "working_hours": [
            {"days": ["sun"], "opens": "03:00", "closes": "06:00"},
            {"days": ["sun"], "opens": "06:00", "closes": "07:00"},
            {"days": ["mon"], "opens": "14:00", "closes": "16:00"},
        ],
        "services": ["check-up"],
    },
]
DOCTOR: Mapping[str, Json] = {doctor["id"]: doctor for doctor in DOCTORS}
CLINIC_ZONE = "Europe/Berlin"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# On this Sunday the hour from 01:00 to 02:00 comes twice in New York.
CLOCKS_GO_BACK = datetime(2050, 11, 6, 6, tzinfo=UTC)


# Clocks


def offset(zone: str, instant: datetime) -> timedelta:
    """How far a clock is ahead of UTC; right in the winter from 2050 to 2051."""
    if zone == "America/New_York":
        return timedelta(hours=-4 if instant < CLOCKS_GO_BACK else -5)
    return timedelta(hours={"UTC": 0, CLINIC_ZONE: 1}[zone])


def shown(instant: datetime, zone: str) -> str:
    """An instant as an answer tells it."""
    local = instant.astimezone(timezone(offset(zone, instant))).replace(microsecond=0)
    return local.isoformat().replace("+00:00", "Z")


def instants(text: str, zone: str) -> list[datetime]:
    """The instants that a text may mean, of which there should be one."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        return [time.astimezone(UTC)]
    some = (time.replace(tzinfo=timezone(timedelta(hours=hours))) for hours in range(-12, 13))
    return [
        instant.astimezone(UTC) for instant in some if instant.utcoffset() == offset(zone, instant)
    ]


def minute(instant: datetime) -> int:
    """How many minutes have begun since the epoch: of a broken one, the next."""
    return -((EPOCH - instant) // MINUTE)


def at(minute: int) -> datetime:
    return EPOCH + minute * MINUTE


def wall_clock(doctor: Json, minute: int) -> datetime:
    return (at(minute) + offset(doctor["time_zone"], at(minute))).replace(tzinfo=None)


@cache
def working(doctor_id: str, day: date) -> Mapping[int, int]:
    """The minutes in which a doctor works on a local day, and the minute that the clock shows."""
    doctor, midnight = DOCTOR[doctor_id], datetime.combine(day, time())
    first = minute(midnight.replace(tzinfo=UTC))  # No doctor's clock is ahead of UTC.
    around = range(first, first + 30 * 60)
    clock = {m: (wall_clock(doctor, m) - midnight) // MINUTE for m in around}
    today = [h for h in doctor["working_hours"] if WEEK[day.weekday()] in h["days"]]
    return model.working(((_of_day(h["opens"]), _of_day(h["closes"])) for h in today), clock)


def _of_day(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


@dataclass(frozen=True)
class Changes:
    """The minutes in which a doctor works beside the week, and those in which a doctor is away."""

    extra: frozenset[int] = frozenset()
    off: frozenset[int] = frozenset()

    def working(self, doctor_id: str, day: date) -> Mapping[int, int]:
        """The minutes in which a doctor works on a local day, and what the clock shows then."""
        there = self.if_never_away(doctor_id, day)
        return {m: there[m] for m in there if m not in self.off} if self.off else there

    def if_never_away(self, doctor_id: str, day: date) -> Mapping[int, int]:
        """The same, without time off."""
        week = working(doctor_id, day)
        if not self.extra:
            return week
        midnight = datetime.combine(day, time())
        clock = {m: (wall_clock(DOCTOR[doctor_id], m) - midnight) // MINUTE for m in self.extra}
        extra = {m: shown for m, shown in clock.items() if 0 <= shown < 24 * 60}
        return dict(sorted({**week, **extra}.items()))

    def days_of(self, bounds: range, doctor_id: str) -> Iterator[Mapping[int, int]]:
        """What is worked on the local days that the bounds touch; days that meet come together."""
        doctor = DOCTOR[doctor_id]
        day, last = (wall_clock(doctor, m).date() for m in (bounds.start, bounds.stop))
        together: dict[int, int] = {}
        while day <= last:
            works = self.working(doctor_id, day)
            if together and max(together) + 1 not in works:
                yield together
                together = {}
            together = {**together, **works}
            day += timedelta(days=1)
        yield together

    def openings(
        self,
        doctor_id: str,
        bounds: range,
        length: int,
        busy: Collection[int],
        step: int | None = None,
    ) -> Iterator[int]:
        """The minutes at which an opening starts, on any day, also across midnight."""
        for works in self.days_of(bounds, doctor_id):
            yield from model.openings(works, busy, bounds, length, step)


def times(when: range, doctor: Json) -> Json:
    zone = doctor["time_zone"]
    return {"start": shown(at(when.start), zone), "end": shown(at(when.stop), zone)}


def placed(when: range, doctor: Json) -> Json:
    return {
        "doctor_id": doctor["id"],
        "doctor_name": doctor["name"],
        **times(when, doctor),
        "duration_minutes": len(when),
        "time_zone": doctor["time_zone"],
    }

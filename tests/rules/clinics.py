"""Clinics at random: doctors, overrides, closed days, buffers, and what is booked, held or freed.

Nothing is booked by the rules under test: the model says which appointments fit beside each other.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.override import OverrideEntry, OverrideKind
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import Policy
from shared.rules.availability import Terms
from shared.rules.starts import Rule
from tests import reference_model as model
from tests.builders import ADA, owned, patient, schedule_of
from tests.reference_model import Held
from tests.rules.minutes import (
    held_by,
    instant_of,
    interval_of,
    keys_of,
    minute,
    minutes,
    shown_at,
    working_around,
)
from tests.strategies import DAY, MINUTE, day_shifts, doctors_and_dates, hours, instants, intervals

HER = patient("ada")
LONG_AGO = datetime.fromisoformat("2026-01-01T00:00Z")
BUFFERS = [0, 0, 0, 1, 5, 45, 120]
RULES: list[Rule] = [
    "outside_working_hours",
    "in_the_past",
    "too_soon",
    "too_late",
    "time_off",
    "patient_busy",
]


class Wanted(NamedTuple):
    """A time that somebody asks for, with so many minutes of buffers."""

    doctor: Doctor
    when: range
    before: int = 0
    after: int = 0
    moving: str | None = None


class SomeClinic(Struct, frozen=True, dict=True):
    """Doctors and their calendars around three dates, and what the clinic allows."""

    doctors: Sequence[Doctor]
    dates: Sequence[date]
    now: datetime
    terms: Terms
    appointments: Sequence[Appointment]
    overrides: Sequence[tuple[Doctor, OverrideEntry]]
    hers: PatientSchedule

    @cached_property
    def held(self) -> dict[str, Held]:
        """What everybody holds."""
        return {a.id: held_by(a) for a in self.appointments}

    @cached_property
    def days(self) -> dict[DayKey, DaySchedule]:
        """The doctor-days, each with everything that touches it."""
        by_id = {doctor.id: doctor for doctor in self.doctors}
        appointments: dict[DayKey, list[Appointment]] = {}
        overrides: dict[DayKey, list[OverrideEntry]] = {}
        for a in self.appointments:
            held = held_by(a)
            reach = range(held.when.start - held.before, held.when.stop + held.after)
            for key in keys_of(by_id[a.doctor_id], reach):
                appointments.setdefault(key, []).append(a)
        for doctor, override in self.overrides:
            for key in keys_of(doctor, minutes(override.interval)):
                overrides.setdefault(key, []).append(override)
        return {
            key: DaySchedule(
                key,
                tuple(sorted(appointments.get(key, []), key=lambda a: a.position)),
                tuple(sorted(overrides.get(key, []), key=lambda o: o.id)),
            )
            for key in appointments.keys() | overrides.keys()
        }

    # What the model says

    def hours(self, doctor: Doctor) -> set[int]:
        """The minutes that a doctor would work if nobody were ever away."""
        extra = self._overridden(doctor, "extra_hours")
        return {*working_around(doctor, self.dates)} | extra

    def away(self, doctor: Doctor) -> set[int]:
        """The minutes at which a doctor is away, or the clinic closed."""
        closed = {m for interval in self.terms.closed for m in minutes(interval)}
        return self._overridden(doctor, "time_off") | closed

    def works(self, doctor: Doctor) -> dict[int, int]:
        """The minutes that a doctor works, with what the clock shows."""
        return shown_at(doctor, self.hours(doctor) - self.away(doctor))

    def taken(self, wanted: Wanted) -> set[int]:
        """The minutes at which what is wanted cannot be, because of others."""
        buffers = wanted.before, wanted.after
        return model.busy(self.held, wanted.doctor.id, wanted.moving, buffers)

    def starts(self) -> range:
        """The minutes in which an appointment may start that breaks no rule."""
        policy = self.terms.policy
        first = minute(self.now)
        if policy.notice:
            first += policy.notice // MINUTE + (self.now > instant_of(first))
        return range(first, minute(self.now) + policy.horizon // MINUTE + 1)

    def refusal(self, wanted: Wanted, *, hers: bool = False) -> str | None:
        """The name of the rule that stands in the way first, or None."""
        broken, asked = self.terms.broken, {*wanted.when}
        start, allowed = wanted.when.start, self.starts()
        is_past = start < minute(self.now)
        her_time = {m for a in self.hers.appointments for m in held_by(a).holds}
        why = {
            "in_the_past": is_past,
            "too_soon": not is_past and start < allowed.start,
            "too_late": start >= allowed.stop,
            "outside_working_hours": not asked <= self.hours(wanted.doctor),
            "time_off": bool(asked & self.away(wanted.doctor)),
            "slot_taken": bool(asked & self.taken(wanted)),
            "patient_busy": hers and bool(asked & her_time),
        }
        return next((name for name, is_so in why.items() if is_so and name not in broken), None)

    def _overridden(self, doctor: Doctor, kind: str) -> set[int]:
        mine = (o for whose, o in self.overrides if whose is doctor and o.kind == kind)
        return {m for override in mine for m in minutes(override.interval)}


@st.composite
def buffers(draw: st.DrawFn) -> tuple[int, int]:
    """So many minutes before and after."""
    return draw(st.sampled_from(BUFFERS)), draw(st.sampled_from(BUFFERS))


@st.composite
def clinics(draw: st.DrawFn, *, breaking: bool = False) -> SomeClinic:
    """Any clinic; if `breaking`, its terms may break any rules."""
    someone, dates = draw(doctors_and_dates())
    local = someone.zone.utcoffset(datetime.combine(dates[0], datetime.min.time()))
    assert local is not None
    one = replace(someone, day_shift=draw(day_shifts() | st.just(local)))
    two = replace(one, id="who", week=(draw(hours()),) * 7, day_shift=draw(day_shifts()))
    doctors = [one, two]
    now = draw(instants(one, dates[0]) | instants(one, dates[1])) + draw(
        st.integers(0, 59)
    ) * timedelta(seconds=1)
    overrides = [
        (doctor, OverrideEntry(f"{doctor.id}.override.{n}", kind, interval))
        for doctor in doctors
        for n, (kind, interval) in enumerate(draw(st.lists(_overrides(doctor, dates), max_size=3)))
    ]
    some_rules = st.frozensets(st.sampled_from(RULES), max_size=3) | st.just(frozenset(RULES[:5]))
    broken = draw(some_rules) if breaking else frozenset()
    closed = draw(st.lists(intervals(one, dates[1], 1440), max_size=2))
    clinic = SomeClinic(
        doctors,
        dates,
        now,
        Terms(draw(_policies()), tuple(sorted(closed)), broken),
        [],
        overrides,
        schedule_of(HER, *draw(st.lists(_hers(one, dates[1]), min_size=1, max_size=3))),
    )
    return replace(clinic, appointments=draw(_booked(clinic)))


@st.composite
def _overrides(
    draw: st.DrawFn, doctor: Doctor, dates: Sequence[date]
) -> tuple[OverrideKind, Interval]:
    day = draw(st.sampled_from(dates))
    if draw(st.booleans()):
        return "time_off", draw(intervals(doctor, day, 2000) | intervals(doctor, day, 300))
    # Extra hours lie within a local date, and often begin or end at one of its midnights.
    first = minute(datetime.combine(day, datetime.min.time(), doctor.zone))
    last = minute(datetime.combine(day + DAY, datetime.min.time(), doctor.zone))
    start = draw(st.just(first) | st.integers(first, last - 1))
    end = draw(st.just(last) | st.integers(start + 1, min(start + 400, last)))
    return "extra_hours", interval_of(range(start, end))


def _policies() -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        notice=st.sampled_from([0, 0, 1, 60, 700]).map(lambda n: n * MINUTE),
        horizon=st.sampled_from([1826 * 1440, 1826 * 1440, 1440, 2000]).map(lambda n: n * MINUTE),
    )


@st.composite
def _hers(draw: st.DrawFn, doctor: Doctor, day: date) -> Appointment:
    """What she has with somebody else, of whom nothing else is known."""
    when = draw(intervals(doctor, day, 240))
    before, after = draw(buffers())
    plain = Appointment(
        f"nobody.{draw(st.integers())}", "nobody", when, ADA, LONG_AGO, LONG_AGO
    )._replace(before=before * MINUTE, after=after * MINUTE)
    return draw(_marked(owned(plain, HER)))


@st.composite
def _booked(draw: st.DrawFn, clinic: SomeClinic) -> list[Appointment]:
    """Appointments that keep their distances, at any time; some are freed in part or as a whole."""
    found: list[Appointment] = []
    for n in range(draw(st.integers(0, 12))):
        doctor = draw(st.sampled_from(clinic.doctors))
        day = draw(st.sampled_from(clinic.dates).flatmap(partial(intervals, doctor, longest=400)))
        before, after = draw(buffers())
        held = {a.id: held_by(a) for a in found}
        if model.conflicts(held, doctor.id, minutes(day), buffers=(before, after)):
            continue
        plain = Appointment(f"{n:02}", doctor.id, day, ADA, LONG_AGO, LONG_AGO)
        buffered = plain._replace(before=before * MINUTE, after=after * MINUTE)
        found.append(draw(_marked(buffered)))
    return found


@st.composite
def _marked(draw: st.DrawFn, booked: Appointment) -> Appointment:
    freed = draw(st.integers(-30, booked.interval.length // MINUTE + 1))
    if freed < 0:
        return booked
    freed_from = booked.interval.start + freed * MINUTE
    return booked._replace(mark="fulfilled", freed_from=freed_from)

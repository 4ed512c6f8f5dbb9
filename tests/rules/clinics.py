"""Clinics at random: doctors, overrides, closed days, buffers, holds, and what is booked or freed.

Nothing is booked by the rules under test: the model says which appointments fit beside each other.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.hold import Hold, holder_of
from shared.model.hold_id import hold_id
from shared.model.interval import Interval
from shared.model.override import OverrideEntry, OverrideKind
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import Policy
from shared.rules.allowed_starts import Rule
from shared.rules.availability import Terms
from tests import reference_model as model
from tests.builders import ADA, owned, patient, schedule_of
from tests.reference_model import Held
from tests.rules.minutes import (
    held_by,
    instant_of,
    interval_of,
    kept_by,
    keys_of,
    minute,
    minutes,
    shown_at,
    working_around,
)
from tests.strategies import DAY, MINUTE, day_shifts, doctors_and_dates, hours, instants, intervals

HER, HIM = patient("ada"), patient("bob")
LONG_AGO = datetime.fromisoformat("2026-01-01T00:00Z")
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
BUFFERS = [0, 0, 0, 1, 5, 45, 120]
ENDS = [-3600, 0, 1, 1, 1, 300, 300, 300]
"""In how many seconds holds end, from the one that is running."""

RULES: list[Rule] = [
    "outside_working_hours",
    "in_the_past",
    "too_soon",
    "too_late",
    "time_off",
    "patient_busy",
]


class Wanted(NamedTuple):
    """A time that somebody asks for, with so many minutes of buffers.

    It is for an appointment that is to be moved, or is to be booked with a hold.
    """

    doctor: Doctor
    when: range
    before: int = 0
    after: int = 0
    moving: str | None = None
    hold: str | None = None
    by: Caller = ANYBODY


class SomeClinic(Struct, frozen=True, dict=True):
    """Doctors and their calendars around three dates, and what the clinic allows."""

    doctors: Sequence[Doctor]
    dates: Sequence[date]
    now: datetime
    terms: Terms
    appointments: Sequence[Appointment]
    overrides: Sequence[tuple[Doctor, OverrideEntry]]
    holds: Sequence[tuple[Caller, Hold]]
    hers: PatientSchedule

    @cached_property
    def kept(self) -> dict[str, Held]:
        """What is kept by holds."""
        return {hold.id: kept_by(hold, self.now) for _, hold in self.holds}

    @cached_property
    def held(self) -> dict[str, Held]:
        """What everybody holds."""
        return {a.id: held_by(a) for a in self.appointments} | self.kept

    @cached_property
    def days(self) -> dict[DayKey, DaySchedule]:
        """The doctor-days, each with everything that touches it."""
        by_id = {doctor.id: doctor for doctor in self.doctors}
        appointments: dict[DayKey, list[Appointment]] = {}
        overrides: dict[DayKey, list[OverrideEntry]] = {}
        holds: dict[DayKey, list[Hold]] = {}
        for a in self.appointments:
            for key in keys_of(by_id[a.doctor_id], _reach(held_by(a))):
                appointments.setdefault(key, []).append(a)
        for _, hold in self.holds:
            for key in keys_of(by_id[hold.doctor_id], _reach(self.kept[hold.id])):
                holds.setdefault(key, []).append(hold)
        for doctor, override in self.overrides:
            for key in keys_of(doctor, minutes(override.interval)):
                overrides.setdefault(key, []).append(override)
        return {
            key: DaySchedule(
                key,
                tuple(sorted(appointments.get(key, []), key=lambda a: a.position)),
                tuple(sorted(overrides.get(key, []), key=lambda o: o.id)),
                tuple(sorted(holds.get(key, []), key=lambda h: h.position)),
            )
            for key in appointments.keys() | overrides.keys() | holds.keys()
        }

    def documents(self, *keys: DayKey) -> Documents:
        """Everything, with these days also if nothing is on them."""
        days = {**{key: DaySchedule(key) for key in keys}, **self.days}
        return Documents(days, patients={self.hers.key: self.hers})

    # What the model says

    def hours(self, doctor: Doctor) -> set[int]:
        """The minutes that a doctor would work if nobody were ever away."""
        return self._hours[doctor.id]

    def away(self, doctor: Doctor) -> set[int]:
        """The minutes at which a doctor is away, or the clinic closed."""
        return self._away[doctor.id]

    def works(self, doctor: Doctor) -> dict[int, int]:
        """The minutes that a doctor works, with what the clock shows."""
        return shown_at(doctor, self.hours(doctor) - self.away(doctor))

    def taken(self, wanted: Wanted) -> set[int]:
        """The minutes at which what is wanted cannot be, because of others."""
        return {m for each in self._taken(wanted).values() for m in each}

    def wait(self, wanted: Wanted) -> int | None:
        """After how many seconds the first hold in the way ends; None if not only holds are."""
        asked = {*wanted.when}
        in_the_way = {name for name, each in self._taken(wanted).items() if each & asked}
        if not in_the_way <= self.kept.keys():
            return None
        return min(self._seconds_left(h) for _, h in self.holds if h.id in in_the_way)

    def wait_to_hold(self, wanted: Wanted) -> int | None:
        """After how many seconds patients may hold one more time; None if that is now."""
        if wanted.by.kind != "patient":
            return None
        reach = range(wanted.when.start - wanted.before, wanted.when.stop + wanted.after)
        for key in keys_of(wanted.doctor, reach):
            there = self.days[key].holds if key in self.days else ()
            own = [h for by, h in self.holds if h in there and by is wanted.by]
            live = [h for h in own if self.kept[h.id].booked]
            if len(live) >= 3:
                return min(map(self._seconds_left, live))
        return None

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
        if wanted.hold:
            if wrong := self._wrong_hold(wanted):
                return wrong
            (hold,) = (hold for _, hold in self.holds if hold.id == wanted.hold)
            if hold.notice >= self.terms.policy.notice:
                broken |= {"too_soon"}
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

    @cached_property
    def _hours(self) -> dict[str, set[int]]:
        return {
            doctor.id: {*working_around(doctor, self.dates)}
            | self._overridden(doctor, "extra_hours")
            for doctor in self.doctors
        }

    @cached_property
    def _away(self) -> dict[str, set[int]]:
        closed = {m for interval in self.terms.closed for m in minutes(interval)}
        return {each.id: self._overridden(each, "time_off") | closed for each in self.doctors}

    def _wrong_hold(self, wanted: Wanted) -> str | None:
        own = {h.id for by, h in self.holds if by is wanted.by}
        kept = self.kept.get(wanted.hold or "")
        if wanted.hold not in own or kept is None or not kept.booked:
            return "unknown_hold"
        is_within = kept.doctor == wanted.doctor.id and {*wanted.when} <= {*kept.when}
        return None if is_within else "invalid_request"

    def _taken(self, wanted: Wanted) -> dict[str, set[int]]:
        """The minutes that each of the others keeps from what is wanted."""
        freed, buffers = (wanted.moving, wanted.hold), (wanted.before, wanted.after)
        others = {name: held for name, held in self.held.items() if name not in freed}
        name = wanted.doctor.id
        return {each: model.busy({each: h}, name, buffers=buffers) for each, h in others.items()}

    def _seconds_left(self, hold: Hold) -> int:
        """For how long a hold is live, in whole seconds of which the last may have begun."""
        return -((self.now - hold.ends_at) // SECOND)

    def _overridden(self, doctor: Doctor, kind: str) -> set[int]:
        mine = (o for whose, o in self.overrides if whose is doctor and o.kind == kind)
        return {m for override in mine for m in minutes(override.interval)}


def _reach(held: Held) -> range:
    """The minutes with both buffers."""
    return range(held.when.start - held.before, held.when.stop + held.after)


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
    now = draw(instants(one, dates[0]) | instants(one, dates[1]))
    now += draw(st.integers(0, 59)) * SECOND + draw(st.sampled_from([0, 1, 999_999])) * MICROSECOND
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
        [],
        schedule_of(HER, *(draw(_hers(one, dates[1], n)) for n in range(draw(st.integers(1, 3))))),
    )
    clinic = replace(clinic, appointments=draw(_booked(clinic)))
    return replace(clinic, holds=draw(_holds(clinic)))


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
def _hers(draw: st.DrawFn, doctor: Doctor, day: date, number: int) -> Appointment:
    """What she has with somebody else, of whom nothing else is known."""
    when = draw(intervals(doctor, day, 240))
    before, after = draw(buffers())
    plain = Appointment(f"nobody.{number}", "nobody", when, ADA, LONG_AGO, LONG_AGO)._replace(
        before=before * MINUTE, after=after * MINUTE
    )
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
def _holds(draw: st.DrawFn, clinic: SomeClinic) -> list[tuple[Caller, Hold]]:
    """Holds that end about now; those that are live keep their distances."""
    found: list[tuple[Caller, Hold]] = []
    this_second = clinic.now.replace(microsecond=0)
    usual = draw(st.sampled_from([ANYBODY, HER, HER])), draw(st.sampled_from(clinic.doctors))
    others = st.sampled_from([ANYBODY, HER, HIM]), st.sampled_from(clinic.doctors)
    for n in range(draw(st.sampled_from([0, 1, 4, 8]))):
        by, doctor = usual if draw(st.integers(0, 3)) else draw(st.tuples(*others))
        there = replace(clinic, holds=found)
        when = draw(intervals(doctor, clinic.dates[1], 60) | _next_to(there, doctor))
        before, after = draw(buffers())
        name = hold_id(keys_of(doctor, minutes(when))[0], f"{n}")
        hold = Hold(
            name,
            doctor.id,
            when,
            this_second + draw(st.sampled_from(ENDS)) * SECOND,
            holder_of(name, by.account),
            before * MINUTE,
            after * MINUTE,
            draw(st.sampled_from([0, 700, 2000])) * MINUTE,
        )
        is_free = not there.taken(Wanted(doctor, minutes(when), before, after)) & {*minutes(when)}
        if is_free or not kept_by(hold, clinic.now).booked:
            found.append((by, hold))
    return found


def _next_to(clinic: SomeClinic, doctor: Doctor) -> st.SearchStrategy[Interval]:
    """Half an hour soon after something else."""
    ends = [held.when.stop for held in clinic.held.values() if held.doctor == doctor.id]
    if not ends:
        return st.nothing()
    starts = st.tuples(st.sampled_from(ends), st.sampled_from(BUFFERS)).map(sum)
    return starts.map(lambda start: interval_of(range(start, start + 30)))


@st.composite
def _marked(draw: st.DrawFn, booked: Appointment) -> Appointment:
    freed = draw(st.integers(-30, booked.interval.length // MINUTE + 1))
    if freed < 0:
        return booked
    freed_from = booked.interval.start + freed * MINUTE
    return booked._replace(mark="fulfilled", freed_from=freed_from)

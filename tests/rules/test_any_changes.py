"""Whatever is booked, moved and cancelled in whatever order, every appointment is in its place.

The places are counted in minutes, with nothing of the code under test.
"""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.queries.look_ups import find_appointment
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing import Sought
from shared.rules.moving import Move, move
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments
from shared.rules.requested_time import RequestedTime
from shared.store.port import DayWrite, Stored
from tests.builders import at, doctor, owned, patient, to_book
from tests.examples import examples
from tests.reference_model import Held, conflicts
from tests.scripted_store import ScriptedStore

NOW, MIDNIGHT = at("2026-11-20T12:00Z"), at("2026-11-23T00:00Z")
SHIFTS = {"strange": 0, "who": -60}
"""By how many minutes each doctor's days are shifted."""

DOCTORS = {
    name: replace(doctor((("00:00", "24:00"),), doctor_id=name), day_shift=timedelta(minutes=shift))
    for name, shift in SHIFTS.items()
}


@st.composite
def places(draw: st.DrawFn) -> Held:
    """A doctor, and some minutes around one of three midnights, so that many are in the way."""
    start = draw(st.integers(1, 3)) * 24 * 60 + draw(st.integers(-4, 3)) * 30
    when = range(start, start + draw(st.sampled_from([30, 60, 60, 90, 24 * 60])))
    return Held(draw(st.sampled_from(sorted(DOCTORS))), when)


CHANGES = st.tuples(st.sampled_from(["book", "move", "move", "home", "cancel"]), st.integers(0, 7))


PATIENTS = [None, patient("ada"), patient("bob")]


class Calendar:
    """The documents as the rules change them, and beside them what the model holds."""

    def __init__(self) -> None:
        self.days: dict[DayKey, DaySchedule] = {}
        self.elsewhere: dict[ElsewhereKey, Whereabouts] = {}
        self.patients: dict[PatientKey, PatientSchedule] = {}
        self.held: dict[str, Held] = {}
        self.born: dict[str, Held] = {}
        self.owners: dict[str, Caller | None] = {}

    def apply(self, kind: str, number: int, place: Held) -> None:
        """Make a change on one of the appointments, if there is any, else book one."""
        names = [*self.held]
        name = names[number % len(names)] if names else ""
        if kind == "book" or not names:
            name = appointment_id(days_of(place)[0], f"n{len(names)}")
            booking = to_book(name, DOCTORS[place.doctor], interval_of(place), NOW)
            if owner := PATIENTS[number % 3]:
                booking = replace(booking, appointment=owned(booking.appointment, owner))
            self.owners[name] = owner
            self.decide(name, place, lambda found: book(found, booking, NOW), *booking.days)
            self.born.setdefault(name, place)
        elif kind == "cancel":
            request = Cancellation(sought(name))
            gone = self.held[name]._replace(booked=False)
            self.decide(name, gone, lambda found: cancel(found, request, NOW), home_of(name))
        else:
            to = self.born[name] if kind == "home" else place
            time = RequestedTime(*interval_of(to))
            moving = Move(sought(name), time, to.doctor)
            self.decide(name, to, lambda found: move(found, moving, NOW), home_of(name))

    def decide(
        self, name: str, becomes: Held, decision: Callable[[Documents], Decision], *days: DayKey
    ) -> None:
        """Decide on these days alone, then on all that turns out to be needed as well."""
        needed = NeedsDocuments(frozenset(days))
        for _ in range(5):
            given = self.documents(needed)
            changes, outcome = decision(given)
            if not isinstance(outcome, NeedsDocuments):
                break
            assert changes == Documents()
            assert not (
                outcome.days <= needed.days
                and outcome.elsewhere <= needed.elsewhere
                and outcome.patients <= needed.patients
            )
            needed = replace(outcome, patients=outcome.patients | needed.patients)
        busy = becomes.booked and conflicts(self.held, becomes.doctor, becomes.when, but=name)
        too = becomes.booked and self.patient_is_busy(name, becomes.when)
        granted = not (busy or too) and (name not in self.held or self.held[name].booked)
        assert isinstance(outcome, Accepted) is granted is bool(changes.days)
        if isinstance(outcome, Accepted):
            self.commit(given, changes)
            self.held[name] = held(outcome.appointment)
            assert (outcome.appointment.id, self.held[name]) == (name, becomes)

    def patient_is_busy(self, name: str, when: range) -> bool:
        """Whether its patient has another appointment in one of these minutes."""
        owner = self.owners[name]
        mine = [other for other in self.held if self.owners[other] is owner and other != name]
        return owner is not None and any(
            self.held[other].booked and {*self.held[other].when} & {*when} for other in mine
        )

    def documents(self, needed: NeedsDocuments) -> Documents:
        """What a store would load."""
        return Documents(
            {key: self.days.get(key, DaySchedule(key)) for key in needed.days},
            {key: self.elsewhere.get(key) for key in needed.elsewhere},
            {key: self.patients.get(key, PatientSchedule(key)) for key in needed.patients},
        )

    def commit(self, given: Documents, changes: Documents) -> None:
        """Write what changes; what was not loaded can only be written where nothing is."""
        assert changes.days.keys() <= given.days.keys()
        assert all(DayWrite(Stored(given.days[k], 1), d).changed() for k, d in changes.days.items())
        assert all(self.elsewhere.get(k) != to for k, to in changes.elsewhere.items())
        assert self.elsewhere.keys() & changes.elsewhere.keys() <= given.elsewhere.keys()
        assert changes.patients.keys() <= given.patients.keys()
        self.days.update(changes.days)
        self.patients.update(changes.patients)
        there = {**self.elsewhere, **changes.elsewhere}
        self.elsewhere = {key: found for key, found in there.items() if found}

    def standing(self) -> dict[DayKey, set[str]]:
        """Which appointments the days hold, where they hold any."""
        return {key: {a.id for a in d.appointments} for key, d in self.days.items() if d.busy}

    def schedules(self) -> dict[PatientKey, set[str]]:
        """Which appointments the schedules of patients hold, where they hold any."""
        found = {key: {a.id for a in s.appointments} for key, s in self.patients.items()}
        return {key: ids for key, ids in found.items() if ids}

    def expected_schedules(self) -> dict[PatientKey, set[str]]:
        """Every account that has booked appointments, and these."""
        found: dict[PatientKey, set[str]] = {}
        for name, owner in self.owners.items():
            if owner and owner.patient and name in self.held and self.held[name].booked:
                found.setdefault(owner.patient, set()).add(name)
        return found

    def whereabouts(self) -> dict[ElsewhereKey, str | DayKey | ElsewhereKey]:
        """What is kept beside the days; the id of an appointment stands for itself."""
        return {k: w.id if isinstance(w, Appointment) else w.to for k, w in self.elsewhere.items()}


def expected_days(held: dict[str, Held]) -> dict[DayKey, set[str]]:
    """Every day that a booked appointment has a minute on, and the appointments."""
    found: dict[DayKey, set[str]] = {}
    for name, place in held.items():
        for key in days_of(place) if place.booked else ():
            found.setdefault(key, set()).add(name)
    return found


def expected_whereabouts(held: dict[str, Held]) -> dict[ElsewhereKey, str | DayKey | ElsewhereKey]:
    """Where those are that have left the day of their birth, and nobody else."""
    found: dict[ElsewhereKey, str | DayKey | ElsewhereKey] = {}
    for name, place in held.items():
        birth, own = ElsewhereKey(home_of(name).doctor_id, name), ElsewhereKey(place.doctor, name)
        if place.booked and home_of(name) not in days_of(place):
            found[birth] = days_of(place)[0]
        if not place.booked:
            found = {**found, birth: own, own: name}
    return found


def interval_of(place: Held) -> Interval:
    start, end = (MIDNIGHT + timedelta(minutes=m) for m in (place.when.start, place.when.stop))
    return Interval(start, end)


def days_of(place: Held) -> list[DayKey]:
    """The doctor-days of each minute."""
    numbers = sorted({(minute + SHIFTS[place.doctor]) // (24 * 60) for minute in place.when})
    return [DayKey(place.doctor, date(2026, 11, 23 + number)) for number in numbers]


def held(a: Appointment) -> Held:
    start, end = ((t - MIDNIGHT) // timedelta(minutes=1) for t in a.interval)
    return Held(a.doctor_id, range(start, end), a.status == "booked")


def home_of(name: str) -> DayKey:
    home = home_day(name)
    assert home is not None
    return home


def sought(name: str) -> Sought:
    return Sought(name, home_of(name), DOCTORS, ANYBODY)


@given(st.lists(st.tuples(CHANGES, places()), min_size=8, max_size=30))
@examples(50)
def test_every_appointment_stands_where_it_belongs_and_nowhere_else_and_is_found_from_its_id(
    changes: list[tuple[tuple[str, int], Held]],
) -> None:
    calendar = Calendar()
    for change, place in changes:
        calendar.apply(*change, place)
        assert calendar.standing() == expected_days(calendar.held)
        assert calendar.whereabouts() == expected_whereabouts(calendar.held)
        assert calendar.schedules() == calendar.expected_schedules()

    for name, place in calendar.held.items():
        store = ScriptedStore(*calendar.days.values())
        for key, whereabouts in calendar.elsewhere.items():
            store.put_elsewhere(key, whereabouts)
        found = asyncio.run(find_appointment(store.snapshot(), name, ANYBODY))
        assert found is not None
        assert (found.id, held(found)) == (name, place)
        assert store.loads <= 2

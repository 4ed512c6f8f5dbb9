"""Whatever is booked, moved and cancelled in whatever order, every appointment is in its place."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.queries.appointments import find_appointment
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Days, Decision, NeedsDays
from shared.store.port import DayWrite, Stored
from tests.builders import at, doctor, key, to_book, to_move
from tests.proof.promises import all_appointments
from tests.reference_model import Held, conflicts
from tests.scripted_store import ScriptedStore

NOW, MIDNIGHT = at("2026-11-20T12:00Z"), at("2026-11-23T00:00Z")
DOCTORS = {name: doctor(doctor_id=name) for name in ("strange", "who")}
KEYS = [key(f"2026-11-{day}", name) for day in (23, 24, 25) for name in DOCTORS]


@st.composite
def places(draw: st.DrawFn) -> Held:
    """A doctor, and one or two of the first three hours of a day, so that many are in the way."""
    start = draw(st.integers(0, 2)) * 24 * 60 + draw(st.integers(9, 11)) * 60
    when = range(start, start + draw(st.integers(1, 2)) * 60)
    return Held(draw(st.sampled_from(sorted(DOCTORS))), when)


CHANGES = st.tuples(st.sampled_from("bmmc"), st.integers(0, 7), places())


class Calendar:
    """The days as the rules change them, and beside them what the model holds."""

    def __init__(self) -> None:
        self.days: Days = {key: DaySchedule(key) for key in KEYS}
        self.held: dict[str, Held] = {}

    def apply(self, kind: str, number: int, place: Held) -> None:
        """Make a change on one of the appointments, if there is any, else book one."""
        to, day = DOCTORS[place.doctor], day_of(place)
        names = [*self.held]
        name = names[number % len(names)] if names else ""
        if kind == "b" or not names:
            name = appointment_id(day, f"n{len(names)}")
            booking = to_book(name, to, interval_of(place), NOW)
            self.decide(name, place, lambda days: book(days, booking, NOW))
        elif kind == "m":
            moving = to_move(name, home_of(name), to, interval_of(place))
            self.decide(name, place, lambda days: move(days, moving, NOW))
        else:
            wish = Cancellation(name, home_of(name))
            gone = self.held[name]._replace(booked=False)
            self.decide(name, gone, lambda days: cancel(days, wish, NOW))

    def decide(self, name: str, becomes: Held, decision: Callable[[Days], Decision]) -> None:
        """Decide on the home day alone, then on those that turn out to be needed as well."""
        needed = {home_of(name)}
        for _ in range(3):
            changes, outcome = decision({key: self.days[key] for key in needed})
            if not isinstance(outcome, NeedsDays):
                break
            assert changes == {}
            assert needed < outcome.days
            needed = set(outcome.days)
        busy = becomes.booked and conflicts(self.held, becomes.doctor, becomes.when, but=name)
        granted = not busy and (name not in self.held or self.held[name].booked)
        assert isinstance(outcome, Accepted) is granted is bool(changes)
        assert changes.keys() <= needed
        for changed, day in changes.items():
            assert DayWrite(Stored(self.days[changed], 1), day).changed()
        self.days = {**self.days, **changes}
        if isinstance(outcome, Accepted):
            self.held[name] = held(outcome.appointment)
            assert (outcome.appointment.id, self.held[name]) == (name, becomes)


def interval_of(place: Held) -> Interval:
    start, end = (MIDNIGHT + timedelta(minutes=m) for m in (place.when.start, place.when.stop))
    return Interval(start, end)


def day_of(place: Held) -> DayKey:
    return DayKey(place.doctor, interval_of(place).start.date())


def held(a: Appointment) -> Held:
    start, end = ((t - MIDNIGHT) // timedelta(minutes=1) for t in a.interval)
    return Held(a.doctor_id, range(start, end), a.status == "booked")


def home_of(name: str) -> DayKey:
    home = home_day(name)
    assert home is not None
    return home


@given(st.lists(CHANGES, min_size=8, max_size=40))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_appointment_lies_where_it_was_last_moved_to_and_is_found_from_its_home_day(
    changes: list[tuple[str, int, Held]],
) -> None:
    calendar = Calendar()
    for change in changes:
        calendar.apply(*change)

    there = all_appointments({key: Stored(day, 1) for key, day in calendar.days.items()})
    assert {name: held(found) for name, found in there.items()} == calendar.held
    for name, found in there.items():
        store = ScriptedStore(*calendar.days.values())
        assert asyncio.run(find_appointment(store.snapshot(), name)) == found
        assert len(store.read) == (1 if day_of(calendar.held[name]) == home_of(name) else 2)

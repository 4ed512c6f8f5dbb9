"""Whatever is booked, moved and cancelled in whatever order, every appointment is in its place.

The model knows appointments only: with whom, when, and if they were cancelled.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.appointments import find_appointment
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Decision, NeedsDays, Outcome
from shared.store.port import DayWrite, Stored
from tests.builders import Diary, at, doctor, key, to_book, to_move

NOW = at("2026-11-20T12:00Z")
HOUR = timedelta(hours=1)
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25")
DOCTORS = (doctor(), doctor(doctor_id="who"))
KEYS = [key(day, who.id) for day in DAYS for who in DOCTORS]
Place = tuple[Doctor, Interval]


@st.composite
def places(draw: st.DrawFn) -> Place:
    """A doctor, and one or two of the first three hours of a day, so that many are in the way."""
    start = at(f"{draw(st.sampled_from(DAYS))}T09:00Z") + draw(st.integers(0, 2)) * HOUR
    return draw(st.sampled_from(DOCTORS)), Interval(start, start + draw(st.integers(1, 2)) * HOUR)


NUMBERS = st.integers(0, 7)
CHANGES = st.one_of(
    st.tuples(st.just("book"), NUMBERS, places()),
    st.tuples(st.just("move"), NUMBERS, places()),
    st.tuples(st.just("move"), NUMBERS, places()),
    st.tuples(st.just("cancel"), NUMBERS, places()),
)


@dataclass
class Dependencies:
    """The days as the rules make them, and beside them the places as the model sees them."""

    days: Mapping[DayKey, DaySchedule]
    expected: dict[str, Place] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def apply(self, kind: str, number: int, place: Place) -> None:
        """Make a change on one of the appointments, if there is any."""
        ids = list(self.expected)
        if kind == "book" or not ids:
            self.book(place)
        elif kind == "move":
            self.move(ids[number % len(ids)], place)
        else:
            self.cancel(ids[number % len(ids)])

    def book(self, place: Place) -> None:
        target = DayKey(place[0].id, place[1].start.date())
        name = appointment_id(target, f"n{len(self.expected)}")
        wish = to_book(name, *place, now=NOW)
        outcome = self.decide({target}, lambda days: book(days, wish, NOW))
        self.check(outcome, name, place, granted=self.is_free(place, name))

    def move(self, name: str, place: Place) -> None:
        home = home_of(name)
        wish = to_move(name, home, *place)
        outcome = self.decide({home}, lambda days: move(days, wish, NOW))
        granted = name not in self.cancelled and self.is_free(place, name)
        self.check(outcome, name, place, granted=granted)

    def cancel(self, name: str) -> None:
        home = home_of(name)
        wish = Cancellation(name, home)
        outcome = self.decide({home}, lambda days: cancel(days, wish, NOW))
        granted = name not in self.cancelled
        self.check(outcome, name, self.expected[name], granted=granted)
        self.cancelled.add(name)

    def decide(
        self, needed: set[DayKey], decision: Callable[[Mapping[DayKey, DaySchedule]], Decision]
    ) -> Outcome:
        """Decide on the needed days alone, then on those that turn out to be needed as well."""
        for _ in range(3):
            changes, outcome = decision({key: self.days[key] for key in needed})
            if not isinstance(outcome, NeedsDays):
                break
            assert changes == {}
            assert needed < outcome.days
            needed = set(outcome.days)
        assert isinstance(outcome, Accepted) is bool(changes)
        assert changes.keys() <= needed
        for changed, day in changes.items():
            assert DayWrite(Stored(self.days[changed], 1), day).changed()
        self.days = {**self.days, **changes}
        return outcome

    def check(self, outcome: Outcome, name: str, place: Place, *, granted: bool) -> None:
        assert isinstance(outcome, Accepted) is granted
        if isinstance(outcome, Accepted):
            assert (outcome.appointment.id, outcome.appointment.interval) == (name, place[1])
            self.expected[name] = place

    def is_free(self, place: Place, name: str) -> bool:
        """Whether no booked appointment but the one of this name holds any of the time."""
        return not any(
            who == place[0] and interval.overlaps(place[1])
            for other, (who, interval) in self.expected.items()
            if other not in self.cancelled and other != name
        )


def home_of(name: str) -> DayKey:
    home = home_day(name)
    assert home is not None
    return home


def found(dependencies: Dependencies, name: str) -> tuple[Appointment | None, int]:
    """What a look-up finds, and how many days it reads."""
    diary = Diary(dependencies.days.values())
    return asyncio.run(find_appointment(diary, name)), len(diary.read)


@given(st.lists(CHANGES, min_size=8, max_size=40))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_appointment_lies_where_it_was_last_moved_to_and_is_found_from_its_home_day(
    changes: list[tuple[str, int, Place]],
) -> None:
    dependencies = Dependencies({key: DaySchedule(key) for key in KEYS})
    for change in changes:
        dependencies.apply(*change)

    lying = [(day.key, a) for day in dependencies.days.values() for a in day.appointments]
    assert {(where, a.id, a.doctor_id, a.interval) for where, a in lying} == {
        (DayKey(who.id, interval.start.date()), name, who.id, interval)
        for name, (who, interval) in dependencies.expected.items()
    }
    assert len(lying) == len(dependencies.expected)
    assert {a.id for _, a in lying if a.status == "cancelled"} == dependencies.cancelled
    for where, a in lying:
        assert found(dependencies, a.id) == (a, 1 if where == home_of(a.id) else 2)
    away = {(home_of(a.id), a.id, where) for where, a in lying if where != home_of(a.id)}
    forwarded = [(day.key, *entry) for day in dependencies.days.values() for entry in forwards(day)]
    assert (set(forwarded), len(forwarded)) == (away, len(away))
    for day in dependencies.days.values():
        assert not any(one.overlaps(other) for one, other in combinations(day.busy, 2))


def forwards(day: DaySchedule) -> list[tuple[str, DayKey]]:
    return list(day.forwarded.items())

"""Whatever is held, booked, moved and cancelled in whatever order, everything is in its place."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.queries.look_ups import find_appointment
from tests.examples import examples
from tests.reference_model import Held
from tests.rules.changing_calendar import (
    Change,
    ChangingCalendar,
    birth_of,
    changes,
    days_of,
    held,
)
from tests.scripted_store import ScriptedStore


def standing(calendar: ChangingCalendar) -> dict[DayKey, set[str]]:
    """Which appointments the days hold, where they hold any."""
    return {
        key: {a.id for a in d.appointments} for key, d in calendar.days.items() if d.appointments
    }


def expected_days(held: dict[str, Held]) -> dict[DayKey, set[str]]:
    """Every day that a booked appointment or its buffers have a minute on, and the appointments."""
    found: dict[DayKey, set[str]] = {}
    for name, place in held.items():
        for key in days_of(place) if place.booked else ():
            found.setdefault(key, set()).add(name)
    return found


def holds(calendar: ChangingCalendar) -> dict[DayKey, set[str]]:
    """Which holds the days tell of, where they tell of any."""
    return {key: {hold.id for hold in d.holds} for key, d in calendar.days.items() if d.holds}


def expected_holds(calendar: ChangingCalendar) -> dict[DayKey, set[str]]:
    """Every day that a hold or its buffers have a minute on, and the holds.

    Of those that ended an hour ago, only what is in days that were not written since.
    """
    return {key: names for key, names in calendar.remembered.items() if names}


def schedules(calendar: ChangingCalendar) -> dict[PatientKey, set[str]]:
    """Which appointments the schedules of patients hold, where they hold any."""
    found = {key: {a.id for a in s.appointments} for key, s in calendar.patients.items()}
    return {key: ids for key, ids in found.items() if ids}


def expected_schedules(calendar: ChangingCalendar) -> dict[PatientKey, set[str]]:
    """Every account that has booked appointments, and these."""
    found: dict[PatientKey, set[str]] = {}
    for name, owner in calendar.owners.items():
        if owner.patient and calendar.held[name].booked:
            found.setdefault(owner.patient, set()).add(name)
    return found


Places = dict[ElsewhereKey, str | DayKey | ElsewhereKey]


def whereabouts(calendar: ChangingCalendar) -> Places:
    """What is kept beside the days; the id of an appointment stands for itself."""
    there = calendar.elsewhere.items()
    return {key: w.id if isinstance(w, Appointment) else w.to for key, w in there}


def expected_whereabouts(held: dict[str, Held]) -> Places:
    """Where those are that have left the day of their birth, and nobody else."""
    found: Places = {}
    for name, place in held.items():
        home, own = birth_of(name), ElsewhereKey(place.doctor, name)
        birth = ElsewhereKey(home.doctor_id, name)
        if place.booked and home not in days_of(place):
            found[birth] = days_of(place)[0]
        if not place.booked:
            found = {**found, birth: own, own: name}
    return found


@given(st.lists(changes(), min_size=8, max_size=30))
@examples(50)
def test_everything_stands_where_it_belongs_and_nowhere_else_and_is_found_from_its_id(
    some: list[Change],
) -> None:
    calendar = ChangingCalendar()
    for change in some:
        calendar.apply(change)
        assert standing(calendar) == expected_days(calendar.held)
        assert holds(calendar) == expected_holds(calendar)
        assert whereabouts(calendar) == expected_whereabouts(calendar.held)
        assert schedules(calendar) == expected_schedules(calendar)

    for name, place in calendar.held.items():
        store = ScriptedStore(*calendar.days.values())
        for key, found in calendar.elsewhere.items():
            store.put_elsewhere(key, found)
        appointment = asyncio.run(find_appointment(store.snapshot(), name, ANYBODY))
        assert appointment is not None
        assert (appointment.id, held(appointment)) == (name, place)
        assert store.loads <= 2

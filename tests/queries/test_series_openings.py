"""What is free instead of the occurrences of a series that cannot be booked."""

from datetime import date, datetime, timedelta

from shared.access.caller import ANYBODY, Caller
from shared.model.day import DaySchedule
from shared.model.doctor_days import DAY
from shared.model.opening import Opening
from shared.model.policy import Policy
from shared.queries.series_openings import MOST_DAYS, NEAR, openings_of_skipped
from shared.rules.availability import TERMS, Booking, Terms
from shared.rules.series import Occasion
from tests.builders import appointment, at, doctor, owned, patient, schedule, schedule_of
from tests.scripted_store import ScriptedStore

FIRST, NOW = date(2026, 11, 23), at("2026-11-20T12:00Z")
DOCTOR = doctor((("00:00", "24:00"),), days="mon tue wed thu fri sat sun")
ADA = patient("ada")


def occasion(day: date, by: Caller = ANYBODY, terms: Terms = TERMS) -> Occasion:
    """An hour from ten on a day."""
    wanted = appointment(f"{day}T10:00Z", f"{day}T11:00Z", f"new{day}")
    wanted = owned(wanted, by) if by.patient else wanted
    return Occasion(datetime.fromisoformat(f"{day}T10:00"), Booking(DOCTOR, wanted, by, terms))


def full(day: date) -> DaySchedule:
    """A day that is booked from its beginning to its end."""
    times = f"{day}T00:00Z", f"{day + DAY}T00:00Z"
    return schedule(str(day), appointment(*times, f"full{day}"))


def shown(openings: tuple[Opening, ...] | list[Opening]) -> list[str]:
    return [f"{opening.interval.start:%d %H:%M}" for opening in openings]


async def instead(store: ScriptedStore, *occasions: Occasion) -> list[list[str]]:
    found = await openings_of_skipped(store.snapshot(), occasions, NOW)
    return [shown([*some]) for some in found]


async def test_they_are_the_next_times_from_each_occurrence_on() -> None:
    store = ScriptedStore(full(FIRST))
    found = await instead(store, occasion(FIRST), occasion(FIRST + 7 * DAY))
    assert found == [["24 00:00", "24 01:00", "24 02:00"], ["30 10:00", "30 11:00", "30 12:00"]]


async def test_nothing_is_offered_far_from_an_occurrence() -> None:
    days = [full(FIRST + number * DAY) for number in range(NEAR // DAY + 2)]
    assert await instead(ScriptedStore(*days), occasion(FIRST)) == [[]]
    assert await instead(ScriptedStore(*days[:7]), occasion(FIRST)) == [
        ["30 00:00", "30 01:00", "30 02:00"]
    ]


async def test_a_time_at_which_the_patient_is_busy_is_not_offered() -> None:
    store = ScriptedStore()
    store.put_patients(schedule_of(ADA, appointment(f"{FIRST}T10:30Z", f"{FIRST}T12:00Z")))
    assert await instead(store, occasion(FIRST, ADA)) == [["23 12:00", "23 13:00", "23 14:00"]]


async def test_no_day_is_read_twice_and_not_many_are() -> None:
    days = [full(FIRST + number * DAY) for number in range(400)]
    store = ScriptedStore(*days)
    found = await instead(store, *(occasion(FIRST + number * DAY) for number in range(0, 300, 5)))
    assert not any(found)
    assert len(store.read) == len({*store.read})
    assert len(store.read) <= MOST_DAYS + NEAR // DAY + 1


async def test_what_is_beyond_the_horizon_is_searched_for_once() -> None:
    soon = Terms(Policy(horizon=timedelta(days=2)))
    store = ScriptedStore(full(FIRST - 2 * DAY))
    late = [occasion(FIRST + number * DAY, terms=soon) for number in range(30)]
    found = await instead(store, *late)
    assert found == [["20 12:00", "20 13:00", "20 14:00"]] * 30
    assert store.loads == 1

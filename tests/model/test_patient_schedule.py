"""What a patient's schedule remembers, and for how long."""

import pytest

from shared.model.patient_schedule import PatientSchedule
from tests.builders import appointment, at, patient, schedule_of

ADA = patient("ada")
NINE = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "b")
TEN = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z", "a")
CHANGED_AT = at("2026-11-22T12:00Z")


def ids(schedule: PatientSchedule) -> list[str]:
    return [a.id for a in schedule.appointments]


def test_appointments_are_in_order_of_start_and_each_is_there_once() -> None:
    schedule = schedule_of(ADA, TEN).with_appointment(NINE)
    assert ids(schedule) == ["b", "a"]
    assert ids(schedule.with_appointment(NINE._replace(interval=TEN.interval))) == ["a", "b"]
    assert ids(schedule.without("b").without("unknown")) == ["a"]


@pytest.mark.parametrize(
    ("now", "appointments", "changes"),
    [
        pytest.param("2026-11-23T11:59:59Z", ["b", "a"], 1, id="all-of-a-day"),
        pytest.param("2026-11-23T12:00Z", ["b", "a"], 0, id="a-change-counts-for-a-day"),
        pytest.param("2026-11-24T09:29:59Z", ["b", "a"], 0, id="a-day-after-its-end"),
        pytest.param("2026-11-24T09:30Z", ["a"], 0, id="and-no-longer"),
    ],
)
def test_what_ended_a_day_ago_is_not_remembered(
    now: str, appointments: list[str], changes: int
) -> None:
    tidied = schedule_of(ADA, NINE, TEN, changed_at=[CHANGED_AT]).tidied(at(now))
    assert (ids(tidied), len(tidied.changed_at)) == (appointments, changes)


def test_what_is_over_or_was_freed_does_not_lie_ahead() -> None:
    done = TEN._replace(mark="fulfilled", freed_from=at("2026-11-23T10:10Z"))
    no_show = NINE._replace(mark="no_show", freed_from=NINE.interval.start)
    schedule = schedule_of(ADA, no_show, done)
    for now, expected in (("10:09", ["a"]), ("10:10", []), ("08:00", ["a"])):
        ahead = schedule.ahead(at(f"2026-11-23T{now}Z"))
        assert [a.id for a in ahead] == expected


def test_tidying_keeps_the_mark_of_an_erasure() -> None:
    assert ADA.patient
    assert PatientSchedule(ADA.patient, erasing=True).tidied(CHANGED_AT).erasing


def test_changes_are_in_order_whatever_the_clocks_of_the_instances_say() -> None:
    later, earlier = at("2026-11-22T13:00Z"), at("2026-11-22T11:00Z")
    schedule = schedule_of(ADA, changed_at=[CHANGED_AT]).with_change(later).with_change(earlier)
    assert schedule.changed_at == (earlier, CHANGED_AT, later)

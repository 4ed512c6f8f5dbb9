"""Buffers: between two appointments lies the larger of what the two need there."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.conflicts import Conflict
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import OutsideWorkingHours, PatientBusy, SlotTaken
from tests.builders import (
    appointment,
    at,
    doctor,
    documents,
    key,
    owned,
    patient,
    schedule,
    schedule_of,
    span,
    to_move,
    untold,
)

NOW = at("2026-11-20T12:00Z")
MON, TUE = "2026-11-23", "2026-11-24"
ALL_DAY = doctor((("00:00", "24:00"),))
ADA = patient("ada")


def needing(made: Appointment, before: int = 0, after: int = 0) -> Appointment:
    """The same appointment with so many minutes around it."""
    return made._replace(before=timedelta(minutes=before), after=timedelta(minutes=after))


def on_monday(times: str, name: str = "there", before: int = 0, after: int = 0) -> Appointment:
    start, end = (f"{MON}T{time}Z" for time in times.split("-"))
    return needing(appointment(start, end, name), before, after)


def ask(times: str, *there: Appointment, before: int = 0, after: int = 0) -> Outcome:
    wanted = Booking(doctor(), on_monday(times, "new", before, after), ANYBODY)
    return book(documents(schedule(MON, *there)), wanted, NOW)[1]


@pytest.mark.parametrize(
    ("its", "mine", "gap"),
    [
        pytest.param((0, 0), (0, 0), 0, id="none"),
        pytest.param((0, 10), (0, 0), 10, id="behind-it"),
        pytest.param((0, 0), (10, 0), 10, id="before-mine"),
        pytest.param((0, 10), (20, 0), 20, id="the-larger-is-mine"),
        pytest.param((0, 20), (10, 0), 20, id="the-larger-is-its"),
        pytest.param((30, 0), (0, 30), 0, id="on-the-other-sides"),
    ],
)
def test_behind_an_appointment_lies_the_larger_of_two_buffers(
    its: tuple[int, int], mine: tuple[int, int], gap: int
) -> None:
    there = on_monday("10:00-11:00", "there", *its)
    for minutes, is_free in ((gap, True), (gap - 1, False)):
        start = at(f"{MON}T11:00Z") + timedelta(minutes=minutes)
        times = f"{start:%H:%M}-12:00"
        outcome = ask(times, there, before=mine[0], after=mine[1])
        assert isinstance(outcome, Accepted) is is_free


@pytest.mark.parametrize(
    ("its", "mine", "gap"),
    [
        pytest.param((10, 0), (0, 0), 10, id="before-it"),
        pytest.param((0, 0), (0, 10), 10, id="behind-mine"),
        pytest.param((10, 0), (0, 20), 20, id="the-larger-is-mine"),
        pytest.param((20, 0), (0, 10), 20, id="the-larger-is-its"),
        pytest.param((0, 30), (30, 0), 0, id="on-the-other-sides"),
    ],
)
def test_before_an_appointment_lies_the_larger_of_two_buffers(
    its: tuple[int, int], mine: tuple[int, int], gap: int
) -> None:
    there = on_monday("12:00-13:00", "there", *its)
    for minutes, is_free in ((gap, True), (gap - 1, False)):
        end = at(f"{MON}T12:00Z") - timedelta(minutes=minutes)
        outcome = ask(f"11:00-{end:%H:%M}", there, before=mine[0], after=mine[1])
        assert isinstance(outcome, Accepted) is is_free


def test_a_refusal_tells_which_part_of_the_asked_time_a_buffer_takes() -> None:
    outcome = ask("11:00-12:00", on_monday("10:00-11:00", after=15), before=20)
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == (Conflict(span(f"{MON}T11:00Z", f"{MON}T11:20Z")),)
    needs = timedelta(minutes=20), timedelta()
    assert (outcome.search.before, outcome.search.after) == needs


def test_a_buffer_may_reach_out_of_the_working_hours() -> None:
    assert isinstance(ask("09:00-17:00", before=60, after=60), Accepted)


def test_it_stands_in_every_day_that_its_buffers_touch_and_is_born_on_that_of_its_start() -> None:
    late = needing(appointment(f"{MON}T23:00Z", f"{MON}T23:50Z", "new"), after=20)
    early = needing(appointment(f"{TUE}T00:10Z", f"{TUE}T01:00Z", "new"), before=20)
    for wanted, home in ((late, MON), (early, TUE)):
        booking = Booking(ALL_DAY, wanted, ANYBODY)
        assert booking.days == (key(MON), key(TUE))
        assert booking.home == key(home)
        changes, _ = untold(book(documents(schedule(MON), schedule(TUE)), booking, NOW))
        assert changes == documents(schedule(MON, wanted), schedule(TUE, wanted))


@pytest.mark.parametrize(
    ("its", "mine", "kind"),
    [((0, 20), (0, 0), SlotTaken), ((0, 0), (20, 0), SlotTaken), ((0, 0), (0, 20), Accepted)],
    ids=["its-own", "of-who-asks", "on-the-other-side"],
)
def test_buffers_count_across_midnight(
    its: tuple[int, int], mine: tuple[int, int], kind: type
) -> None:
    there = needing(appointment(f"{MON}T23:00Z", f"{MON}T23:50Z", "there"), *its)
    wanted = needing(appointment(f"{TUE}T00:00Z", f"{TUE}T00:30Z", "new"), *mine)
    days = [schedule(MON, there), schedule(TUE, *([there] if its[1] else []))]
    _, outcome = book(documents(*days), Booking(ALL_DAY, wanted, ANYBODY), NOW)
    assert type(outcome) is kind


def test_what_moves_keeps_its_buffers_and_its_old_ones_are_not_in_its_way() -> None:
    name = f"strange.{MON.replace('-', '')}.a"
    there = on_monday("10:00-11:00", name, before=30, after=30)
    other = on_monday("12:00-13:00", "other")
    given = documents(schedule(MON, there, other))

    def moved(times: str) -> Outcome:
        start, end = (f"{MON}T{time}Z" for time in times.split("-"))
        return move(given, to_move(name, key(MON), doctor(), span(start, end)), NOW)[1]

    outcome = moved("10:30-11:30")
    assert isinstance(outcome, Accepted)
    assert outcome.appointment.before == outcome.appointment.after == timedelta(minutes=30)
    refusal = moved("10:31-11:31")
    assert isinstance(refusal, SlotTaken)
    assert refusal.search.before == refusal.search.after == timedelta(minutes=30)


def test_what_holds_no_time_any_more_needs_no_buffers() -> None:
    there = on_monday("10:00-11:00", before=30, after=30)
    no_show = there._replace(mark="no_show", freed_from=there.interval.start)
    assert isinstance(ask("10:00-11:00", no_show, before=5), Accepted)
    partly = there._replace(mark="fulfilled", freed_from=at(f"{MON}T10:20Z"))
    assert isinstance(ask("10:50-11:20", partly), Accepted)
    outcome = ask("10:10-11:10", partly)
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == (Conflict(span(f"{MON}T10:10Z", f"{MON}T10:50Z")),)


def test_the_buffers_of_a_patients_appointments_are_the_doctors_and_not_the_patients() -> None:
    theirs = on_monday("10:00-11:00", "who.20261123.x", before=30, after=30)
    hers = schedule_of(ADA, theirs._replace(doctor_id="who"))
    wanted = owned(on_monday("11:00-12:00", "new", 60, 60), ADA)
    booking = Booking(doctor(), wanted, ADA)
    _, outcome = book(documents(schedule(MON), patients=[hers]), booking, NOW)
    assert isinstance(outcome, Accepted)
    sooner = wanted._replace(interval=span(f"{MON}T10:59Z", f"{MON}T12:00Z"))
    _, outcome = book(
        documents(schedule(MON), patients=[hers]), replace(booking, appointment=sooner), NOW
    )
    assert isinstance(outcome, PatientBusy)


def test_a_patients_time_that_was_freed_is_free_and_splits_no_opening() -> None:
    busy = on_monday("10:00-11:00", "who.20261123.x")._replace(doctor_id="who")
    no_show = busy._replace(mark="no_show", freed_from=busy.interval.start)
    hers = schedule_of(ADA, no_show)
    given = documents(schedule(MON), patients=[hers])
    wanted = owned(on_monday("09:30-10:30", "new"), ADA)
    _, outcome = book(given, Booking(doctor(), wanted, ADA), NOW)
    assert isinstance(outcome, Accepted)
    outside = owned(on_monday("08:30-09:30", "new"), ADA)
    _, refusal = book(given, Booking(doctor(), outside, ADA), NOW)
    assert isinstance(refusal, OutsideWorkingHours)
    assert refusal.search.patient_busy == ()

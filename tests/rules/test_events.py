"""Which events changes make, and when their records are due."""

from datetime import timedelta

import pytest

from shared.model.appointment import Appointment
from shared.model.event import Change, Event, Previous
from shared.model.override import Override
from shared.rules.erasing import erased
from shared.rules.events import affected_events, events_of, records_of
from tests.builders import FIRST_OF_2026, appointment, at, span

NOW = at("2026-11-20T08:00Z")
BOOKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "strange.20261123.a")
LATER = span("2026-11-23T10:00Z", "2026-11-23T10:30Z")
DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)


def event(change: Change) -> Event:
    """The event of a change, which has no reminders."""
    (only,) = events_of(change, ())
    return only


def changed(**changes: object) -> Appointment:
    return BOOKED.changed(NOW, **changes)


def test_what_is_new_is_booked() -> None:
    assert event(Change(None, BOOKED)) == Event(
        type="booked",
        appointment_id="strange.20261123.a",
        version=1,
        at=FIRST_OF_2026,
        appointment=BOOKED,
        personal=True,
    )


@pytest.mark.parametrize(
    ("after", "of_type"),
    [
        (changed(cancelled_at=NOW), "cancelled"),
        (changed(mark="arrived"), "arrived"),
        (changed(mark="fulfilled", freed_from=NOW), "fulfilled"),
        (changed(mark="no_show"), "no_show"),
        (changed(reason="another"), "updated"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_change_is_named_after_what_differs(after: Appointment, of_type: str) -> None:
    found = event(Change(BOOKED, after))
    assert (found.type, found.version, found.at, found.previous) == (of_type, 2, NOW, None)
    assert found.appointment == after


@pytest.mark.parametrize(
    "after",
    [changed(interval=LATER), changed(doctor_id="who"), changed(interval=LATER, doctor_id="who")],
    ids=["time", "doctor", "both"],
)
def test_what_is_moved_tells_where_it_was(after: Appointment) -> None:
    found = event(Change(BOOKED, after))
    assert found.type == "moved"
    assert found.previous == Previous(span("2026-11-23T09:00Z", "2026-11-23T09:30Z"), "strange")


def test_correcting_what_was_cancelled_or_marked_is_an_update() -> None:
    cancelled = changed(cancelled_at=NOW)
    assert event(Change(cancelled, cancelled.changed(NOW))).type == "updated"
    arrived = changed(mark="arrived")
    assert event(Change(arrived, arrived.changed(NOW, reason="x"))).type == "updated"
    assert event(Change(arrived, arrived.changed(NOW, mark="fulfilled"))).type == "fulfilled"


def test_erasing_what_lies_ahead_cancels_it_and_names_nobody() -> None:
    found = event(Change(BOOKED, erased(BOOKED, NOW)))
    assert (found.type, found.personal) == ("cancelled", False)
    assert found.appointment
    assert found.appointment.patient.name == "erased"


def test_erasing_what_is_over_is_an_update_that_names_nobody() -> None:
    late = at("2026-12-01T00:00Z")
    found = event(Change(BOOKED, erased(BOOKED, late)))
    assert (found.type, found.personal) == ("updated", False)


def test_reminders_are_due_before_the_start_the_first_one_first() -> None:
    change, *reminders = events_of(Change(None, BOOKED), (TWO_HOURS, DAY))
    assert change.type == "booked"
    assert [(r.type, r.at, r.detail, r.version) for r in reminders] == [
        ("reminder", at("2026-11-22T09:00Z"), "20261122T0900", 1),
        ("reminder", at("2026-11-23T07:00Z"), "20261123T0700", 1),
    ]
    assert sorted(each.id for each in (change, *reminders)) == [
        each.id for each in (change, *reminders)
    ]
    assert [(r.appointment, r.personal) for r in reminders] == [(None, False)] * 2


def test_a_reminder_that_would_be_due_by_now_is_left_out() -> None:
    near = BOOKED._replace(updated_at=at("2026-11-22T09:00Z"))
    assert [r.detail for r in events_of(Change(None, near), (DAY, TWO_HOURS))[1:]] == [
        "20261123T0700"
    ]
    nearer = BOOKED._replace(updated_at=at("2026-11-22T08:59:59Z"))
    assert len(events_of(Change(None, nearer), (DAY, TWO_HOURS))) == 3


@pytest.mark.parametrize(
    "after", [changed(cancelled_at=NOW), changed(mark="arrived")], ids=["cancelled", "arrived"]
)
def test_nobody_is_reminded_of_what_is_cancelled_or_has_arrived(after: Appointment) -> None:
    assert len(events_of(Change(BOOKED, after), (DAY,))) == 1


def test_time_off_affects_each_appointment_in_the_version_that_it_has() -> None:
    away = Override(
        "strange.override.1",
        "strange",
        "time_off",
        span("2026-11-23T00:00Z", "2026-11-24T00:00Z"),
        NOW,
    )
    (found,) = affected_events([changed(reason="x")], away, NOW)
    assert (found.type, found.version, found.at) == ("affected", 2, NOW)
    assert (found.detail, found.personal) == ("strange.override.1", True)


def test_ids_of_one_appointment_sort_as_they_are_to_be_told() -> None:
    first, reminder = events_of(Change(None, BOOKED), (DAY,))
    away = Override("o", "strange", "time_off", LATER, NOW)
    (affected,) = affected_events([BOOKED], away, NOW)
    second = event(Change(BOOKED, changed(reason="x")))
    tenth = event(Change(BOOKED, BOOKED._replace(version=10)))
    names = [each.id for each in (first, affected, reminder, second, tenth)]
    assert names == sorted(set(names))
    assert names[0] == "strange.20261123.a~00000001~0"


def test_a_record_is_due_at_once_and_that_of_a_reminder_when_it_says() -> None:
    records = records_of(events_of(Change(None, BOOKED), (DAY,)), NOW)
    assert [record.due_at for record in records] == [NOW, at("2026-11-22T09:00Z")]
    assert [record.deliveries for record in records] == [{}, {}]

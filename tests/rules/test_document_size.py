"""How much a day holds: no more than a store can keep of it, and no less than that."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment, Patient
from shared.model.day import DaySchedule
from shared.model.hold import Hold
from shared.model.interval import Interval
from shared.model.override import OverrideEntry
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.document_size import HOLD_BYTES, OVERRIDE_BYTES, weight
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import DayFull
from shared.store.appointment_documents import (
    appointment_to_text,
    entry_to_text,
    override_entry_to_text,
)
from shared.store.busy_documents import busy_day_to_text
from tests.builders import ADA, at, doctor, documents, key, schedule, to_move
from tests.examples import examples
from tests.strategies import MINUTE

MON, TUE = "2026-11-23", "2026-11-24"
NOW = at("2026-11-20T12:00:00.123456Z")
AROUND_THE_CLOCK = doctor((("00:00", "24:00"),))

FIRESTORE_LIMIT = 1_048_576

# As long as a request may make them, of a character that takes six bytes in JSON.
LONGEST, LONGEST_REASON, FULL = Patient("\x01" * 200, "\x01" * 254, "\x01" * 50), "\x01" * 1000, 105


def minute(number: int, patient: Patient = LONGEST, reason: str = LONGEST_REASON) -> Appointment:
    """One minute of Monday, of an id as long as any."""
    start = at(f"{MON}T00:00Z") + number * MINUTE
    told = start.replace(tzinfo=None)
    appointment_id, interval = f"{number:0128}", Interval(start, start + MINUTE)
    return Appointment(
        appointment_id, "strange", interval, patient, NOW, NOW, reason, told_start=told
    )


def asked(wanted: Appointment, there: Iterable[Appointment], day: str = MON) -> Outcome:
    given = documents(schedule(day, *there))
    _, outcome = book(given, Booking(AROUND_THE_CLOCK, wanted, ANYBODY), NOW)
    return outcome


def stored_bytes(day: DaySchedule) -> int:
    """What Firestore counts of the entries: names and texts, and one more for each."""
    entries = sum(
        len(a.id) + 1 + len(appointment_to_text(a).encode()) + 1 for a in day.appointments
    )
    return entries + len(busy_day_to_text(day.busy))


def test_a_day_of_the_longest_appointments_is_full_before_the_store_says_so() -> None:
    there = [minute(number) for number in range(FULL)]
    assert isinstance(asked(minute(FULL - 1), there[: FULL - 1]), Accepted)
    assert asked(minute(FULL), there) == DayFull()
    assert 950_000 < stored_bytes(schedule(MON, *there)) < FIRESTORE_LIMIT - 10_000


def test_every_minute_of_a_day_can_be_booked_with_a_name() -> None:
    there = [minute(number, ADA, "") for number in range(1439)]
    assert isinstance(asked(minute(1439, ADA, ""), there), Accepted)


def test_each_day_that_an_appointment_touches_needs_room_for_it() -> None:
    full = schedule(MON, *(minute(number) for number in range(FULL)))
    end = at(f"{TUE}T01:00Z")
    night = minute(1439)._replace(interval=Interval(at(f"{MON}T23:59Z"), end))
    _, outcome = book(
        documents(full, schedule(TUE)), Booking(AROUND_THE_CLOCK, night, ANYBODY), NOW
    )
    assert outcome == DayFull()


def test_what_a_newer_version_keeps_with_an_appointment_takes_room_too() -> None:
    there = [minute(n, ADA, "")._replace(unknown_fields=b"x" * 15_000) for n in range(70)]
    assert isinstance(asked(minute(70), there[:60]), Accepted)
    assert asked(minute(70), there) == DayFull()


def moved(there: list[Appointment], number: int, to: int, day: str = MON) -> Outcome:
    """What it comes to if the appointment of a minute of Monday is to be at another minute."""
    start = at(f"{day}T00:00Z") + to * MINUTE
    days = documents(schedule(MON, *there), *([schedule(TUE)] if day == TUE else []))
    request = to_move(there[number].id, key(MON), AROUND_THE_CLOCK, Interval(start, start + MINUTE))
    return move(days, request, NOW)[1]


@pytest.mark.parametrize("overfull", [False, True], ids=["full", "fuller-than-it-may-be"])
def test_on_a_full_day_appointments_can_still_be_moved(*, overfull: bool) -> None:
    there = [minute(number) for number in range(120 if overfull else FULL)]
    assert asked(minute(1000), there) == DayFull()
    assert isinstance(moved(there, 0, 1000), Accepted)
    assert isinstance(moved(there, 0, 1000, TUE), Accepted)


def test_onto_a_full_day_nothing_can_be_moved() -> None:
    guest = minute(0)._replace(
        id="guest", interval=Interval(at(f"{TUE}T09:00Z"), at(f"{TUE}T10:00Z"))
    )
    full = schedule(MON, *(minute(number) for number in range(FULL)))
    request = to_move("guest", key(TUE), AROUND_THE_CLOCK, minute(1000).interval)
    _, outcome = move(documents(full, schedule(TUE, guest)), request, NOW)
    assert outcome == DayFull()


def test_a_service_a_mark_and_a_series_take_no_more_room_than_they_are_weighed() -> None:
    owner = Caller("patient", "https://issuer.example", "ada").patient
    booked = minute(0, ADA, "")._replace(version=999_999, owner=owner)
    of_service = booked._replace(
        service_id="s" * 80, before=timedelta(days=1), after=timedelta(days=1)
    )
    marked = booked._replace(mark="fulfilled", freed_from=at(f"{MON}T00:01Z"))
    in_series = booked._replace(series_id="s" * 128)
    every = of_service._replace(
        mark="fulfilled", freed_from=at(f"{MON}T00:01Z"), series_id="s" * 128
    )
    for appointment in (booked, of_service, marked, in_series, every):
        assert stored_bytes(schedule(MON, appointment)) <= weight(appointment)


TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
UNKNOWN = st.none() | st.sampled_from(
    [b'{"notes":["\\u00e9",1.5]}', b'{"patient":{"born":"1815"}}']
)


@given(st.builds(Patient, TEXTS.map(lambda text: text or ""), TEXTS, TEXTS), TEXTS, UNKNOWN)
@examples(300)
def test_no_appointment_takes_more_room_than_it_is_weighed(
    patient: Patient, reason: str | None, unknown: bytes | None
) -> None:
    booked = minute(0, patient)._replace(reason=reason, unknown_fields=unknown)
    assert stored_bytes(schedule(MON, booked)) <= weight(booked)


def test_overrides_take_room_too() -> None:
    time = Interval(at(f"{MON}T00:00Z"), at(f"{MON}T00:01Z"))
    entries = tuple(OverrideEntry(f"{n:0128}", "extra_hours", time) for n in range(1716))
    text = override_entry_to_text(entries[0])
    busy = len(busy_day_to_text(DaySchedule(key(MON), overrides=entries[:1]).busy))
    assert len(entries[0].id) + 1 + len(text.encode()) + 1 + busy < OVERRIDE_BYTES
    wanted = minute(1, ADA, "")
    day = DaySchedule(key(MON), overrides=entries)
    _, refused = book(documents(day), Booking(AROUND_THE_CLOCK, wanted, ANYBODY), NOW)
    assert isinstance(refused, DayFull)
    day = DaySchedule(key(MON), overrides=entries[:1710])
    _, booked = book(documents(day), Booking(AROUND_THE_CLOCK, wanted, ANYBODY), NOW)
    assert isinstance(booked, Accepted)


def test_a_hold_takes_no_more_room_than_it_is_weighed() -> None:
    hold = Hold(
        id=f"{'d' * 80}.20261123.hold.{'0' * 24}",
        doctor_id="d" * 80,
        interval=Interval(NOW, NOW + MINUTE),
        ends_at=NOW.replace(microsecond=0),
        holder="0" * 40,
        before=timedelta(days=1),
        after=timedelta(days=1),
    )
    busy = len(busy_day_to_text(schedule(MON).with_hold(hold).busy))
    assert len(hold.id) + 1 + len(entry_to_text(hold).encode()) + 1 + busy <= HOLD_BYTES

"""What it means that an appointment belongs to an account: the patient's own time is taken, too."""

from datetime import datetime
from functools import partial

import pytest

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.patient_schedule import PatientSchedule
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.conflicts import Conflict
from shared.rules.document_size import LARGEST_DOCUMENT
from shared.rules.existing_appointment import Sought
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments
from shared.rules.refusals import (
    AlreadyCancelled,
    DayFull,
    InThePast,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
    TooManyChanges,
    UnknownAppointment,
)
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

MON, TUE, NOW = "2026-11-23", "2026-11-24", at("2026-11-20T12:00Z")
ADA, BOB = patient("ada"), patient("bob")
STRANGE = Caller("doctor", "https://issuer.example", "s", frozenset({"strange"}))
WHO = Caller("doctor", "https://issuer.example", "w", frozenset({"who"}))
ID = "strange.20261123.a"
HERE = ElsewhereKey("strange", ID)
assert ADA.patient
KEY = ADA.patient


def on_monday(times: str, name: str = ID, of: Caller | None = ADA) -> Appointment:
    start, end = (f"{MON}T{time}Z" for time in times.split("-"))
    plain = appointment(start, end, name)
    return owned(plain, of) if of else plain


HERS = on_monday("11:00-12:00")


def booking(
    times: str,
    *there: Appointment,
    hers: PatientSchedule | None = None,
    by: Caller = ADA,
    now: datetime = NOW,
) -> Decision:
    """What comes of booking a time for Ada where these are on the day."""
    found = documents(schedule(MON, *there), patients=[hers or schedule_of(ADA)])
    return book(found, Booking(doctor(), on_monday(times, "new"), by), now)


def moving(times: str, found: Documents, *, by: Caller = ADA) -> Decision:
    start, end = (f"{MON}T{time}Z" for time in times.split("-"))
    request = to_move(ID, key(MON), doctor(), span(start, end), by)
    return move(found, request, NOW)


def cancelling(found: Documents, *, by: Caller = ADA) -> Decision:
    sought = Sought(ID, key(MON), {"strange": doctor()}, by)
    return cancel(found, Cancellation(sought), NOW)


# Where it stands


def test_it_stands_in_its_owners_schedule_as_long_as_it_is_booked() -> None:
    other = on_monday("09:00-09:30", "who.20261123.x")
    changes, _ = untold(booking("10:00-11:00", hers=schedule_of(ADA, other), by=ANYBODY))
    new = on_monday("10:00-11:00", "new")
    assert changes == documents(schedule(MON, new), patients=[schedule_of(ADA, other, new)])

    there = documents(schedule(MON, HERS), patients=[schedule_of(ADA, HERS, other)])
    moved, outcome = moving("15:00-16:00", there, by=ANYBODY)
    assert isinstance(outcome, Accepted)
    assert moved.patients == {KEY: schedule_of(ADA, other, outcome.appointment)}

    cancelled, _ = cancelling(there, by=ANYBODY)
    assert cancelled.patients == {KEY: schedule_of(ADA, other)}


def test_every_change_tidies_the_schedule() -> None:
    old = appointment("2026-11-18T09:00Z", "2026-11-18T10:00Z", "old")
    yesterday = appointment("2026-11-19T12:00Z", "2026-11-19T13:00Z", "yesterday")
    long_ago = at("2026-11-18T12:00Z")
    hers = schedule_of(ADA, HERS, old, yesterday, changed_at=[long_ago])
    there = documents(schedule(MON, HERS), patients=[hers])
    for changes, _ in (
        booking("15:00-16:00", hers=hers),
        moving("15:00-16:00", there),
        cancelling(there),
    ):
        found = changes.patients[KEY]
        assert found.find("old") is None
        assert found.find("yesterday")
        assert found.changed_at == (NOW,)


def test_what_has_no_owner_changes_no_schedule() -> None:
    plain = on_monday("10:00-11:00", "new", of=None)
    given = documents(schedule(MON), patients=[schedule_of(ADA)])
    changes, _ = untold(book(given, Booking(doctor(), plain, ANYBODY), NOW))
    assert changes == documents(schedule(MON, plain))


def test_an_owner_whose_schedule_is_not_there_is_asked_for() -> None:
    new = Booking(doctor(), on_monday("10:00-11:00", "new"), ANYBODY)
    missing = NeedsDocuments(frozenset({key(MON)}), patients=frozenset({KEY}))
    assert book(documents(schedule(MON)), new, NOW) == (documents(), missing)
    there = documents(schedule(MON, HERS))
    assert moving("15:00-16:00", there, by=ANYBODY) == (documents(), missing)
    assert cancelling(there, by=ANYBODY) == (documents(), missing)


# When the patient is busy


@pytest.mark.parametrize("caller", [ADA, ANYBODY, STRANGE], ids=["patient", "staff", "doctor"])
def test_nobody_can_book_or_move_a_patient_to_where_they_are_with_another_doctor(
    caller: Caller,
) -> None:
    busy = on_monday("15:00-16:00", "who.20261123.x")
    hers = schedule_of(ADA, HERS, busy)
    refusal = PatientBusy(
        doctor(),
        span(f"{MON}T14:30Z", f"{MON}T15:30Z"),
        (Conflict(span(f"{MON}T15:00Z", f"{MON}T15:30Z"), busy.id if caller is ADA else None),),
    )
    there = documents(schedule(MON, HERS), patients=[hers])
    assert booking("14:30-15:30", hers=hers, by=caller) == (documents(), refusal)
    assert moving("14:30-15:30", there, by=caller) == (documents(), refusal)


def test_two_appointments_of_a_patient_may_meet() -> None:
    hers = schedule_of(ADA, on_monday("15:00-16:00", "who.20261123.x"))
    for times in ("14:00-15:00", "16:00-17:00"):
        _, outcome = booking(times, hers=hers)
        assert isinstance(outcome, Accepted)


def test_the_old_time_of_an_appointment_does_not_stand_in_the_way_of_its_patient() -> None:
    there = documents(schedule(MON, HERS), patients=[schedule_of(ADA, HERS)])
    _, outcome = moving("11:30-12:30", there)
    assert isinstance(outcome, Accepted)


def test_a_refusal_tells_the_search_when_the_patient_is_busy() -> None:
    taken, busy = on_monday("10:00-11:00", "x", None), on_monday("15:00-16:00", "y")
    _, outcome = booking("10:00-11:00", taken, hers=schedule_of(ADA, busy))
    assert isinstance(outcome, SlotTaken)
    assert outcome.search.patient_busy == (busy.interval,)
    _, outcome = booking("08:00-09:00", hers=schedule_of(ADA, busy))
    assert isinstance(outcome, OutsideWorkingHours)
    assert outcome.search.patient_busy == (busy.interval,)
    there = documents(schedule(MON, HERS, taken), patients=[schedule_of(ADA, HERS, busy)])
    _, outcome = moving("10:00-11:00", there)
    assert isinstance(outcome, SlotTaken)
    assert outcome.search.patient_busy == (busy.interval,)


# What a refusal tells of conflicts


def test_a_patient_is_told_which_conflicts_are_their_own() -> None:
    there = [
        on_monday("09:00-09:30", "a1", None),
        on_monday("09:30-10:00", "a2", BOB),
        on_monday("10:00-10:30", "hers1"),
        on_monday("10:30-11:00", "hers2"),
        on_monday("11:00-12:00", "a3", None),
    ]
    _, outcome = booking("09:15-11:30", *there)
    assert isinstance(outcome, SlotTaken)
    told = [(f"{c.interval.start:%H:%M}", c.appointment_id) for c in outcome.conflicts]
    assert told == [("09:15", None), ("10:00", "hers1"), ("10:30", "hers2"), ("11:00", None)]
    assert f"{outcome.conflicts[-1].interval.end:%H:%M}" == "11:30"


@pytest.mark.parametrize("caller", [ANYBODY, STRANGE, BOB], ids=["staff", "doctor", "another"])
def test_nobody_else_is_told_whose_they_are(caller: Caller) -> None:
    there = [on_monday("09:00-09:30", "a1", None), on_monday("09:30-10:00", "a2")]
    _, outcome = booking("09:00-10:00", *there, by=caller)
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == (Conflict(span(f"{MON}T09:00Z", f"{MON}T10:00Z")),)


def test_what_crosses_midnight_is_told_once() -> None:
    all_day = doctor((("00:00", "24:00"),))
    night = owned(appointment(f"{MON}T23:00Z", f"{TUE}T01:00Z", "night"), ADA)
    given = documents(schedule(MON, night), schedule(TUE, night), patients=[schedule_of(ADA)])
    new = owned(appointment(f"{MON}T22:00Z", f"{TUE}T02:00Z", "new"), ADA)
    _, outcome = book(given, Booking(all_day, new, ADA), NOW)
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == (Conflict(night.interval, "night"),)


# What comes first


BUSY, TAKEN = on_monday("15:00-16:00", "x"), on_monday("15:00-16:00", "y", None)
LATER, HERS_AT_THREE = at(f"{MON}T15:10Z"), schedule_of(ADA, BUSY)
TIRED = schedule_of(ADA, BUSY, changed_at=[LATER] * 60)


@pytest.mark.parametrize(
    ("decision", "kind"),
    [
        pytest.param(booking("15:00-16:00", hers=TIRED, now=LATER), TooManyChanges, id="limits"),
        pytest.param(booking("15:00-16:00", hers=HERS_AT_THREE, now=LATER), InThePast, id="past"),
        pytest.param(
            booking("16:30-17:30", hers=HERS_AT_THREE), OutsideWorkingHours, id="working-hours"
        ),
        pytest.param(booking("15:00-16:00", TAKEN, hers=HERS_AT_THREE), SlotTaken, id="doctor"),
        pytest.param(booking("15:00-16:00", hers=HERS_AT_THREE), PatientBusy, id="patient"),
    ],
)
def test_limits_are_looked_at_first_and_the_patients_time_last(
    decision: Decision, kind: type
) -> None:
    assert isinstance(decision[1], kind)


def test_a_schedule_holds_no_more_than_a_store_can_keep_of_it() -> None:
    large = [
        on_monday("09:00-09:01", f"x{number}")._replace(unknown_fields=b"x" * 300_000)
        for number in range(3)
    ]
    new = on_monday("15:00-16:00", "new")._replace(unknown_fields=b"x" * 140_000)
    for hers, full in ((large[:2], False), (large, True)):
        given = documents(schedule(MON), patients=[schedule_of(ADA, *hers)])
        _, outcome = book(given, Booking(doctor(), new, ADA), NOW)
        assert (outcome == DayFull()) is full
    busy = on_monday("15:00-16:00", "busy")._replace(unknown_fields=b"x" * LARGEST_DOCUMENT)
    given = documents(schedule(MON), patients=[schedule_of(ADA, busy)])
    _, outcome = book(given, Booking(doctor(), new, ADA), NOW)
    assert isinstance(outcome, PatientBusy)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(documents(schedule(MON, HERS)), id="booked"),
        pytest.param(
            documents(schedule(MON), elsewhere={HERE: HERS._replace(cancelled_at=NOW)}),
            id="cancelled",
        ),
        pytest.param(
            documents(schedule(MON), elsewhere={HERE: Pointer(key(TUE), KEY)}), id="moved-away"
        ),
        pytest.param(documents(schedule(MON)), id="unknown"),
    ],
)
@pytest.mark.parametrize("caller", [BOB, WHO], ids=["another-patient", "another-doctor"])
def test_whatever_has_become_of_it_others_are_asked_for_the_same_and_told_the_same(
    found: Documents, caller: Caller
) -> None:
    first = documents(*found.days.values())
    both = documents(*found.days.values(), elsewhere={HERE: found.elsewhere.get(HERE)})
    needed = NeedsDocuments(frozenset({key(MON)}), frozenset({HERE}))
    for ask in (partial(moving, "08:00-09:00", by=caller), partial(cancelling, by=caller)):
        assert ask(first) == (documents(), needed)
        assert ask(both) == (documents(), UnknownAppointment())


def test_whoever_may_see_it_is_told_that_it_is_cancelled() -> None:
    gone = HERS._replace(cancelled_at=NOW)
    found = documents(schedule(MON), elsewhere={HERE: gone}, patients=[schedule_of(ADA)])
    for caller in (ADA, STRANGE, ANYBODY):
        for decision in (moving("15:00-16:00", found, by=caller), cancelling(found, by=caller)):
            assert decision == (documents(), AlreadyCancelled(gone))

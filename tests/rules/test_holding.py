"""Holding a time: whose it is, how long it lasts, what it blocks, and booking with it."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.day import DaySchedule
from shared.model.documents import Documents
from shared.model.hold import KEPT_FOR, Hold, holder_of
from shared.model.policy import Policy
from shared.model.service import NO_TIME
from shared.rules.availability import TERMS, Booking, Terms
from shared.rules.booking import book
from shared.rules.conflicts import Conflict
from shared.rules.document_size import HOLD_BYTES, LARGEST_DOCUMENT
from shared.rules.holding import HoldRequest, Release, hold_time, release
from shared.rules.moving import move
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    Decision,
    Held,
    NeedsDocuments,
    Outcome,
    Released,
)
from shared.rules.refusals import (
    DayFull,
    NotWithinHold,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
    TimeOff,
    TooManyAhead,
    TooManyHolds,
    TooSoon,
    UnknownHold,
)
from tests.builders import (
    appointment,
    at,
    doctor,
    documents,
    key,
    off,
    owned,
    patient,
    schedule,
    schedule_of,
    span,
    to_move,
    untold,
    with_overrides,
)

MON, TUE = "2026-11-23", "2026-11-24"
NOW, ENDS = at(f"{MON}T08:00Z"), at(f"{MON}T08:05Z")
ADA, BOB = patient("ada"), patient("bob")
HOLD = f"strange.{MON.replace('-', '')}.hold.a"
HOUR, MINUTE, MICROSECOND = (
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(microseconds=1),
)
STRANGE = doctor()
ROUND_THE_CLOCK = doctor((("00:00", "24:00"),), days="mon tue wed thu fri sat sun")


def hold(  # noqa: PLR0913 - what tells one hold from another
    times: str = "10:00-11:00",
    by: Caller = ANYBODY,
    name: str = HOLD,
    *,
    ends: datetime = ENDS,
    buffers: tuple[int, int] = (0, 0),
    notice: timedelta = NO_TIME,
) -> Hold:
    """A hold of Monday."""
    start, end = (f"{MON}T{time}Z" for time in times.split("-"))
    before, after = (minutes * MINUTE for minutes in buffers)
    mark = holder_of(name, by.account)
    return Hold(name, "strange", span(start, end), ends, mark, before, after, notice)


def day(*holds: Hold, of: str = MON) -> DaySchedule:
    found = schedule(of)
    for each in holds:
        found = found.with_hold(each)
    return found


def wanted(times: str, by: Caller = ANYBODY, hold_id: str | None = None) -> Booking:
    start, end = (f"{MON}T{time}Z" for time in times.split("-"))
    plain = appointment(start, end, "new")
    return Booking(STRANGE, owned(plain, by) if by.patient else plain, by, hold_id=hold_id)


def found(*days: DaySchedule, by: Caller = ANYBODY) -> Documents:
    return documents(*days, patients=[schedule_of(by)] if by.patient else [])


def holding(
    new: Hold, there: Documents, by: Caller = ANYBODY, now: datetime = NOW, terms: Terms = TERMS
) -> Decision:
    """What comes of asking for a hold."""
    like_it = appointment(str(new.interval.start), str(new.interval.end), new.id)
    like_it = like_it._replace(before=new.before, after=new.after, owner=by.patient)
    return hold_time(there, HoldRequest(new, Booking(STRANGE, like_it, by, terms)), now)


def booking_with(
    times: str, there: Documents, by: Caller = ANYBODY, now: datetime = NOW
) -> Decision:
    """What comes of booking some time with the hold."""
    return book(there, wanted(times, by, HOLD), now)


def test_a_hold_stands_in_every_day_that_it_touches_with_its_buffers() -> None:
    new = hold("16:30-17:00", buffers=(0, 8 * 60))
    there = documents(schedule(MON), schedule(TUE))
    changes, outcome = holding(new, there)
    assert outcome == Held(new)
    assert changes == documents(day(new), day(new, of=TUE))


def test_what_is_held_is_busy_until_its_very_end() -> None:
    asked, last = wanted("10:30-11:30"), ENDS - MICROSECOND
    refusal = book(found(day(hold())), asked, last)[1]
    assert isinstance(refusal, SlotTaken)
    assert refusal.conflicts == (Conflict(span(f"{MON}T10:30Z", f"{MON}T11:00Z")),)
    assert refusal.retry_after == 1
    assert isinstance(book(found(day(hold())), asked, ENDS)[1], Accepted)
    assert isinstance(holding(hold(name="x", ends=ENDS + HOUR), found(day(hold())))[1], SlotTaken)


def test_a_hold_is_in_the_way_with_the_larger_of_the_buffers() -> None:
    there = found(day(hold(buffers=(30, 0))))
    assert isinstance(book(there, wanted("09:00-09:31"), NOW)[1], SlotTaken)
    assert isinstance(book(there, wanted("09:00-09:30"), NOW)[1], Accepted)


def test_a_hold_is_in_the_way_of_a_move_too() -> None:
    there = schedule(MON, appointment(f"{MON}T12:00Z", f"{MON}T12:30Z")).with_hold(hold())
    to = span(f"{MON}T10:00Z", f"{MON}T10:30Z")
    refusal = move(documents(there), to_move("a", key(MON), STRANGE, to), NOW)[1]
    assert isinstance(refusal, SlotTaken)
    assert refusal.retry_after == 300


def test_how_long_to_wait_is_told_only_if_nothing_is_booked_there() -> None:
    booked = appointment(f"{MON}T11:00Z", f"{MON}T12:00Z")
    there = (
        schedule(MON, booked)
        .with_hold(hold())
        .with_hold(hold("09:00-10:00", name="x", ends=NOW + MINUTE))
    )
    both = book(documents(there), wanted("10:30-11:30"), NOW)[1]
    held = book(documents(there), wanted("09:30-10:30"), NOW)[1]
    assert isinstance(both, SlotTaken)
    assert isinstance(held, SlotTaken)
    assert (both.retry_after, held.retry_after) == (None, 60)


def test_nobody_is_told_whose_a_hold_is() -> None:
    refusal = book(found(day(hold(by=ADA)), by=ADA), wanted("10:00-10:30", ADA), NOW)[1]
    assert isinstance(refusal, SlotTaken)
    assert refusal.conflicts == (Conflict(span(f"{MON}T10:00Z", f"{MON}T10:30Z")),)


def test_booking_with_a_hold_uses_it_up_on_all_its_days() -> None:
    long = hold("16:30-17:00", buffers=(0, 8 * 60))
    there = documents(day(long), day(long, of=TUE))
    changes, outcome = untold(booking_with("16:30-17:00", there))
    assert isinstance(outcome, Accepted)
    assert changes == documents(schedule(MON, outcome.appointment), schedule(TUE))


def test_a_hold_that_reaches_into_another_day_needs_that_day_to_be_used_up() -> None:
    long = hold("16:30-17:00", buffers=(0, 8 * 60))
    needed = booking_with("16:30-17:00", documents(day(long)))[1]
    assert needed == NeedsDocuments(frozenset({key(MON), key(TUE)}))
    request = Release(HOLD, key(MON), STRANGE, ANYBODY, NOW)
    assert release(documents(day(long)), request, NOW)[1] == needed


def test_a_part_of_what_is_held_can_be_booked_and_the_rest_is_free_then() -> None:
    changes, outcome = booking_with("10:15-10:45", found(day(hold())))
    assert isinstance(outcome, Accepted)
    after = found(*changes.days.values())
    rest = appointment(f"{MON}T10:00Z", f"{MON}T10:15Z", "rest")
    assert isinstance(book(after, Booking(STRANGE, rest, ANYBODY), NOW)[1], Accepted)


@pytest.mark.parametrize(
    ("times", "by", "now", "refusal"),
    [
        pytest.param("10:00-11:00", ADA, ENDS - MICROSECOND, Accepted, id="to-the-last-moment"),
        pytest.param("10:00-11:00", ADA, ENDS, UnknownHold, id="at-its-end"),
        pytest.param("10:00-11:00", BOB, NOW, UnknownHold, id="of-somebody-else"),
        pytest.param("10:00-11:00", ANYBODY, NOW, UnknownHold, id="of-a-patient"),
        pytest.param("09:59-11:00", ADA, NOW, NotWithinHold, id="begins-before-it"),
        pytest.param("10:00-11:01", ADA, NOW, NotWithinHold, id="ends-after-it"),
    ],
)
def test_a_hold_is_for_its_holder_its_time_and_its_length(
    times: str, by: Caller, now: datetime, refusal: type[Outcome]
) -> None:
    assert isinstance(booking_with(times, found(day(hold(by=ADA)), by=by), by, now)[1], refusal)


def test_a_hold_is_for_its_doctor() -> None:
    other = appointment(f"{MON}T10:00Z", f"{MON}T11:00Z", "new", doctor_id="who")
    asked = Booking(doctor(doctor_id="who"), other, ANYBODY, hold_id=HOLD)
    there = documents(day(hold()), schedule(MON, doctor_id="who"))
    assert isinstance(book(there, asked, NOW)[1], NotWithinHold)


def test_an_id_that_is_no_holds_is_unknown() -> None:
    for name in ("a", "strange.20261399.hold.a", "strange.20261123.a"):
        asked = wanted("10:00-11:00", hold_id=name)
        assert isinstance(book(found(day(hold())), asked, NOW)[1], UnknownHold)


def test_what_is_held_is_not_asked_for_notice_again_but_for_all_else() -> None:
    late, given = Terms(Policy(notice=3 * HOUR)), hold(notice=3 * HOUR)
    away = with_overrides(day(given), off(f"{MON}T10:30Z", f"{MON}T11:00Z"))
    asked = replace(wanted("10:00-11:00", hold_id=HOLD), terms=late)
    assert isinstance(book(found(day(given)), asked, NOW)[1], Accepted)
    assert isinstance(book(found(away), asked, NOW)[1], TimeOff)
    # A service that wants more notice than was given gets it.
    less = hold(notice=3 * HOUR - MINUTE)
    assert isinstance(book(found(day(less)), asked, NOW)[1], TooSoon)
    refusal = book(found(day(hold("13:00-14:00"))), replace(asked, hold_id=None), NOW)[1]
    assert isinstance(refusal, TooSoon)


def test_openings_instead_of_what_is_held_are_not_in_the_time_held() -> None:
    away = with_overrides(day(hold()), off(f"{MON}T10:30Z", f"{MON}T11:00Z"))
    refusal = booking_with("10:00-11:00", found(away))[1]
    assert isinstance(refusal, TimeOff)
    busy = refusal.search.busy([away.busy])
    assert busy == (span(f"{MON}T10:00Z", f"{MON}T11:00Z"),)


def test_a_hold_is_refused_as_its_booking_would_be() -> None:
    hers = appointment(f"{MON}T10:00Z", f"{MON}T11:00Z", "hers", doctor_id="who")
    there = documents(schedule(MON), patients=[schedule_of(ADA, hers)])
    assert isinstance(holding(hold(by=ADA), there, ADA)[1], PatientBusy)
    few = Terms(Policy(open_appointments=1))
    assert isinstance(holding(hold("12:00-13:00", ADA), there, ADA, terms=few)[1], TooManyAhead)
    assert isinstance(holding(hold("18:00-19:00"), found(day()))[1], OutsideWorkingHours)


def test_patients_hold_three_times_of_a_day_and_as_many_of_another() -> None:
    times = ("09:00-09:10", "09:10-09:20", "09:20-09:30")
    three = [hold(each, ADA, f"{n}", ends=ENDS + n * MINUTE) for n, each in enumerate(times)]
    there = found(day(*three, hold("12:00-13:00", BOB, "bobs")), by=ADA)
    refusal = holding(hold("10:00-11:00", ADA), there, ADA)[1]
    assert refusal == TooManyHolds(300)
    for fine in (
        holding(hold("10:00-11:00", ADA), there, ADA, now=ENDS)[1],
        holding(hold("10:00-11:00", BOB), found(day(*three), by=BOB), BOB)[1],
        holding(hold("10:00-11:00"), found(day(*three)))[1],
    ):
        assert isinstance(fine, Held)


def test_a_day_keeps_few_holds_however_often_callers_let_them_end() -> None:
    there, others = found(day(hold(by=BOB, name="bobs", ends=NOW)), by=ADA), 0
    for n in range(20):
        begins, name = NOW + n * MINUTE, f"{n}"
        held = hold("12:00-13:00", ADA, name, ends=begins + MINUTE)
        changes, outcome = holding(held, there, ADA, now=begins)
        assert outcome == Held(held)
        there = replace(there, days=changes.days)
        others = len([each for each in there.days[key(MON)].holds if not each.is_of(ADA.account)])
    names = [each.id for each in there.days[key(MON)].holds if each.is_of(ADA.account)]
    assert (sorted(names), others) == (["15", "16", "17", "18", "19"], 1)


def test_what_has_just_ended_stays_for_requests_that_arrived_before() -> None:
    for ends, left in ((NOW - MINUTE + MICROSECOND, 4), (NOW - MINUTE, 3)):
        ended = [hold(by=ADA, name=f"{number}", ends=ends) for number in range(4)]
        changes, _ = holding(hold("12:00-13:00", ADA), found(day(*ended), by=ADA), ADA)
        assert len(changes.days[key(MON)].holds) == left + 1


def test_an_attempt_whose_answer_was_lost_has_held_the_time() -> None:
    assert holding(hold(), found(day(hold())))[1] == AlreadyApplied()


def test_a_hold_is_released_by_its_holder_alone() -> None:
    there = found(day(hold(by=ADA)))
    hers = Release(HOLD, key(MON), STRANGE, ADA, NOW)
    assert release(there, hers, NOW) == (documents(schedule(MON)), Released())
    for request, now in (
        (replace(hers, caller=BOB), NOW),
        (replace(hers, caller=ANYBODY), NOW),
        (replace(hers, hold_id=f"{HOLD}b"), NOW),
        (hers, ENDS),
    ):
        assert release(there, request, now) == (Documents(), UnknownHold())


def test_what_has_ended_is_dropped_an_hour_later_by_the_clock_of_the_server() -> None:
    old, there = ENDS + KEPT_FOR, found(day(hold()))
    elsewhere = wanted("14:00-15:00")
    for now, arrived_at, left in (
        (old, old - MICROSECOND, (hold(),)),
        (old - MICROSECOND, old, (hold(),)),
        (old, old, ()),
    ):
        changes, outcome = book(there, replace(elsewhere, arrived_at=arrived_at), now)
        assert isinstance(outcome, Accepted)
        assert changes.days[key(MON)].holds == left


def test_holds_take_room_in_the_document_of_a_day() -> None:
    full = [hold(by=BOB, name=str(n)) for n in range(LARGEST_DOCUMENT // HOLD_BYTES)]
    there = schedule(MON).with_hold(hold("15:00-15:01", name="soon"))
    there = replace(there, holds=(*there.holds, *full))
    assert isinstance(
        holding(hold("16:00-17:00", name="x"), documents(there), now=ENDS)[1], DayFull
    )
    assert isinstance(book(documents(there), wanted("16:00-17:00"), ENDS)[1], DayFull)
    # What is held already has its room, though there is none beside it.
    own = there.with_hold(hold("16:00-17:00", name=HOLD, ends=ENDS + HOUR))
    assert isinstance(booking_with("16:00-17:00", documents(own), now=ENDS)[1], DayFull)
    fits = replace(own, holds=own.holds[-(LARGEST_DOCUMENT // HOLD_BYTES - 1) :])
    assert isinstance(booking_with("16:00-17:00", documents(fits), now=ENDS)[1], Accepted)
    less = replace(there, holds=there.holds[4:])
    assert isinstance(holding(hold("16:00-17:00", name="x"), documents(less), now=ENDS)[1], Held)

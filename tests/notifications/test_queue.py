"""What of one appointment may go out now, and what becomes of it."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.model.event import Event, EventType
from shared.model.outbox import Delivery, OutboxRecord
from shared.notifications.queue import (
    Clock,
    Outcome,
    Try,
    claimed,
    is_claimed,
    resent,
    settled,
    tries,
    writes,
)
from shared.store.port import OutboxWrite, Stored, StoredRecord
from tests.builders import appointment, at

NOW = at("2026-11-20T08:00Z")
CLOCK = Clock(NOW, NOW)
SECOND = timedelta(seconds=1)
HOOK, MAIL = "webhook", "mail"
BOOKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a")
BOTH = (HOOK, MAIL)


def clock(now: datetime) -> Clock:
    return Clock(now, now)


def record(version: int, of_type: EventType = "booked", **more: object) -> OutboxRecord:
    """A record of version so and so, due now."""
    happened = NOW if of_type != "reminder" else at("2026-11-22T09:00Z")
    detail = "20261122T0900" if of_type == "reminder" else ""
    fields: dict[str, object] = {"due_at": happened} | more
    return OutboxRecord(Event(of_type, "a", version, happened, detail=detail), **fields)  # type: ignore[arg-type]


def stored(*records: OutboxRecord) -> list[StoredRecord]:
    return [Stored(each, number) for number, each in enumerate(records, start=1)]


def sent(found: list[Try]) -> list[tuple[int, str]]:
    return [(each.record.event.version, each.sink) for each in found]


def arrived(record: OutboxRecord, sink: str) -> Outcome:
    return Outcome(Try(record, sink))


def failed(record: OutboxRecord, sink: str) -> Outcome:
    return Outcome(Try(record, sink), "503")


def left(after: list[Stored[OutboxRecord | None]]) -> list[OutboxRecord | None]:
    return [each.value for each in after]


DELIVERED = Delivery("delivered")
FAILED_ONCE = Delivery("waiting", 1, NOW, NOW + 5 * SECOND, "503")


def test_each_sink_is_told_of_the_first_event_that_waits_for_it() -> None:
    first = record(1, deliveries={MAIL: DELIVERED})
    assert sent(tries([first, record(2)], BOTH, CLOCK)) == [(1, HOOK), (2, MAIL)]


def test_what_waits_for_its_next_try_holds_up_what_follows_and_no_other_sink() -> None:
    first = record(1, deliveries={HOOK: FAILED_ONCE})
    assert sent(tries([first, record(2)], BOTH, CLOCK)) == [(1, MAIL)]
    due = clock(NOW + 5 * SECOND)
    assert sent(tries([first, record(2)], BOTH, due)) == [(1, HOOK), (1, MAIL)]


def test_what_was_set_aside_holds_up_nothing() -> None:
    first = record(1, deliveries={HOOK: Delivery("set_aside")})
    assert sent(tries([first, record(2)], [HOOK], CLOCK)) == [(2, HOOK)]


def test_a_reminder_takes_its_place_when_it_is_due() -> None:
    reminder = record(1, "reminder")
    assert tries([reminder], [HOOK], CLOCK) == []
    due = clock(at("2026-11-22T09:00Z"))
    assert sent(tries([reminder], [HOOK], due)) == [(1, HOOK)]
    assert sent(tries([reminder, record(2)], [HOOK], CLOCK)) == [(2, HOOK)]
    waiting = record(1, deliveries={HOOK: replace(FAILED_ONCE, next_at=at("2026-11-23T00:00Z"))})
    assert tries([waiting, reminder], [HOOK], due) == []


def test_a_test_says_when_a_reminder_is_due_but_not_when_to_try_again() -> None:
    reminder = record(1, "reminder")
    told = Clock(NOW, at("2026-11-22T09:00Z"))
    assert sent(tries([reminder], [HOOK], told)) == [(1, HOOK)]
    again = replace(reminder, deliveries={HOOK: FAILED_ONCE})
    assert tries([again], [HOOK], told) == []


def test_a_claim_lasts_a_minute_and_is_looked_at_again_then() -> None:
    mine = claimed(record(1), "mine", NOW)
    assert mine.due_at == NOW + timedelta(minutes=1)
    assert is_claimed(stored(mine, record(2)), NOW + 59 * SECOND)
    assert not is_claimed(stored(mine, record(2)), NOW + 60 * SECOND)
    assert not is_claimed(stored(record(1)), NOW)
    # What time off affects may come before it meanwhile.
    assert is_claimed(stored(record(1, "affected"), mine), NOW)


def test_what_every_sink_has_taken_is_deleted() -> None:
    only = claimed(record(1), "mine", NOW)
    after = settled(stored(only), [arrived(only, HOOK), arrived(only, MAIL)], BOTH, CLOCK, {})
    assert writes(stored(only), after) == [OutboxWrite(only, 1, done=True)]


def test_while_the_first_record_is_due_the_others_stay_so() -> None:
    first, second = claimed(record(1), "mine", NOW), record(2)
    after = settled(
        stored(first, second), [failed(first, HOOK), arrived(first, MAIL)], BOTH, CLOCK, {}
    )
    waits = record(1, deliveries={HOOK: FAILED_ONCE, MAIL: DELIVERED}, due_at=NOW)
    # The next mail may go out at once.
    assert left(after) == [waits, second]


def test_the_first_record_speaks_for_all() -> None:
    first, second, reminder = record(1), record(2), record(2, "reminder")
    after = settled(stored(first, second, reminder), [failed(first, HOOK)], [HOOK], CLOCK, {})
    waits = record(1, deliveries={HOOK: FAILED_ONCE}, due_at=NOW + 5 * SECOND)
    assert left(after) == [waits, replace(second, due_at=None), reminder]
    later = clock(NOW + 5 * SECOND)
    then = settled(
        stored(waits, replace(second, due_at=None)), [arrived(waits, HOOK)], [HOOK], later, {}
    )
    assert left(then) == [None, replace(second, due_at=later.now)]


def test_who_tells_a_record_to_wait_writes_the_first_one_too() -> None:
    first = record(1, deliveries={HOOK: FAILED_ONCE}, due_at=NOW + 5 * SECOND)
    second, third = record(2, due_at=None), record(3)
    before = stored(first, second, third)
    after = settled(before, [], [HOOK], CLOCK, {})
    assert left(after) == [first, second, replace(third, due_at=None)]
    assert writes(before, after) == [
        OutboxWrite(first, 1),
        OutboxWrite(replace(third, due_at=None), 3),
    ]


def test_who_deletes_the_first_record_writes_the_one_that_speaks_from_now_on() -> None:
    first = claimed(record(1, "affected"), "mine", NOW)
    second = record(2, deliveries={HOOK: FAILED_ONCE}, due_at=NOW + 5 * SECOND)
    before = stored(first, second, record(3, due_at=None))
    after = settled(before, [arrived(first, HOOK)], [HOOK], CLOCK, {})
    assert writes(before, after) == [OutboxWrite(first, 1, done=True), OutboxWrite(second, 2)]


def test_what_names_a_patient_who_is_erased_holds_nothing_up_and_is_told_to_nobody() -> None:
    named, erased = (replace(record(n).event, appointment=BOOKED) for n in (1, 2))
    first = OutboxRecord(replace(named, personal=True), NOW, deliveries={HOOK: FAILED_ONCE})
    second = OutboxRecord(erased, NOW)
    assert sent(tries([first, second], [HOOK], CLOCK)) == [(2, HOOK)]
    assert left(settled(stored(first, second), [], [HOOK], CLOCK, {})) == [None, second]
    # Until the patient is erased, all of it is told.
    later = OutboxRecord(replace(erased, personal=True), NOW)
    assert left(settled(stored(first, later), [], [HOOK], CLOCK, {}))[0] is not None


def test_it_is_due_when_the_next_try_is() -> None:
    first = claimed(record(1), "mine", NOW)
    after = settled(stored(first), [failed(first, HOOK)], [HOOK], CLOCK, {})
    assert left(after) == [record(1, deliveries={HOOK: FAILED_ONCE}, due_at=NOW + 5 * SECOND)]


def test_a_later_record_that_is_due_some_day_may_stay_as_it_is() -> None:
    first, reminder = record(1), record(1, "reminder")
    after = settled(stored(first, reminder), [arrived(first, HOOK)], [HOOK], CLOCK, {})
    assert left(after) == [None, reminder]
    before = stored(first, reminder)
    assert writes(before, after) == [OutboxWrite(first, 1, done=True)]


def test_what_has_nothing_to_do_is_not_written() -> None:
    only = record(1, due_at=NOW - SECOND)
    assert writes(stored(only), settled(stored(only), [], BOTH, CLOCK, {})) == []


def test_a_reminder_of_an_earlier_version_goes() -> None:
    reminder, second = record(1, "reminder"), record(2)
    after = settled(stored(reminder, second), [], BOTH, CLOCK, {})
    assert left(after) == [None, second]


def test_a_reminder_of_what_is_not_so_any_more_goes_for_all_sinks() -> None:
    reminder = claimed(record(1, "reminder"), "mine", NOW)
    obsolete = Outcome(Try(reminder, HOOK), obsolete=True)
    assert left(settled(stored(reminder), [obsolete], BOTH, CLOCK, {})) == [None]


@pytest.mark.parametrize(
    ("failed_before", "pause"),
    [(0, 5), (1, 30), (2, 300), (3, 1800), (4, 7200), (5, 21600), (6, 21600), (11, 21600)],
)
def test_pauses_grow(failed_before: int, pause: int) -> None:
    before = Delivery("waiting", failed_before, NOW - SECOND, NOW, "503")
    first = record(1, deliveries={HOOK: before} if failed_before else {})
    (after,) = left(settled(stored(first), [failed(first, HOOK)], [HOOK], CLOCK, {}))
    assert after
    assert after.deliveries[HOOK].next_at == NOW + pause * SECOND
    assert after.deliveries[HOOK].tries == failed_before + 1


def test_pauses_are_stretched_and_shortened() -> None:
    first = record(1)
    (after,) = left(settled(stored(first), [failed(first, HOOK)], [HOOK], CLOCK, {HOOK: 1.2}))
    assert after
    assert after.due_at == NOW + 6 * SECOND


def test_what_has_failed_for_three_days_is_set_aside_and_lets_others_pass() -> None:
    three_days = timedelta(days=3)
    begun = Delivery("waiting", 15, NOW - three_days, NOW, "503")
    first = record(1, deliveries={HOOK: begun})
    (aside, second) = left(
        settled(stored(first, record(2)), [failed(first, HOOK)], [HOOK], CLOCK, {})
    )
    assert aside
    assert aside.is_set_aside
    assert aside.deliveries[HOOK] == Delivery("set_aside", 16, NOW - three_days, None, "503")
    assert sent(tries([aside, record(2)], [HOOK], CLOCK)) == [(2, HOOK)]
    assert second
    almost = replace(begun, failing_since=NOW - three_days + SECOND)
    again = record(1, deliveries={HOOK: almost})
    (waits,) = left(settled(stored(again), [failed(again, HOOK)], [HOOK], CLOCK, {}))
    assert waits
    assert not waits.is_set_aside


def test_what_was_set_aside_alone_is_not_due_and_stays() -> None:
    aside = record(1, deliveries={HOOK: Delivery("set_aside"), MAIL: DELIVERED})
    assert left(settled(stored(aside), [], BOTH, CLOCK, {})) == [replace(aside, due_at=None)]


def test_what_is_resent_is_tried_as_if_for_the_first_time() -> None:
    aside = record(1, deliveries={HOOK: Delivery("set_aside", 16, NOW), MAIL: DELIVERED})
    again = resent(replace(aside, due_at=None), NOW)
    # That it was tried says that others may wait behind it.
    assert again == record(1, deliveries={HOOK: Delivery(), MAIL: DELIVERED})
    assert sent(tries([again], BOTH, CLOCK)) == [(1, HOOK)]


def test_a_sink_that_is_gone_holds_up_nothing() -> None:
    first = record(1, deliveries={"gone": FAILED_ONCE, HOOK: DELIVERED})
    assert left(settled(stored(first), [], [HOOK], CLOCK, {})) == [None]

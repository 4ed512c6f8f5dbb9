"""Overrides, on a store whose calls go wrong where told to."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.override import Override, OverrideEntry, OverrideKey
from shared.rules.events import Telling
from shared.rules.overriding import (
    Affected,
    NoRoomForOverride,
    TooManyAffected,
    UnknownOverride,
)
from shared.rules.refusals import KeyReused, Refusal
from shared.store.port import Stored, StoreRefused, StoreUnavailable, Versions, Writes
from shared.transactions.idempotency_keys import Idempotency
from shared.transactions.overrides import Made, NewOverride, OverrideTransactions
from tests.builders import FIRST_OF_2026, appointment, at, doctor, key, schedule, span
from tests.scripted_store import (
    ScriptedStore,
    after,
    fails_after,
    fails_before,
    fails_for_good,
    hangs,
    prompt,
    slow,
)
from tests.simulated_loop import now, simulated

NOW = at("2026-11-20T09:00Z")
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25")
WHOLE_DAYS = span("2026-11-23T00:00Z", "2026-11-26T00:00Z")
AWAY = Override("strange.override.a", "strange", "time_off", WHOLE_DAYS, NOW, "ill")
ENTRY = OverrideEntry("strange.override.a", "time_off", WHOLE_DAYS)
MON_NINE = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "strange.20261123.a")
TUE_NINE = appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261124.b")
NEW = NewOverride(doctor(), AWAY, NOW)


def transactions(store: ScriptedStore) -> OverrideTransactions:
    return OverrideTransactions(store, 30, Random(0))  # noqa: S311 - jitter is no secret


async def make(store: ScriptedStore, new: NewOverride = NEW) -> Made:
    made = await transactions(store).make(new)
    assert isinstance(made, Made)
    return made


async def refused(store: ScriptedStore, new: NewOverride = NEW) -> Refusal:
    outcome = await transactions(store).make(new)
    assert isinstance(outcome, Refusal)
    return outcome


async def delete(store: ScriptedStore, of: str = AWAY.id, when: datetime = NOW) -> object:
    return await transactions(store).delete(OverrideKey("strange", of), doctor(), when)


def entries(store: ScriptedStore) -> dict[str, list[str]]:
    """The ids of the overrides in each day."""
    return {
        f"{day.day}": [entry.id for entry in stored.value.overrides]
        for day, stored in sorted(store.days.items())
    }


def kept(store: ScriptedStore, of: str = AWAY.id) -> Override | None:
    stored = store.overrides.get(OverrideKey("strange", of))
    return stored.value if stored else None


def put_override(store: ScriptedStore, override: Override) -> None:
    """Replace an override, as another writer would."""
    store.version += 1
    store.overrides[override.key] = Stored(override, store.version)


def booked(store: ScriptedStore, *appointments: Appointment) -> Callable[[], None]:
    """Somebody else books these, which are all that there is on that day."""
    day = f"{appointments[0].interval.start.date()}"
    return lambda: store.put(schedule(day, *appointments))


def keyed(new: NewOverride, *request: str) -> NewOverride:
    idempotency = Idempotency.of("k", request, ANYBODY)
    return replace(new, idempotency=idempotency, request_id=new.override.id)


EVERYWHERE = {day: [AWAY.id] for day in DAYS}
NOWHERE: dict[str, list[str]] = {day: [] for day in DAYS}


# Told


def telling(store: ScriptedStore) -> OverrideTransactions:
    """One that tells others."""
    return OverrideTransactions(store, 30, Random(0), Telling())  # noqa: S311 - jitter is no secret


@simulated
async def test_whoever_is_affected_has_an_event_in_the_same_commit() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE), schedule("2026-11-24", TUE_NINE))
    store.on_commit.append(fails_after)
    made = await telling(store).make(NEW)
    assert isinstance(made, Made)
    assert made.affected.count == 2
    assert [*store.outbox] == [
        "strange.20261123.a~00000001~1strange.override.a",
        "strange.20261124.b~00000001~1strange.override.a",
    ]
    assert {each.version for each in store.outbox.values()} == {3}


@simulated
async def test_more_than_one_commit_can_tell_of_are_refused_and_shorter_overrides_are_not() -> None:
    dates = [f"2026-11-{number}" for number in range(10, 18)]
    days = [
        schedule(
            date,
            *(
                appointment(f"{date}T09:00Z", f"{date}T17:00Z", f"{date}-{number}")._replace(
                    reason="\N{PILE OF POO}" * 1000
                )
                for number in range(200)
            ),
        )
        for date in dates
    ]
    store = ScriptedStore(*days)
    long = replace(AWAY, interval=span("2026-11-10T00:00Z", "2026-11-18T00:00Z"))
    assert await telling(store).make(replace(NEW, override=long)) == TooManyAffected()
    assert (store.outbox, kept(store)) == ({}, None)
    short = replace(long, id="b", interval=span("2026-11-10T00:00Z", "2026-11-12T00:00Z"))
    assert isinstance(await telling(store).make(replace(NEW, override=short)), Made)
    assert len(store.outbox) == 400
    # Where nobody is told, there are none to write.
    assert isinstance(await transactions(store).make(replace(NEW, override=long)), Made)


# Made


@simulated
async def test_an_override_is_written_whole_with_all_of_its_days_in_one_commit() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    made = await make(store)
    assert made == Made(AWAY, Affected((MON_NINE,), 1))
    assert (store.loads, store.commits) == (1, 1)
    assert store.days_read() == [f"strange {day}" for day in DAYS]
    assert entries(store) == EVERYWHERE
    assert {stored.version for stored in store.days.values()} == {2}
    assert store.days[key("2026-11-24")].value.overrides == (ENTRY,)
    assert store.overrides[AWAY.key].version == 2
    assert kept(store) == AWAY


@simulated
async def test_the_longest_override_stands_in_367_days() -> None:
    store = ScriptedStore()
    year = span("2026-11-23T12:00Z", "2027-11-24T12:00Z")
    await make(store, replace(NEW, override=replace(AWAY, interval=year)))
    assert (store.loads, store.commits, len(store.days)) == (1, 1, 367)


@simulated
async def test_extra_hours_affect_nobody() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    extra = replace(AWAY, kind="extra_hours")
    assert await make(store, replace(NEW, override=extra)) == Made(extra, Affected())


@simulated
async def test_a_booking_that_comes_first_is_affected_and_only_its_day_is_read_again() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    store.on_commit.append(after(booked(store, TUE_NINE)))
    made = await make(store)
    assert made.affected == Affected((MON_NINE, TUE_NINE), 2)
    assert store.days_read()[3:] == ["strange 2026-11-24"]
    assert store.ids() == [MON_NINE.id, TUE_NINE.id]
    assert entries(store) == EVERYWHERE


@simulated
async def test_what_changed_last_is_checked_first() -> None:
    store = ScriptedStore()
    store.on_commit.append(after(booked(store, TUE_NINE)))
    written: list[list[str]] = []
    commit = store.commit

    async def noted(writes: Writes) -> Versions:
        written.append([f"{write.day.key.day}" for write in writes.days])
        return await commit(writes)

    store.commit = noted  # type: ignore[method-assign]
    await make(store)
    assert written == [[*DAYS], ["2026-11-24", "2026-11-23", "2026-11-25"]]


@simulated
async def test_a_day_that_was_first_booked_meanwhile_is_read_again() -> None:
    store = ScriptedStore()
    store.on_commit += [after(booked(store, MON_NINE)), after(booked(store, TUE_NINE)), prompt]
    assert (await make(store)).affected == Affected((MON_NINE, TUE_NINE), 2)
    assert store.days_read()[3:] == ["strange 2026-11-23", "strange 2026-11-24"]
    assert store.commits == 3


@simulated
async def test_what_was_cancelled_meanwhile_is_not_affected() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    store.on_commit.append(after(lambda: store.put(schedule("2026-11-23"))))
    assert (await make(store)).affected == Affected()


@simulated
async def test_an_override_for_which_there_is_no_room_is_refused_and_nothing_is_written() -> None:
    full = schedule("2026-11-24")
    overrides = tuple(replace(ENTRY, id=f"o{number}") for number in range(2000))
    store = ScriptedStore(replace(full, overrides=overrides))
    assert await refused(store) == NoRoomForOverride()
    assert (store.commits, kept(store)) == (0, None)


# Lost answers


@simulated
@pytest.mark.parametrize("new", [NEW, keyed(NEW, "a")], ids=["without a key", "with a key"])
async def test_a_commit_whose_answer_is_lost_is_found(new: NewOverride) -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    store.on_commit.append(fails_after)
    assert await make(store, new) == Made(AWAY, Affected((MON_NINE,), 1))
    assert (store.commits, entries(store)) == (1, EVERYWHERE)


@simulated
async def test_a_commit_that_was_lost_is_made_again() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_before)
    assert await make(store) == Made(AWAY, Affected())
    assert (store.commits, entries(store)) == (2, EVERYWHERE)


@simulated
async def test_what_others_deleted_after_a_lost_answer_was_made_and_affects_nobody() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    store.on_commit.append(fails_after)
    deleted = replace(AWAY, deleted_at=NOW)
    real = store.call
    calls = 0

    async def call(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
        nonlocal calls
        calls += 1
        if calls == 3:
            await delete(store)
        return await real(*arguments)

    store.call = call  # type: ignore[method-assign,assignment]
    assert await make(store) == Made(deleted, Affected())
    assert entries(store) == NOWHERE


@simulated
async def test_reads_that_are_not_answered_are_repeated() -> None:
    store = ScriptedStore()
    store.on_load += [fails_before, fails_after]
    assert (await make(store)).override == AWAY
    assert store.commits == 1


@simulated
async def test_without_a_certain_answer_it_ends_after_30_s() -> None:
    store = ScriptedStore()
    store.on_commit.append(hangs)
    with pytest.raises(StoreUnavailable, match="no certain answer within 30 s"):
        await transactions(store).make(NEW)
    assert now() == 30


@simulated
async def test_a_day_that_never_rests_ends_it_after_30_s() -> None:
    store = ScriptedStore()

    def restless() -> None:
        store.on_commit.append(after(restless))
        store.put(schedule("2026-11-23", MON_NINE))

    store.on_commit.append(after(restless))
    with pytest.raises(StoreUnavailable):
        await transactions(store).make(NEW)
    assert now() == 30
    assert store.commits > 100
    assert {*store.days_read()[3:]} == {"strange 2026-11-23"}
    assert (kept(store), store.ids()) == (None, [MON_NINE.id])


@simulated
async def test_a_store_that_refuses_is_not_asked_again() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_for_good)
    with pytest.raises(StoreRefused):
        await transactions(store).make(NEW)
    assert store.commits == 1


# One at a time


def numbered(number: int, of: str = "strange") -> NewOverride:
    away = replace(AWAY, id=f"{of}.override.{number}", doctor_id=of)
    return NewOverride(doctor(doctor_id=of), away, NOW)


@simulated
async def test_overrides_of_one_doctor_do_not_disturb_each_other() -> None:
    store = ScriptedStore(otherwise=slow(1))
    overrides = transactions(store)
    await asyncio.gather(*(overrides.make(numbered(number)) for number in range(6)))
    assert (store.loads, store.commits) == (6, 6)
    assert entries(store)["2026-11-23"] == [f"strange.override.{number}" for number in range(6)]


@simulated
async def test_a_deletion_waits_for_its_turn_too() -> None:
    store = ScriptedStore(otherwise=slow(1))
    overrides = transactions(store)
    await overrides.make(NEW)
    delete = overrides.delete(AWAY.key, doctor(), NOW)
    await asyncio.gather(overrides.make(numbered(1)), delete)
    assert store.commits == 3
    assert entries(store)["2026-11-23"] == ["strange.override.1"]


@simulated
async def test_overrides_of_other_doctors_do_not_wait() -> None:
    store = ScriptedStore(otherwise=slow(1))
    overrides = transactions(store)
    await asyncio.gather(*(overrides.make(numbered(0, of)) for of in ("strange", "who", "house")))
    assert (store.commits, now()) == (3, 2)


@simulated
async def test_who_waits_too_long_is_told_in_time_and_changes_nothing() -> None:
    store = ScriptedStore(otherwise=slow(12))
    overrides = transactions(store)
    made, late, waiting = await asyncio.gather(
        *(overrides.make(numbered(number)) for number in range(3)), return_exceptions=True
    )
    assert (made, now()) == (Made(numbered(0).override, Affected()), 30)
    for error in (late, waiting):
        assert isinstance(error, StoreUnavailable)
        assert str(error) == "no certain answer within 30 s"
    assert (store.loads, store.commits) == (2, 1)
    assert await overrides.make(numbered(3)) == Made(numbered(3).override, Affected())


@simulated
async def test_nothing_is_kept_of_doctors_whose_overrides_have_been_made() -> None:
    overrides = transactions(ScriptedStore())
    await asyncio.gather(*(overrides.make(numbered(number)) for number in range(3)))
    assert len(overrides.turns) == 0


# Keys


@simulated
async def test_the_same_request_with_the_same_key_makes_nothing_new() -> None:
    store = ScriptedStore()
    await make(store, keyed(NEW, "a"))
    booked(store, MON_NINE)()
    again = replace(NEW, override=replace(AWAY, id="strange.override.b"), arrived_at=NOW)
    made = await make(store, keyed(again, "a"))
    assert made == Made(AWAY, Affected((MON_NINE,), 1), replayed=True)
    assert store.commits == 1
    await delete(store)
    assert (await make(store, keyed(again, "a"))).affected == Affected()


@simulated
async def test_another_request_with_the_same_key_is_refused() -> None:
    store = ScriptedStore()
    await make(store, keyed(NEW, "a"))
    other = replace(NEW, override=replace(AWAY, id="strange.override.b"))
    assert await refused(store, keyed(other, "another")) == KeyReused()


@simulated
async def test_two_at_once_with_one_key_make_one() -> None:
    store = ScriptedStore()
    other = keyed(replace(NEW, override=replace(AWAY, id="strange.override.b")), "a")

    def made_by_another() -> None:
        record = other.record()
        assert record
        store.put_record(record)
        put_override(store, other.override)

    store.on_commit.append(after(made_by_another))
    made = await make(store, keyed(NEW, "a"))
    assert (made.override.id, made.replayed) == ("strange.override.b", True)
    assert kept(store) is None


@simulated
async def test_a_key_is_free_again_after_48_hours() -> None:
    store = ScriptedStore()
    await make(store, keyed(NEW, "a"))
    second = replace(AWAY, id="strange.override.b")
    later = NewOverride(doctor(), second, NOW + timedelta(hours=48))
    assert await make(store, keyed(later, "b")) == Made(second, Affected())
    assert entries(store)["2026-11-23"] == ["strange.override.a", "strange.override.b"]
    almost = NewOverride(doctor(), replace(AWAY, id="strange.override.c"), later.arrived_at)
    assert (await make(store, keyed(almost, "b"))).replayed


@simulated
async def test_what_a_key_made_and_is_gone_is_a_damage_that_is_told() -> None:
    store = ScriptedStore()
    await make(store, keyed(NEW, "a"))
    store.overrides.clear()
    again = keyed(replace(NEW, override=replace(AWAY, id="strange.override.b")), "a")
    with pytest.raises(StoreRefused, match=r"strange\.override\.a was acknowledged but is gone"):
        await transactions(store).make(again)


# Deleted


@simulated
async def test_a_deletion_takes_it_from_all_of_its_days_and_keeps_it() -> None:
    store = ScriptedStore(schedule("2026-11-23", MON_NINE))
    await make(store)
    deleted = replace(AWAY, deleted_at=NOW)
    assert await delete(store) == deleted
    assert (entries(store), kept(store)) == (NOWHERE, deleted)
    assert store.ids() == [MON_NINE.id]
    assert store.commits == 2


@simulated
async def test_what_is_deleted_stays_as_it_is() -> None:
    store = ScriptedStore()
    await make(store)
    await delete(store)
    later = NOW + timedelta(hours=1)
    assert await delete(store, when=later) == replace(AWAY, deleted_at=NOW)
    assert store.commits == 2


@simulated
async def test_what_there_never_was_is_unknown() -> None:
    store = ScriptedStore()
    assert await delete(store) == UnknownOverride()
    assert store.commits == 0


@simulated
async def test_a_deletion_that_meets_a_booking_reads_only_its_day_again() -> None:
    store = ScriptedStore()
    await make(store)
    store.read.clear()
    day = schedule("2026-11-24", TUE_NINE).with_override(ENTRY)
    store.on_commit.append(after(lambda: store.put(day)))
    assert await delete(store) == replace(AWAY, deleted_at=NOW)
    assert store.days_read() == [f"strange {day}" for day in (*DAYS, "2026-11-24")]
    assert (entries(store), store.ids()) == (NOWHERE, [TUE_NINE.id])


@simulated
async def test_a_deletion_whose_answer_is_lost_is_found() -> None:
    store = ScriptedStore()
    await make(store)
    store.on_commit.append(fails_after)
    assert await delete(store) == replace(AWAY, deleted_at=NOW)
    assert store.commits == 2


@simulated
async def test_of_two_deletions_the_first_counts() -> None:
    store = ScriptedStore()
    await make(store)
    first = replace(AWAY, deleted_at=FIRST_OF_2026)

    def deleted_by_another() -> None:
        store.put(*(schedule(day) for day in DAYS))
        put_override(store, first)

    store.on_commit.append(after(deleted_by_another))
    assert await delete(store) == first

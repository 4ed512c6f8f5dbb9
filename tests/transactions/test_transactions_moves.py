"""Appointments that others moved or cancelled meanwhile are found, and nothing is done twice."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.idempotency import IdempotencyRecord
from shared.rules.outcomes import Accepted, AlreadyCancelled, Replayed, UnknownAppointment
from shared.store.port import StoreRefused, StoreUnavailable
from tests.builders import appointment, at, key, schedule
from tests.commands import LONG_AGO, cancel, command, granted, move
from tests.scripted_store import (
    ScriptedStore,
    Step,
    after,
    fails_after,
    fails_before,
    instance,
    prompt,
)
from tests.simulated_loop import simulated

T = TypeVar("T")

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
ID = "strange.20261123.a"
NINE = f"{MON}T09:00Z"


def lying(day: str = MON, clock: str = "09:00") -> Appointment:
    """The appointment, which was born on Monday, for half an hour of a day."""
    return appointment(f"{day}T{clock}Z", f"{day}T{clock[:-2]}30Z", ID)


def at_home() -> list[DaySchedule]:
    return [schedule(MON, lying())]


def away(day: str = TUE, clock: str = "09:00") -> list[DaySchedule]:
    """All days, of which one that is not its home day holds the appointment."""
    others = [schedule(other) for other in (TUE, WED) if other != day]
    return [schedule(MON, forwarded={ID: key(day)}), schedule(day, lying(day, clock)), *others]


def made_and_then(store: ScriptedStore, *days: DaySchedule) -> Step:
    """It is made, others go on from there to these days, and the answer is lost."""

    async def step(effect: Callable[[], T]) -> T:
        effect()
        store.put(*days)
        raise StoreUnavailable("the answer was lost")

    return step


def times(store: ScriptedStore) -> list[str]:
    """When the appointment is, wherever it lies."""
    return [
        f"{a.interval.start:%a %H:%M} {a.status}"
        for day in store.days.values()
        for a in day.value.appointments
    ]


# Finding


@simulated
async def test_an_appointment_that_was_moved_is_found_from_its_home_day() -> None:
    store = ScriptedStore(*away())
    outcome = await instance(store).run(cancel(MON, ID))
    assert isinstance(outcome, Accepted)
    assert (outcome.appointment.id, outcome.appointment.status) == (ID, "cancelled")
    assert times(store) == ["Tue 09:00 cancelled"]
    assert (store.loads, store.commits) == (2, 1)


@simulated
async def test_what_was_moved_is_moved_on_and_its_home_day_follows() -> None:
    store = ScriptedStore(*away())
    assert granted(await instance(store).run(move(MON, f"{WED}T11:00Z", ID))) == ID
    assert times(store) == ["Wed 11:00 booked"]
    assert store.days[key(MON)].value.forwarded == {ID: key(WED)}
    assert store.commits == 1


@pytest.mark.parametrize(
    ("before", "since"),
    [
        pytest.param(at_home(), away(), id="left-home"),
        pytest.param(away(TUE), away(WED), id="moved-on"),
        pytest.param(away(TUE), [*at_home(), schedule(TUE)], id="came-home"),
        pytest.param(away(TUE, "09:00"), away(TUE, "15:00"), id="moved-on-its-day"),
    ],
)
@simulated
async def test_an_instance_that_remembers_it_elsewhere_finds_it_where_it_is(
    before: list[DaySchedule], since: list[DaySchedule]
) -> None:
    store = ScriptedStore(*before)
    transactions = instance(store)
    await transactions.preview(cancel(MON, ID))
    for day in before:
        await transactions.preview(command(f"{day.key.day}T12:00Z"))
    store.put(*since)
    (here,) = (a for day in since for a in day.appointments)
    assert await transactions.run(cancel(MON, ID)) == Accepted(
        here._replace(cancelled_at=at(LONG_AGO), updated_at=at(LONG_AGO))
    )
    assert times(store) == [f"{here.interval.start:%a %H:%M} cancelled"]


@simulated
async def test_what_others_cancelled_is_not_moved_whatever_is_remembered() -> None:
    store = ScriptedStore(*at_home())
    transactions = instance(store)
    await transactions.preview(cancel(MON, ID))
    cancelled = lying()._replace(cancelled_at=at(LONG_AGO))
    store.put(schedule(MON, cancelled))
    outcome = await transactions.run(move(MON, f"{MON}T11:00Z", ID))
    assert outcome == AlreadyCancelled(cancelled)
    assert times(store) == ["Mon 09:00 cancelled"]


@simulated
async def test_what_is_remembered_as_absent_is_not_unknown_if_it_is_there() -> None:
    store = ScriptedStore(schedule(MON))
    transactions = instance(store)
    assert await transactions.run(cancel(MON, ID)) == UnknownAppointment()
    store.put(schedule(MON, lying()))
    assert granted(await transactions.run(cancel(MON, ID))) == ID


# Lost answers


@pytest.mark.parametrize("idempotency_key", [None, "k"], ids=["no key", "with a key"])
@pytest.mark.parametrize(
    ("since", "now"),
    [
        pytest.param([schedule(MON, lying(MON, "15:00"))], lying(MON, "15:00"), id="on its day"),
        pytest.param(away(), lying(TUE), id="to another day"),
    ],
)
@simulated
async def test_a_booking_without_an_answer_that_was_moved_since_is_booked_and_not_made_again(
    since: list[DaySchedule], now: Appointment, idempotency_key: str | None
) -> None:
    store = ScriptedStore()
    store.on_commit.append(made_and_then(store, *since))
    outcome = await instance(store).run(command(NINE, ID, idempotency_key=idempotency_key))
    assert outcome == Accepted(now)
    assert times(store) == [f"{now.interval.start:%a %H:%M} booked"]
    assert store.commits == 1


@simulated
async def test_a_booking_without_an_answer_that_was_cancelled_since_is_not_made_again() -> None:
    store = ScriptedStore()
    cancelled = lying()._replace(cancelled_at=at(LONG_AGO))
    store.on_commit.append(made_and_then(store, schedule(MON, cancelled)))
    assert await instance(store).run(command(NINE, ID)) == Accepted(cancelled)
    assert times(store) == ["Mon 09:00 cancelled"]


@pytest.mark.parametrize(
    ("since", "now"),
    [
        pytest.param([schedule(MON, lying(MON, "15:00"))], lying(MON, "15:00"), id="back-home"),
        pytest.param(away(TUE, "15:00"), lying(TUE, "15:00"), id="on-the-day-it-was-moved-to"),
        pytest.param([*away(WED), schedule(TUE)], lying(WED), id="to-another-day"),
    ],
)
@simulated
async def test_a_move_without_an_answer_that_others_moved_on_since_is_not_made_twice(
    since: list[DaySchedule], now: Appointment
) -> None:
    store = ScriptedStore(*at_home())
    store.on_commit.append(made_and_then(store, schedule(TUE), *since))
    outcome = await instance(store).run(move(MON, f"{TUE}T11:00Z", ID))
    assert outcome == Accepted(now)
    assert times(store) == [f"{now.interval.start:%a %H:%M} booked"]
    assert store.commits == 1


@pytest.mark.parametrize("step", [fails_before, fails_after])
@pytest.mark.parametrize("days", [at_home(), away()], ids=["at home", "moved"])
@simulated
async def test_a_cancellation_without_an_answer_ends_cancelled(
    days: list[DaySchedule], step: Step
) -> None:
    store = ScriptedStore(*days)
    store.on_commit.append(step)
    outcome = await instance(store).run(cancel(MON, ID))
    assert isinstance(outcome, Accepted | AlreadyCancelled)
    assert outcome.appointment.cancelled_at == at(LONG_AGO)
    assert [time.split()[-1] for time in times(store)] == ["cancelled"]


# Replays


@pytest.mark.parametrize(
    ("since", "now"),
    [
        pytest.param([schedule(MON, lying(MON, "15:00"))], lying(MON, "15:00"), id="moved"),
        pytest.param(away(), lying(TUE), id="moved to another day"),
        pytest.param(
            [schedule(MON, lying()._replace(cancelled_at=at(LONG_AGO)))],
            lying()._replace(cancelled_at=at(LONG_AGO)),
            id="cancelled",
        ),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["by who booked it", "by another"])
@simulated
async def test_a_booking_is_replayed_as_it_is_now(
    since: list[DaySchedule], now: Appointment, *, known: bool
) -> None:
    store = ScriptedStore()
    first = instance(store)
    await first.run(command(NINE, ID, idempotency_key="k"))
    store.put(*since)
    transactions = first if known else instance(store)
    again = command(NINE, "strange.20261123.b", idempotency_key="k")
    assert await transactions.run(again) == Replayed(now)
    assert len(times(store)) == 1


@simulated
async def test_a_move_is_replayed_and_not_made_again_after_others_moved_it_on() -> None:
    store = ScriptedStore(*at_home())
    transactions = instance(store)
    asked = partial(move, MON, f"{TUE}T11:00Z", ID, idempotency_key="k")
    assert granted(await transactions.run(asked())) == ID
    assert granted(await transactions.run(move(MON, f"{WED}T15:00Z", ID))) == ID
    outcome = await transactions.run(asked())
    assert isinstance(outcome, Replayed)
    assert f"{outcome.appointment.interval.start:%a %H:%M}" == "Wed 15:00"
    assert times(store) == ["Wed 15:00 booked"]


@pytest.mark.parametrize(
    "appointment_id",
    [
        pytest.param("strange.20261123.gone", id="not-on-its-day"),
        pytest.param("strange.20261125.gone", id="no-such-day"),
        pytest.param("gone", id="no-id-of-ours"),
    ],
)
@simulated
async def test_a_record_whose_appointment_is_gone_is_a_failure_and_books_nothing(
    appointment_id: str,
) -> None:
    store = ScriptedStore()
    asked = command(NINE, ID, idempotency_key="k")
    record = asked.record()
    assert record is not None
    store.put_record(replace(record, appointment_id=appointment_id))
    with pytest.raises(StoreRefused, match=rf"^{appointment_id} was acknowledged but is gone"):
        await instance(store).run(asked)
    assert times(store) == []


@simulated
async def test_days_that_do_not_agree_are_looked_at_again_until_they_do() -> None:
    store = ScriptedStore(schedule(MON, forwarded={ID: key(TUE)}), schedule(TUE))
    store.on_load.extend([prompt] * 4)
    store.on_load.append(after(lambda: store.put(*away())))
    assert granted(await instance(store).run(cancel(MON, ID))) == ID
    assert times(store) == ["Tue 09:00 cancelled"]


@simulated
async def test_days_that_never_agree_get_no_answer() -> None:
    store = ScriptedStore(schedule(MON, forwarded={ID: key(TUE)}), schedule(TUE))
    with pytest.raises(StoreUnavailable, match="within 10 s"):
        await instance(store).run(cancel(MON, ID))
    assert store.loads < 400


@simulated
async def test_a_record_whose_appointment_is_not_where_it_was_moved_to_gets_no_answer() -> None:
    store = ScriptedStore(schedule(MON, forwarded={ID: key(TUE)}), schedule(TUE))
    asked = command(NINE, "strange.20261123.b", idempotency_key="k")
    assert asked.idempotency is not None
    store.put_record(
        IdempotencyRecord(
            asked.idempotency.key, asked.idempotency.fingerprint, ID, at("2099-01-01T00:00Z")
        )
    )
    with pytest.raises(StoreUnavailable, match="within 10 s"):
        await instance(store).run(asked)

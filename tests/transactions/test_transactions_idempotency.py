"""The same idempotency key twice, and what a proposal would come to."""

import asyncio

import pytest
from msgspec.structs import replace

from shared.model.idempotency import IdempotencyRecord
from shared.rules.outcomes import Accepted, InThePast, KeyReused, Replayed
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency
from tests.builders import appointment, at, key, schedule
from tests.commands import command, conflicts, granted
from tests.scripted_store import ScriptedStore, fails_after, instance, slow
from tests.simulated_loop import simulated

MON = "2026-11-23"
NINE, HALF_PAST, TEN = f"{MON}T09:00Z", f"{MON}T09:30Z", f"{MON}T10:00Z"
TUE_NINE = "2026-11-24T09:00Z"
HASH_OF_K = "33e16bc480019ee4a86b6fb0c02650dad76f1f880c37c0f56aed865a18a7fcca"


@simulated
async def test_what_is_granted_leaves_a_record_for_48_hours() -> None:
    store = ScriptedStore()
    asked = command(NINE, idempotency_key="k", now="2026-11-20T12:00Z")
    await instance(store).run(replace(asked, request_id="r"))
    (stored,) = store.records.values()
    assert stored.value == IdempotencyRecord(
        key=HASH_OF_K,
        fingerprint="16b4bcc54ca5305dad25ce0e666cfb6a24def94f3db57b865978a029dca5d1fb",
        appointment_id="a",
        expires_at=at("2026-11-22T12:00Z"),
        request_id="r",
    )


@simulated
async def test_neither_a_refusal_nor_a_request_without_a_key_leaves_a_record() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, HALF_PAST, "other")))
    await instance(store).run(command(NINE, idempotency_key="k"))
    assert granted(await instance(store).run(command(TEN))) == "a"
    assert store.records == {}


def test_requests_are_the_same_if_and_only_if_all_their_parts_are() -> None:
    parts: list[str | None] = ["a", None, "b"]
    assert Idempotency.of("k", parts) == Idempotency.of("k", list(parts))
    others: list[list[str | None]] = [["a", "b"], ["a", "", "b"], ["ab", None], ["b", None, "a"]]
    for other in others:
        assert Idempotency.of("k", other).fingerprint != Idempotency.of("k", parts).fingerprint


@simulated
async def test_a_key_used_again_answers_with_the_first_appointment() -> None:
    store = ScriptedStore()
    first = await instance(store).run(command(NINE, "a", idempotency_key="k"))
    again = await instance(store).run(command(NINE, "b", idempotency_key="k"))
    assert isinstance(first, Accepted)
    assert again == Replayed(first.appointment)
    assert store.ids() == ["a"]


@pytest.mark.parametrize("instances", [1, 2])
@pytest.mark.parametrize("used_before", [False, True], ids=["new key", "expired key"])
@simulated
async def test_of_two_at_once_with_one_key_one_books(instances: int, *, used_before: bool) -> None:
    store = ScriptedStore()
    if used_before:
        store.put_record(IdempotencyRecord(HASH_OF_K, "old", "old", at("2026-01-01T00:00Z")))
    several = [instance(store, seed) for seed in range(instances)]
    outcomes = await asyncio.gather(
        several[0].run(command(NINE, "a", idempotency_key="k")),
        several[-1].run(command(NINE, "b", idempotency_key="k")),
    )
    (booked,) = (outcome for outcome in outcomes if isinstance(outcome, Accepted))
    (replayed,) = (outcome for outcome in outcomes if isinstance(outcome, Replayed))
    assert replayed.appointment == booked.appointment
    assert store.ids() == [booked.appointment.id]


@pytest.mark.parametrize("other", [TEN, TUE_NINE], ids=["same day", "another day"])
@pytest.mark.parametrize("instances", [1, 2])
@simulated
async def test_of_two_requests_at_once_with_one_key_one_is_refused(
    instances: int, other: str
) -> None:
    store = ScriptedStore()
    several = [instance(store, seed) for seed in range(instances)]
    outcomes = await asyncio.gather(
        several[0].run(command(NINE, "a", idempotency_key="k")),
        several[-1].run(command(other, "b", idempotency_key="k")),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "KeyReused"]
    assert len(store.ids()) == 1


@simulated
async def test_of_two_requests_decided_together_with_one_key_one_is_refused() -> None:
    store = ScriptedStore()
    store.on_commit.append(slow(1))
    transactions = instance(store)
    outcomes = await asyncio.gather(
        transactions.run(command(f"{MON}T12:00Z", "before")),
        transactions.run(command(NINE, "a", idempotency_key="k")),
        transactions.run(command(TEN, "b", idempotency_key="k")),
    )
    assert granted(outcomes[1]) == "a"
    assert outcomes[2] == KeyReused()
    assert store.ids() == ["a", "before"]


@pytest.mark.parametrize("other", [TEN, TUE_NINE], ids=["same day", "another day"])
@simulated
async def test_a_key_used_for_another_request_is_refused(other: str) -> None:
    store = ScriptedStore()
    transactions = instance(store)
    await transactions.run(command(NINE, "a", idempotency_key="k"))
    assert await transactions.run(command(other, "b", idempotency_key="k")) == KeyReused()
    assert store.ids() == ["a"]


@simulated
async def test_a_reused_key_is_refused_as_such_even_if_the_time_is_taken_too() -> None:
    store = ScriptedStore(schedule(MON, appointment(TEN, f"{MON}T10:30Z", "other")))
    await instance(store).run(command(NINE, "a", idempotency_key="k"))
    assert await instance(store).run(command(TEN, "b", idempotency_key="k")) == KeyReused()


@pytest.mark.parametrize(
    ("now", "ids"),
    [
        pytest.param("2026-11-12T11:59Z", ["a"], id="a minute before"),
        pytest.param("2026-11-12T12:00Z", ["a", "b"], id="at that instant"),
    ],
)
@simulated
async def test_a_key_is_free_again_when_its_record_expires(now: str, ids: list[str]) -> None:
    store = ScriptedStore()
    transactions = instance(store)
    await transactions.run(command(NINE, "a", idempotency_key="k", now="2026-11-10T12:00Z"))
    await transactions.run(command(TEN, "b", idempotency_key="k", now=now))
    assert store.ids() == ids
    (record,) = store.records.values()
    assert record.value.appointment_id == ids[-1]


@simulated
async def test_a_replay_is_granted_after_the_start_is_past() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    first = command(NINE, "a", idempotency_key="k", now="2026-11-23T08:59Z")
    await transactions.run(first)
    again = command(NINE, "b", idempotency_key="k", now="2026-11-23T09:01Z")
    assert isinstance(await transactions.run(again), Replayed)
    assert await transactions.run(replace(again, idempotency=None)) == InThePast()


@simulated
async def test_a_booking_whose_answer_was_lost_is_booked_and_not_replayed() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    assert granted(await instance(store).run(command(NINE, idempotency_key="k"))) == "a"


@simulated
async def test_a_preview_of_what_was_booked_is_booked_and_not_replayed() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    booking = command(NINE, idempotency_key="k")
    await transactions.run(booking)
    assert isinstance(await transactions.preview(booking), Accepted)


# Preview


def _preview(start: str, idempotency_key: str | None = None) -> Command:
    return command(start, "preview", idempotency_key=idempotency_key)


@simulated
async def test_a_preview_grants_and_writes_nothing() -> None:
    store = ScriptedStore()
    assert granted(await instance(store).preview(_preview(NINE, "k"))) == "preview"
    assert (store.commits, store.days, store.records) == (0, {}, {})


@simulated
async def test_a_preview_refuses_as_a_booking_would() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, HALF_PAST)))
    transactions = instance(store)
    outcome = await transactions.preview(_preview(NINE))
    assert conflicts(outcome) == [("09:00", "09:30")]
    assert outcome == await transactions.run(_preview(NINE))


@simulated
async def test_a_preview_knows_used_keys() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    first = await transactions.run(command(NINE, "a", idempotency_key="k"))
    assert isinstance(first, Accepted)
    assert await transactions.preview(_preview(NINE, "k")) == Replayed(first.appointment)
    assert await transactions.preview(_preview(TEN, "k")) == KeyReused()
    assert store.commits == 1


@simulated
async def test_a_preview_reads_the_store_even_if_the_day_is_known() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    await transactions.run(command(NINE, "a"))
    store.put(schedule(MON, appointment(TEN, f"{MON}T10:30Z", "other")))
    assert conflicts(await transactions.preview(_preview(TEN))) == [("10:00", "10:30")]
    assert store.days[key(MON)].value.busy[0].start == at(TEN)

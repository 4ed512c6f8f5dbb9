"""Forgetting overrides of long ago, on a store whose calls go wrong where told to."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.override import Override
from shared.store.port import StoreUnavailable
from shared.transactions.forgetting import forget_overrides
from tests.builders import at, span
from tests.scripted_store import ScriptedStore, after, fails_before
from tests.simulated_loop import simulated

NOW, LIMIT = at("2026-11-26T12:00Z"), at("2026-11-16T12:00Z")
CREATED = at("2026-01-01T00:00Z")


def away(name: str, end: str, start: str = "2026-11-01T00:00Z") -> Override:
    return Override(f"strange.override.{name}", "strange", "time_off", span(start, end), CREATED)


OLD = away("old", "2026-11-16T12:00Z")
LATE = away("late", "2026-11-16T12:01Z")


def there(*overrides: Override) -> ScriptedStore:
    store = ScriptedStore()
    for override in overrides:
        store.put_override(override)
    return store


def kept(store: ScriptedStore) -> list[str]:
    return sorted(key.override_id.rpartition(".")[2] for key in store.overrides)


async def forget(store: ScriptedStore) -> int:
    return await forget_overrides(store, "strange", LIMIT, NOW)


@simulated
async def test_what_ended_by_the_limit_is_forgotten_deleted_or_not() -> None:
    gone = replace(away("gone", "2026-11-02T00:00Z"), deleted_at=NOW)
    first = away("first", "0001-01-02T00:00Z", start="0001-01-01T00:00Z")
    store = there(OLD, gone, first, LATE, replace(LATE, id="who.override.old", doctor_id="who"))
    assert await forget(store) == 3
    assert kept(store) == ["late", "old"]
    assert {key.doctor_id for key in store.overrides} == {"strange", "who"}
    assert await forget(store) == 0


@simulated
async def test_what_a_key_may_still_be_sent_for_stays() -> None:
    lately = NOW - timedelta(hours=48) + timedelta(seconds=1)
    of_the_past = replace(away("new", "2026-11-02T00:00Z"), created_at=lately)
    two_days_ago = replace(OLD, created_at=NOW - timedelta(hours=48))
    store = there(two_days_ago, of_the_past)
    assert (await forget(store), kept(store)) == (1, ["new"])


@simulated
async def test_a_great_many_are_forgotten_a_few_at_a_time() -> None:
    store = there(*(away(f"{number}", "2026-11-02T00:00Z") for number in range(401)))
    assert (await forget(store), kept(store), store.commits) == (401, [], 3)


@simulated
async def test_what_others_change_or_forget_meanwhile_is_read_again() -> None:
    other = away("other", "2026-11-02T00:00Z")
    store = there(OLD, other)

    def deleted() -> None:
        store.put_override(replace(OLD, deleted_at=NOW))
        del store.overrides[other.key]

    store.on_commit.append(after(deleted))
    assert (await forget(store), kept(store), store.commits) == (2, [], 2)


@simulated
async def test_without_an_answer_it_ends_and_the_next_run_goes_on() -> None:
    store = there(OLD)
    store.on_commit.append(fails_before)
    with pytest.raises(StoreUnavailable):
        await forget(store)
    assert (await forget(store), kept(store)) == (1, [])

"""At the deadline every way into the transaction says what it waited for."""

from random import Random

import pytest

from shared.store.port import StoreUnavailable
from shared.transactions.coordinator import Coordinator
from tests.commands import command
from tests.scripted_store import ScriptedStore, hangs
from tests.simulated_loop import now, simulated


@simulated
async def test_a_preview_that_is_not_answered_is_unavailable_at_the_deadline() -> None:
    store = ScriptedStore()
    store.on_load.append(hangs)
    coordinator = Coordinator(store, deadline_seconds=4, random=Random(1))  # noqa: S311 - jitter
    with pytest.raises(StoreUnavailable, match="no certain answer within 4 s"):
        await coordinator.preview(command("2026-11-23T09:00Z"))
    assert now() == 4

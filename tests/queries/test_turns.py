"""A search over many doctors lets others have their turn, so a deadline can end it."""

import asyncio
from datetime import timedelta

import pytest

from shared.queries.openings import first_openings
from shared.rules.openings import OpeningSearch
from tests.builders import at, doctor, span
from tests.simulated_store import Port, SimulatedStore
from tests.turns import turns_of_others

NOBODY_FREE = OpeningSearch(
    span("2026-01-01T00:00Z", "2026-12-31T00:00Z"),
    timedelta(minutes=24 * 60),
    at("2026-01-01T00:00Z"),
)
DOCTORS = [doctor(doctor_id=f"d{number:03}") for number in range(64)]


async def test_a_search_that_finds_nothing_gives_way_every_few_doctors() -> None:
    async with turns_of_others() as turns:
        found = await first_openings(Port(SimulatedStore()).snapshot(), DOCTORS, NOBODY_FREE, 1)
    assert found.reason == "duration_too_long"
    # 47 reads of up to eight days each, and a turn after every eighth of the doctors before each.
    assert turns == [383]


async def test_a_deadline_ends_a_search() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await first_openings(Port(SimulatedStore()).snapshot(), DOCTORS, NOBODY_FREE, 1)

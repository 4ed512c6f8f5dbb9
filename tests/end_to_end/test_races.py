"""Many clients of several function processes, all at once, on the appointments of one store."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from tests.end_to_end.processes import Server, functions, run_module

PROCESSES = 4
CLIENTS = 50
SETTINGS = {
    "CLINIC_TIME_ZONE": "America/New_York",
    # Long, so that a slow machine is not taken for a store that cannot answer.
    "DEADLINE_SECONDS": "25",
}

Json = dict[str, Any]


class Dependencies(NamedTuple):
    """Processes that book, and one that lists what the others have booked."""

    booking: Sequence[Server]
    listing: Server


@pytest.fixture(scope="module")
def dependencies(
    tmp_path_factory: pytest.TempPathFactory, store_settings: dict[str, str]
) -> Iterator[Dependencies]:
    folder = tmp_path_factory.mktemp("races")
    (folder / "doctors.json").write_text(
        '{"doctors": [{"id": "strange", "name": "Doctor Strange", "working_hours":'
        ' [{"days": ["mon", "tue", "wed", "thu"], "opens": "09:00", "closes": "17:00"}]}]}'
    )
    settings = {**SETTINGS, **store_settings}
    run_module("shared.runtime.load_doctors", folder, settings).check_returncode()
    targets = [*["create_appointment"] * PROCESSES, "list_appointments"]
    with functions(*targets, folder=folder, settings=settings) as servers:
        yield Dependencies(servers[:-1], servers[-1])


async def test_one_slot_goes_to_exactly_one_of_all_clients(dependencies: Dependencies) -> None:
    wish = _wish("2099-03-02T10:00:00-05:00", 30)

    answers = await _book_at_once(dependencies, [[wish] * CLIENTS] * PROCESSES)

    assert _statuses(answers) == {201: 1, 409: 199}
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"slot_taken"}
    slot = {"start": "2099-03-02T10:00:00-05:00", "end": "2099-03-02T10:30:00-05:00"}
    assert all(refusal["conflicts"] == [slot] for refusal in refusals)
    assert await _listed(dependencies, "2099-03-02") == [a.json() for a in answers if a.is_success]


async def test_every_client_gets_a_free_slot_of_the_same_day(dependencies: Dependencies) -> None:
    starts = [f"2099-03-03T{9 + n // 60:02}:{n % 60:02}:00-05:00" for n in range(200)]
    # Neighbours in time come from different processes, so that no process has a part to itself.
    wishes = [[_wish(start, 1) for start in starts[n::PROCESSES]] for n in range(PROCESSES)]

    answers = await _book_at_once(dependencies, wishes)

    assert _statuses(answers) == {201: 200}
    listed = await _listed(dependencies, "2099-03-03")
    assert [appointment["start"] for appointment in listed] == starts
    assert {a["id"] for a in listed} == {answer.json()["id"] for answer in answers}


async def test_of_times_that_overlap_only_those_that_do_not_are_booked(
    dependencies: Dependencies,
) -> None:
    minutes = range(540, 940, 2)  # From 09:00 on; each overlaps up to 28 others.
    starts = [f"2099-03-04T{n // 60:02}:{n % 60:02}:00-05:00" for n in minutes]
    wishes = [[_wish(start, 30) for start in starts[n::PROCESSES]] for n in range(PROCESSES)]

    answers = await _book_at_once(dependencies, wishes)

    assert set(_statuses(answers)) == {201, 409}
    listed = await _listed(dependencies, "2099-03-04")
    assert {a["id"] for a in listed} == {a.json()["id"] for a in answers if a.is_success}
    busy = [minute for appointment in listed for minute in _minutes(appointment)]
    assert len(busy) == len(set(busy))
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert all(refusal["conflicts"] for refusal in refusals)
    conflicts = [conflict for refusal in refusals for conflict in refusal["conflicts"]]
    assert all(_minutes(conflict) <= set(busy) for conflict in conflicts)


async def test_a_key_that_arrives_everywhere_at_once_books_once(dependencies: Dependencies) -> None:
    wish = _wish("2099-03-05T10:00:00-05:00", 30)

    answers = await _book_at_once(dependencies, [[wish] * 5] * PROCESSES, {"Idempotency-Key": "k1"})

    assert _statuses(answers) == {201: 20}
    assert len({answer.text for answer in answers}) == 1
    replayed = Counter(answer.headers.get("Idempotent-Replayed") for answer in answers)
    assert replayed == {None: 1, "true": 19}
    assert await _listed(dependencies, "2099-03-05") == [answers[0].json()]


async def test_a_key_that_arrives_with_other_requests_at_once_books_one_of_them(
    dependencies: Dependencies,
) -> None:
    starts = [f"2099-03-09T{9 + n // 60:02}:{n % 60:02}:00-04:00" for n in range(20)]
    wishes = [[_wish(start, 1) for start in starts[n::PROCESSES]] for n in range(PROCESSES)]

    answers = await _book_at_once(dependencies, wishes, {"Idempotency-Key": "k2"})

    assert _statuses(answers) == {201: 1, 422: 19}
    refusals = [answer.json()["code"] for answer in answers if answer.status_code == 422]
    assert set(refusals) == {"idempotency_key_reused"}
    assert await _listed(dependencies, "2099-03-09") == [a.json() for a in answers if a.is_success]


def _wish(start: str, minutes: int) -> Json:
    return {
        "doctor_id": "strange",
        "start": start,
        "duration_minutes": minutes,
        "patient": {"name": "Ada Lovelace"},
    }


async def _book_at_once(
    dependencies: Dependencies,
    wishes: Sequence[Sequence[Json]],
    headers: dict[str, str] | None = None,
) -> list[httpx.Response]:
    """The answers to the wishes of each process, each on a connection of its own."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(server.client()) for server in dependencies.booking
        ]
        # In turn, so that no process has its requests before the others.
        turns = zip(*wishes, strict=True)
        requests = [
            client.post("/", json=wish, headers=headers)
            for turn in turns
            for client, wish in zip(clients, turn, strict=True)
        ]
        return await asyncio.gather(*requests)


async def _listed(dependencies: Dependencies, day: str) -> list[Json]:
    window = {"start": f"{day}T00:00:00", "end": f"{day}T23:59:00"}
    parameters = {"doctor_id": "strange", "page_size": "1000", **window}
    async with dependencies.listing.client() as client:
        answer = await client.get("/", params=parameters)
    appointments: list[Json] = answer.json()["appointments"]
    return appointments


def _minutes(interval: Json) -> set[int]:
    """The minutes of the day that an interval covers."""
    start, end = (int(interval[k][11:13]) * 60 + int(interval[k][14:16]) for k in ("start", "end"))
    return set(range(start, end))


def _statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)

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
    "DEADLINE_SECONDS": "120",
}

Json = dict[str, Any]


class Servers(NamedTuple):
    """Processes that book, and one that lists what the others have booked."""

    booking: Sequence[Server]
    listing: Server


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, store_settings: dict[str, str]
) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("races")
    (folder / "doctors.json").write_text(
        '{"policy": {"horizon_days": 36600},'
        ' "doctors": [{"id": "strange", "name": "Doctor Strange", "working_hours":'
        ' [{"days": ["mon", "thu"], "opens": "09:00", "closes": "17:00"}]},'
        ' {"id": "who", "name": "Doctor Who", "working_hours":'
        ' [{"days": ["thu"], "opens": "09:00", "closes": "17:00"}]}]}'
    )
    settings = {**SETTINGS, **store_settings}
    run_module("shared.runtime.load_doctors", folder, settings).check_returncode()
    targets = [*["create_appointment"] * PROCESSES, "list_appointments"]
    with functions(*targets, folder=folder, settings=settings) as started:
        yield Servers(started[:-1], started[-1])


async def test_one_slot_goes_to_exactly_one_of_all_clients(servers: Servers) -> None:
    answers = await _book_at_once(servers, [_wish("2099-03-02T10:00:00-05:00")] * CLIENTS)

    assert _statuses(answers) == {201: 1, 409: 199}
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"slot_taken"}
    slot = {"start": "2099-03-02T10:00:00-05:00", "end": "2099-03-02T10:30:00-05:00"}
    assert all(refusal["conflicts"] == [slot] for refusal in refusals)
    assert await _listed(servers, "2099-03-02") == [a.json() for a in answers if a.is_success]


async def test_a_key_that_arrives_everywhere_at_once_books_once(servers: Servers) -> None:
    headers = {"Idempotency-Key": "k1"}
    answers = await _book_at_once(servers, [_wish("2099-03-05T10:00:00-05:00")] * 5, headers)

    assert _statuses(answers) == {201: 20}
    assert len({answer.text for answer in answers}) == 1
    replayed = Counter(answer.headers.get("Idempotent-Replayed") for answer in answers)
    assert replayed == {None: 1, "true": 19}
    assert await _listed(servers, "2099-03-05") == [answers[0].json()]


async def test_a_patient_who_asks_two_doctors_everywhere_gets_one_of_them(servers: Servers) -> None:
    doctors, day = ("strange", "who"), "2099-03-12"
    wishes = [_wish(f"{day}T10:00:00-04:00", doctor, "ada") for doctor in doctors]
    answers = await _book_at_once(servers, wishes * (CLIENTS // 2))

    assert _statuses(answers) == {201: 1, 409: 199}
    codes = Counter(answer.json().get("code") for answer in answers)
    assert codes == {None: 1, "slot_taken": 99, "patient_busy": 100}
    slot = {"start": f"{day}T10:00:00-04:00", "end": f"{day}T10:30:00-04:00"}
    assert all(a.json()["conflicts"] == [slot] for a in answers if a.status_code == 409)
    there = [a for doctor in doctors for a in await _listed(servers, day, doctor)]
    assert there == [a.json() for a in answers if a.is_success]


def _wish(start: str, doctor_id: str = "strange", account: str | None = None) -> Json:
    patient = {"name": "Ada Lovelace", **({"id": account} if account else {})}
    return {"doctor_id": doctor_id, "start": start, "duration_minutes": 30, "patient": patient}


async def _book_at_once(
    servers: Servers, wishes: Sequence[Json], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """The answers that these wishes get, each sent to every process by a client of its own."""
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(server.client()) for server in servers.booking]
        # In turn, so that no process has its requests before the others.
        requests = [app.post("/", json=wish, headers=headers) for wish in wishes for app in apps]
        return await asyncio.gather(*requests)


async def _listed(servers: Servers, day: str, doctor_id: str = "strange") -> list[Json]:
    window = {"start": f"{day}T00:00:00", "end": f"{day}T23:59:00"}
    parameters = {"doctor_id": doctor_id, "page_size": "1000", **window}
    async with servers.listing.client() as client:
        answer = await client.get("/", params=parameters)
    appointments: list[Json] = answer.json()["appointments"]
    return appointments


def _statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)

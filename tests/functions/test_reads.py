"""No request reads all doctors, except those that are about all of them."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from shared.directory.doctor_cache import MOST_TOGETHER
from tests.functions.api import MONDAY_AT_NINE, Api, Json
from tests.functions.callers import CLERK
from tests.functions.described import SCAN, change_doctor, describe, employ
from tests.functions.reads import fresh

DAY: Json = {"start": "2050-11-21T00:00Z", "end": "2050-11-22T00:00Z"}
WHO: Json = {**MONDAY_AT_NINE, "doctor_id": "who"}
Call = Callable[[Api, Json], Awaitable[httpx.Response]]

OF_A_FEW: dict[str, tuple[Call, int]] = {
    "get": (lambda api, booked: api.get({"appointment_id": booked["id"]}), 3),
    "list": (lambda api, _: api.page({**DAY, "doctor_id": "strange"}), 3),
    "list two": (lambda api, _: api.page({**DAY, "doctor_id": ["strange", "who"]}), 4),
    "create": (lambda api, _: api.create(WHO), 3),
    "validate": (lambda api, _: api.validate({**WHO, "start": "2050-11-21T10:00Z"}), 3),
    "move": (lambda api, booked: api.reschedule(booked, "2050-11-21T15:00"), 5),
    "move to another": (
        lambda api, booked: api.reschedule(booked, "2050-11-21T15:00Z", doctor_id="who"),
        6,
    ),
    "cancel": (lambda api, booked: api.cancel(booked), 4),
    "search": (lambda api, _: api.first("doctor_id=who"), 3),
    "search by service": (lambda api, _: api.first("service_id=scan"), 3),
}
OF_ALL: dict[str, tuple[Call, int]] = {
    "doctors": (lambda api, _: api.client.get("/list_doctors"), 400),
    "search": (lambda api, _: api.first(), 400),
    "a doctor who is none": (lambda api, _: api.first("doctor_id=doom"), 404),
    "every doctor": (lambda api, _: api.page({**DAY, "doctor_id": "*"}), 400),
}


async def a_large_clinic(api: Api) -> Json:
    """A clinic of a thousand doctors, of whom one offers a scan; returns an appointment."""
    await describe(api, services=[SCAN])
    await employ(api, 1000, services=frozenset())
    await change_doctor(api, "strange", services=frozenset())
    return await api.book("2050-11-21T09:00")


@pytest.mark.parametrize("name", OF_A_FEW)
async def test_a_request_about_a_few_doctors_reads_only_these(api: Api, name: str) -> None:
    booked = await a_large_clinic(api)
    call, most = OF_A_FEW[name]
    reads: list[int] = []
    async with fresh(api, CLERK, reads) as instance:
        response = await call(instance, booked)
    assert response.status_code < 400, response.text
    assert sum(reads) <= most


@pytest.mark.parametrize("name", OF_ALL)
async def test_a_request_about_all_doctors_reads_two_hundred_at_most_and_once_a_minute(
    api: Api, name: str
) -> None:
    booked = await a_large_clinic(api)
    call, _ = OF_ALL[name]
    reads: list[int] = []
    async with fresh(api, CLERK, reads) as instance:
        for _ in range(2):
            await call(instance, booked)
    assert reads[0] <= MOST_TOGETHER + 1 + 101 + 2
    assert reads[1] <= 101

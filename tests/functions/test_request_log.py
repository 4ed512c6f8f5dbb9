"""What is noted of a request: its outcome, and what it took. On both stores."""

import asyncio

import pytest

from tests.functions.api import ON_BOTH_STORES, Api, calling
from tests.functions.faults import IMPATIENT, SilentStore

KEYS = ("function", "status", "code", "attempts", "batch_size", "reads", "writes")
Line = tuple[object, ...]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "appointments")
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[Line]:
    """What was logged since the last look, without what is of no interest here."""
    found = [tuple(record.__dict__["fields"][key] for key in KEYS) for record in log.records]
    log.clear()
    return found


@ON_BOTH_STORES
async def test_a_line_tells_what_a_request_came_to_and_what_it_took(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    ada = await api.book("2050-11-21T09:00")
    assert lines(log) == [
        # The clinic, the doctor, the day, and the new appointment.
        ("create_appointment", 201, "ok", 1, 1, 3, 1)
    ]
    await api.ask("a-key", start="2050-11-21T10:00")
    await api.ask("a-key", start="2050-11-21T10:00")
    await api.ask(start="2050-11-21T10:15")
    assert lines(log) == [
        ("create_appointment", 201, "ok", 1, 1, 0, 2),
        ("create_appointment", 201, "replayed", 0, 0, 2, 0),
        ("create_appointment", 409, "slot_taken", 0, 0, 1, 0),
    ]
    await api.get({"appointment_id": ada["id"]})
    await api.listed()
    await api.move(ada, "2050-11-22T09:00")
    await api.cancel(ada)
    assert lines(log) == [
        # The day of its birth, and whether it has left it.
        ("get_appointment", 200, "ok", 0, 0, 2, 0),
        ("list_appointments", 200, "ok", 0, 0, 1, 0),
        # Both days, a record, and the pointer from the day of its birth.
        ("reschedule_appointment", 200, "ok", 1, 1, 1, 4),
        # The pointer, for each of the days that it leads to; then the day, and itself.
        ("cancel_appointment", 200, "ok", 1, 1, 2, 2),
    ]


@ON_BOTH_STORES
async def test_requests_that_are_decided_together_say_so(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    await api.book("2050-11-21T09:00")
    lines(log)
    hours = ("10:00", "11:00", "12:00", "13:00")
    await asyncio.gather(*(api.ask(start=f"2050-11-21T{hour}") for hour in hours))
    noted = lines(log)
    assert [line[:4] for line in noted] == [("create_appointment", 201, "ok", 1)] * 4
    # The first went alone; the others came while it was written.
    assert sorted(line[4:] for line in noted) == [(1, 0, 1), (3, 0, 1), (3, 0, 1), (3, 0, 1)]


@ON_BOTH_STORES
async def test_a_commit_that_came_too_late_is_an_attempt_too(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    """Both instances know one day; what the one books, the other one does not see yet."""
    async with calling(api.dependencies.store, api.clock) as other:
        await api.book("2050-11-21T09:00")
        await other.book("2050-11-21T10:00")
        lines(log)
        await api.book("2050-11-21T11:00")
    # Another attempt looks for what an earlier one may have made, besides the day.
    assert lines(log) == [("create_appointment", 201, "ok", 2, 1, 2, 1)]


async def test_each_request_is_charged_for_itself_alone(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    await api.dependencies.doctor_cache.find(["strange"])
    await api.dependencies.clinic_cache.clinic()
    await asyncio.gather(*(api.listed() for _ in range(5)))
    await api.book("2050-11-21T09:00")
    await asyncio.gather(*(api.listed() for _ in range(5)))
    assert [line[-2:] for line in lines(log)] == [*[(0, 0)] * 5, (1, 1), *[(1, 0)] * 5]


async def test_what_the_client_did_wrong_is_noted_without_any_usage(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    await api.create({"patient": {"name": "Ada Lovelace"}})
    await api.client.put("/cancel_appointment")
    await api.client.options("/get_appointment")
    assert lines(log) == [
        ("create_appointment", 400, "invalid_request", 0, 0, 0, 0),
        ("cancel_appointment", 405, "method_not_allowed", 0, 0, 0, 0),
        ("get_appointment", 204, "ok", 0, 0, 0, 0),
    ]


async def test_a_deadline_that_was_missed_is_a_warning(
    api: Api, log: pytest.LogCaptureFixture
) -> None:
    async with calling(SilentStore(api.dependencies.store), api.clock, IMPATIENT) as impatient:
        await impatient.ask()
    (record,) = log.records
    assert record.levelname == "WARNING"
    assert lines(log) == [("create_appointment", 503, "try_again", 0, 0, 2, 0)]

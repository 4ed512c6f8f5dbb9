"""What a request costs on Firestore: calls, documents read, writes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from google.cloud.firestore_v1.types import BatchGetDocumentsResponse

from shared.availability import OpeningSearch
from shared.firestore_store import FirestoreStore
from shared.models import DaySchedule, Interval
from shared.outcomes import Accepted
from shared.proposals import Idempotency, Proposal
from shared.queries import ListQuery, first_openings, list_window
from shared.scheduling import book
from shared.store import DayWrite, Stored
from shared.transactions import Transactions
from tests.builders import at, booking, doctor, key, span

NOW = at("2026-11-20T12:00Z")


@dataclass
class Cost:
    """Calls by name, documents that were read, and writes that were sent."""

    calls: list[str] = field(default_factory=list)
    reads: int = 0
    writes: int = 0


class Counting:
    """The library's connection to Firestore, which notes in `cost` what goes over it."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the library's own
        self._connection = connection
        self.cost = Cost()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the library's own
        call = getattr(self._connection, name)
        if name == "transport":
            return call

        async def counted(*, request: dict[str, Any], **options: Any) -> Any:  # noqa: ANN401
            self.cost.calls.append(name)
            self.cost.writes += len(request.get("writes", ()))
            answer = await call(request=request, **options)
            return self._read(answer) if name in {"batch_get_documents", "run_query"} else answer

        return counted

    async def _read(self, answers: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        async for answer in answers:
            # To look up a document that is not there is a read as well; a query's end is none.
            looked_up = isinstance(answer, BatchGetDocumentsResponse)
            self.cost.reads += 1 if looked_up else bool(answer.document.name)
            yield answer


@pytest.fixture
async def store(emulator: str) -> AsyncIterator[FirestoreStore]:
    assert emulator
    opened = FirestoreStore(f"demo-{uuid4()}", "(default)", seconds=10)
    await opened.put_doctors([doctor()])
    yield opened
    await opened.close()


@pytest.fixture
def connection(store: FirestoreStore) -> Counting:
    client = store._client()  # noqa: SLF001 - the only way to see what goes over the wire
    counting = Counting(client._firestore_api)  # noqa: SLF001
    client._firestore_api_internal = counting  # noqa: SLF001
    return counting


def proposal(start: str, end: str, name: str, idempotency_key: str | None = None) -> Proposal:
    wish = booking(start, end, name)
    used = None if idempotency_key is None else Idempotency.of(idempotency_key, [start])
    return Proposal(frozenset({wish.key}), partial(book, booking=wish, now=NOW), NOW, name, used)


async def test_a_booking_on_a_known_day_is_one_call(
    store: FirestoreStore, connection: Counting
) -> None:
    transactions = Transactions(store, 10, Random(1))  # noqa: S311 - jitter
    wishes = [
        proposal("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a"),
        proposal("2026-11-23T10:00Z", "2026-11-23T10:30Z", "b"),
        proposal("2026-11-23T11:00Z", "2026-11-23T11:30Z", "c", "key"),
    ]
    costs = []
    for wish in wishes:
        connection.cost = Cost()
        assert isinstance(await transactions.run(wish), Accepted)
        costs.append(connection.cost)
    assert costs == [
        Cost(["batch_get_documents", "commit"], reads=1, writes=1),
        Cost(["commit"], reads=0, writes=1),
        Cost(["commit"], reads=0, writes=2),
    ]


async def fill(store: FirestoreStore, days: int) -> None:
    """Book every working day, so many in a row, from nine to five."""
    writes = []
    for number in range(days):
        day = date(2026, 11, 23) + timedelta(days=number)
        if day.weekday() < 5:
            wish = booking(f"{day}T09:00Z", f"{day}T17:00Z", f"full{number}")
            empty = DaySchedule(key(str(day)))
            after, _ = book({wish.key: empty}, wish, NOW)
            writes.append(DayWrite(Stored(empty, None), after[wish.key]))
    await store.commit(writes, [])


async def test_an_opening_within_two_weeks_is_one_query(
    store: FirestoreStore, connection: Counting
) -> None:
    await fill(store, days=11)
    connection.cost = Cost()
    search = OpeningSearch(span("2026-11-23T00:00Z", "2027-02-21T00:00Z"), timedelta(minutes=30))
    async with store.snapshot() as snapshot:
        (opening,) = await first_openings(snapshot, [doctor()], search, 1)
    assert opening.interval.start == at("2026-12-04T09:00Z")
    assert connection.cost == Cost(["run_query"], reads=9, writes=0)


async def test_a_list_is_one_query_that_reads_only_days_that_exist(
    store: FirestoreStore, connection: Counting
) -> None:
    await fill(store, days=3)
    connection.cost = Cost()
    year = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    async with store.snapshot() as snapshot:
        page = await list_window(snapshot, ListQuery(doctor(), year, False, 100))  # noqa: FBT003
    assert [a.id for a in page.appointments] == ["full0", "full1", "full2"]
    assert connection.cost == Cost(["run_query"], reads=3, writes=0)

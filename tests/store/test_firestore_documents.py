"""What `FirestoreStore` sends to Firestore, and what it makes of the answers. Needs no Java.

A server in this process notes every commit and answers what a test wants. What was sent is
replayed in `mockfirestore`, which shows the documents, their paths and shapes. It knows neither
preconditions nor isolation, so nothing here says what happens when two commit at once.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1._helpers import decode_dict
from google.cloud.firestore_v1.field_path import FieldPath
from google.cloud.firestore_v1.types import (
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    CommitRequest,
    CommitResponse,
    Document,
    Precondition,
    RunQueryRequest,
    RunQueryResponse,
    Write,
    WriteResult,
)
from mockfirestore import MockFirestore  # type: ignore[import-untyped]

from shared.model.appointment import Appointment, Patient
from shared.model.day import DaySchedule
from shared.model.idempotency import IdempotencyRecord
from shared.settings import FirestoreDatabase
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.store import FirestoreStore
from shared.store.port import (
    DayWrite,
    RecordWrite,
    SnapshotExpired,
    Stored,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
)
from tests.builders import appointment, at, doctor, key, schedule, span
from tests.firestore_emulator import emulated_store

DOCUMENTS = "projects/demo-documents/databases/(default)/documents/"
MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
THEIRS = key("2026-11-24", "who")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "strange.20261123.first")
SECOND = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "strange.20261123.second")
READ_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
READ = 1_795_176_000_123_456_000
"""The version of what was read then: nanoseconds since 1970."""
WRITTEN_AT = [datetime(2026, 11, 20, 12, 0, n, tzinfo=UTC) for n in range(3)]
RECORD = IdempotencyRecord(
    "hash", "print", "strange.20261123.first", at("2026-11-24T09:00Z"), "request"
)

NEW_DAY = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", FIRST))
FULLER_DAY = DayWrite(
    Stored(schedule("2026-11-23", FIRST), READ), schedule("2026-11-23", FIRST, SECOND)
)


class Recorder:
    """Notes commits, and answers all calls in one way; no database."""

    def __init__(self) -> None:
        self.commits: list[CommitRequest] = []
        self.reads: list[Any] = []
        self.answers: list[RunQueryResponse] = []
        self.code: grpc.StatusCode | None = None
        self.silent = False

    @property
    def writes(self) -> list[Write]:
        """The writes of the only commit."""
        (commit,) = self.commits
        return list(commit.writes)

    def handlers(self) -> grpc.GenericRpcHandler:
        methods = {
            "Commit": grpc.unary_unary_rpc_method_handler(
                self._commit, CommitRequest.deserialize, CommitResponse.serialize
            ),
            "BatchGetDocuments": grpc.unary_stream_rpc_method_handler(
                self._read,
                BatchGetDocumentsRequest.deserialize,
                BatchGetDocumentsResponse.serialize,
            ),
            "RunQuery": grpc.unary_stream_rpc_method_handler(
                self._read, RunQueryRequest.deserialize, RunQueryResponse.serialize
            ),
        }
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", methods)

    async def _commit(
        self, request: CommitRequest, context: grpc.aio.ServicerContext
    ) -> CommitResponse:
        self.commits.append(request)
        if self.silent:
            await asyncio.Event().wait()
        if self.code:
            await self._refuse(request, context)
        results = [WriteResult(update_time=WRITTEN_AT[n]) for n in range(len(request.writes))]
        return CommitResponse(write_results=results, commit_time=WRITTEN_AT[0])

    async def _read(
        self, request: object, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[RunQueryResponse]:
        self.reads.append(request)
        if self.code:
            await self._refuse(request, context)
        for answer in self.answers:
            yield answer

    async def _refuse(self, _: object, context: grpc.aio.ServicerContext) -> None:
        await context.abort(self.code, "as the test wants it")


@pytest.fixture
async def firestore(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recorder]:
    recorder = Recorder()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((recorder.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    yield recorder
    await server.stop(None)


@pytest.fixture
async def store(
    firestore: Recorder,  # noqa: ARG001 - it sets the address to which the store connects
) -> AsyncIterator[FirestoreStore]:
    opened = emulated_store("demo-documents", seconds=10)
    yield opened
    await opened.close()


def replay(writes: list[Write], database: MockFirestore) -> None:
    """Make the documents that these writes make where every precondition holds."""
    for write in writes:
        document = database.document(write.update.name.removeprefix(DOCUMENTS))
        sent = sent_fields(write)
        # Not by the mock's own `update`, which takes every dot in a name for a step down.
        fields = document.get().to_dict() if write.update_mask.field_paths else sent
        for path in write.update_mask.field_paths:
            _put(fields, sent, FieldPath.from_api_repr(path).parts)
        document.set(fields)


def replayed(firestore: Recorder) -> MockFirestore:
    """The documents that all commits make, one after the other."""
    database = MockFirestore()
    for commit in firestore.commits:
        replay(list(commit.writes), database)
    return database


def sent_fields(write: Write) -> dict[str, Any]:
    fields: dict[str, Any] = decode_dict(write.update.fields, None)  # type: ignore[assignment]
    return fields


def _put(fields: dict[str, Any], sent: dict[str, Any], path: tuple[str, ...]) -> None:
    *parents, name = path
    for parent in parents:
        fields, sent = fields[parent], sent.get(parent, {})
    if name in sent:
        fields[name] = sent[name]
    else:  # A field that is named and not sent is deleted.
        fields.pop(name, None)


def read(database: MockFirestore, path: str) -> dict[str, Any]:
    """The fields of a document, with the values of its appointments in place of their texts."""
    fields: dict[str, Any] = database.document(path).get().to_dict()
    if "appointments" in fields:
        texts = fields["appointments"]
        return {**fields, "appointments": {name: json.loads(texts[name]) for name in texts}}
    return fields


async def test_a_day_is_a_document_below_its_doctor(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([NEW_DAY], [])
    replay(firestore.writes, database := MockFirestore())
    assert read(database, "doctors/strange/days/2026-11-23") == {
        "kind": "day",
        "schema": 2,
        "appointments": {
            "strange.20261123.first": {
                "id": "strange.20261123.first",
                "kind": "appointment",
                "schema": 2,
                "start": "2026-11-23T09:00:00Z",
                "end": "2026-11-23T09:30:00Z",
                "patient": {"name": "Ada Lovelace"},
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
            }
        },
    }


async def test_an_appointment_is_kept_with_all_that_is_known_of_it(
    firestore: Recorder, store: FirestoreStore
) -> None:
    full = Appointment(
        id="strange.20261123.full",
        doctor_id="strange",
        interval=span("2026-11-23T09:00Z", "2026-11-23T09:30Z"),
        patient=Patient("Zoë", "zoe@example.org", "+1 555 0100"),
        created_at=at("2026-01-01T00:00:00.000001+00:00"),
        updated_at=at("2026-01-02T00:00Z"),
        reason='a "quoted" reason',
        cancelled_at=at("2026-01-03T00:00Z"),
        cancellation_reason="ill",
    )
    await store.commit([DayWrite(NEW_DAY.read, schedule("2026-11-23", full))], [])
    replay(firestore.writes, database := MockFirestore())
    appointments = read(database, "doctors/strange/days/2026-11-23")["appointments"]
    assert appointments["strange.20261123.full"] == {
        "id": "strange.20261123.full",
        "kind": "appointment",
        "schema": 2,
        "start": "2026-11-23T09:00:00Z",
        "end": "2026-11-23T09:30:00Z",
        "patient": {"name": "Zoë", "email": "zoe@example.org", "phone": "+1 555 0100"},
        "reason": 'a "quoted" reason',
        "created_at": "2026-01-01T00:00:00.000001Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "cancelled_at": "2026-01-03T00:00:00Z",
        "cancellation_reason": "ill",
    }


async def test_a_later_appointment_joins_those_of_the_day(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([NEW_DAY], [])
    await store.commit([FULLER_DAY], [])
    appointments = read(replayed(firestore), "doctors/strange/days/2026-11-23")["appointments"]
    assert {name: fields["start"] for name, fields in appointments.items()} == {
        "strange.20261123.first": "2026-11-23T09:00:00Z",
        "strange.20261123.second": "2026-11-23T16:00:00Z",
    }


async def test_a_record_is_a_document_whose_expiry_is_a_timestamp(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([], [RecordWrite(RECORD, None)])
    replay(firestore.writes, database := MockFirestore())
    assert read(database, "receipts/hash") == {
        "kind": "idempotency_record",
        "schema": 2,
        "fingerprint": "print",
        "appointment_id": "strange.20261123.first",
        "expires_at": datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        "request_id": "request",
    }


async def test_a_doctor_is_a_document_in_the_form_of_the_doctors_file(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.put_doctors([doctor(days="mon tue", zone="Europe/Berlin")])
    replay(firestore.writes, database := MockFirestore())
    assert read(database, "doctors/strange") == {
        "kind": "doctor",
        "schema": 2,
        "name": "Doctor Strange",
        "time_zone": "Europe/Berlin",
        "working_hours": [{"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}],
    }


async def test_a_new_day_is_written_only_where_there_is_none(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([NEW_DAY], [])
    (write,) = firestore.writes
    assert write.current_document == Precondition(exists=False)


async def test_a_known_day_gets_only_what_is_new_on_the_update_time_that_was_read(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([FULLER_DAY], [])
    (write,) = firestore.writes
    assert write.current_document == Precondition(update_time=READ_AT)
    assert list(write.update_mask.field_paths) == [
        "kind",
        "schema",
        "derived",
        "appointments.`strange.20261123.second`",
    ]
    assert list(sent_fields(write)["appointments"]) == ["strange.20261123.second"]


async def test_an_appointment_that_moves_away_leaves_a_forwarding_entry_in_its_place(
    firestore: Recorder, store: FirestoreStore
) -> None:
    moved = FIRST._replace(doctor_id="who")
    both = schedule("2026-11-23", FIRST, SECOND)
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), both)], [])
    left, theirs = both.forwarding(FIRST.id, THEIRS), DaySchedule(THEIRS, (moved,))
    await store.commit(
        [
            DayWrite(Stored(both, READ), left),
            DayWrite(Stored(DaySchedule(THEIRS), None), theirs),
        ],
        [],
    )
    database = replayed(firestore)
    appointments = read(database, "doctors/strange/days/2026-11-23")["appointments"]
    assert appointments["strange.20261123.first"] == {
        "id": "strange.20261123.first",
        "kind": "forwarding",
        "schema": 2,
        "moved_to": {"doctor_id": "who", "day": "2026-11-24"},
    }
    assert appointments["strange.20261123.second"]["start"] == "2026-11-23T16:00:00Z"
    there = read(database, "doctors/who/days/2026-11-24")["appointments"]
    assert list(there) == ["strange.20261123.first"]
    home, _ = firestore.commits[-1].writes
    assert home.current_document == Precondition(update_time=READ_AT)
    assert "appointments.`strange.20261123.first`" in home.update_mask.field_paths


async def test_an_appointment_that_comes_home_replaces_its_forwarding_entry(
    firestore: Recorder, store: FirestoreStore
) -> None:
    left = schedule("2026-11-23", SECOND, forwarded={FIRST.id: THEIRS})
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), left)], [])
    await store.commit([DayWrite(Stored(left, READ), left.with_appointment(FIRST))], [])
    appointments = read(replayed(firestore), "doctors/strange/days/2026-11-23")["appointments"]
    assert {name: fields["start"] for name, fields in appointments.items()} == {
        "strange.20261123.first": "2026-11-23T09:00:00Z",
        "strange.20261123.second": "2026-11-23T16:00:00Z",
    }


async def test_an_appointment_that_leaves_a_day_where_it_was_not_born_leaves_nothing(
    firestore: Recorder, store: FirestoreStore
) -> None:
    both = schedule("2026-11-23", FIRST, SECOND)
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), both)], [])
    await store.commit([DayWrite(Stored(both, READ), both.without(FIRST.id))], [])
    appointments = read(replayed(firestore), "doctors/strange/days/2026-11-23")["appointments"]
    assert list(appointments) == ["strange.20261123.second"]
    (write,) = firestore.commits[-1].writes
    assert "appointments.`strange.20261123.first`" in write.update_mask.field_paths
    assert sent_fields(write) == {"kind": "day", "schema": 2}


async def test_a_new_day_that_an_appointment_was_moved_from_is_written_with_both_kinds_of_entries(
    firestore: Recorder, store: FirestoreStore
) -> None:
    day = schedule("2026-11-23", SECOND, forwarded={FIRST.id: THEIRS})
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), day)], [])
    appointments = read(replayed(firestore), "doctors/strange/days/2026-11-23")["appointments"]
    assert {name: "moved_to" in fields for name, fields in appointments.items()} == {
        "strange.20261123.first": True,
        "strange.20261123.second": False,
    }


async def test_a_new_record_is_written_only_where_there_is_none(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([], [RecordWrite(RECORD, None)])
    (write,) = firestore.writes
    assert write.current_document == Precondition(exists=False)


async def test_a_record_is_replaced_whole_on_the_update_time_that_was_read(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit([], [RecordWrite(RECORD, READ)])
    (write,) = firestore.writes
    assert write.current_document == Precondition(update_time=READ_AT)
    assert sorted(sent_fields(write)) == [
        "appointment_id",
        "expires_at",
        "fingerprint",
        "kind",
        "request_id",
        "schema",
    ]
    assert not write.update_mask  # All fields, also those that are not sent.


async def test_days_and_records_are_one_commit_which_tells_the_days_their_versions(
    firestore: Recorder, store: FirestoreStore
) -> None:
    tuesday = DayWrite(Stored(DaySchedule(TUESDAY), None), DaySchedule(TUESDAY))
    versions = await store.commit([NEW_DAY, tuesday], [RecordWrite(RECORD, None)])
    assert [write.update.name.removeprefix(DOCUMENTS) for write in firestore.writes] == [
        "doctors/strange/days/2026-11-23",
        "doctors/strange/days/2026-11-24",
        "receipts/hash",
    ]
    written = [int(instant.timestamp()) * 1_000_000_000 for instant in WRITTEN_AT]
    assert versions == {MONDAY: written[0], TUESDAY: written[1]}


UNKNOWN = [
    (grpc.StatusCode.CANCELLED, StoreUnavailable),
    (grpc.StatusCode.DEADLINE_EXCEEDED, StoreUnavailable),
    (grpc.StatusCode.INTERNAL, StoreUnavailable),
    (grpc.StatusCode.UNAVAILABLE, StoreUnavailable),
    (grpc.StatusCode.UNKNOWN, StoreUnavailable),
]
FINAL = [
    (grpc.StatusCode.INVALID_ARGUMENT, StoreRefused),
    (grpc.StatusCode.PERMISSION_DENIED, StoreRefused),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, StoreRefused),
    (grpc.StatusCode.UNAUTHENTICATED, StoreRefused),
    (grpc.StatusCode.UNIMPLEMENTED, StoreRefused),
]
NOT_AS_READ = [
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
]
ABORTED = grpc.StatusCode.ABORTED
OF_COMMITS = [*UNKNOWN, *FINAL, *((code, VersionConflict) for code in (ABORTED, *NOT_AS_READ))]
# Nothing is stale that is only read; what is aborted may be tried again.
OF_READS = [
    *UNKNOWN,
    (ABORTED, StoreUnavailable),
    *FINAL,
    *((code, StoreRefused) for code in NOT_AS_READ),
]


@pytest.mark.parametrize(("code", "expected"), OF_COMMITS)
async def test_a_refused_commit_says_if_it_may_have_happened(
    firestore: Recorder,
    store: FirestoreStore,
    code: grpc.StatusCode,
    expected: type[StoreError],
) -> None:
    firestore.code = code
    with pytest.raises(StoreError, match="as the test wants it") as raised:
        await store.commit([NEW_DAY], [])
    assert raised.type is expected
    assert len(firestore.commits) == 1


@pytest.mark.parametrize(("code", "expected"), OF_READS)
async def test_a_refused_read_is_unavailable_or_final_but_never_stale(
    firestore: Recorder,
    store: FirestoreStore,
    code: grpc.StatusCode,
    expected: type[StoreError],
) -> None:
    firestore.code = code
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreError) as load:
            await snapshot.load([MONDAY], [])
        with pytest.raises(StoreError) as scan:
            await anext(snapshot.scan("strange", MONDAY.day, TUESDAY.day))
    with pytest.raises(StoreError) as doctors:
        await store.doctors()
    assert [raised.type for raised in (load, scan, doctors)] == [expected] * 3


NO_SUCH_TIME = [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT]
OF_PAST_READS = [
    *((code, kind) for code, kind in OF_READS if code not in NO_SUCH_TIME),
    *((code, SnapshotExpired) for code in NO_SUCH_TIME),
]


@pytest.mark.parametrize(("code", "expected"), OF_PAST_READS)
async def test_a_time_that_firestore_cannot_show_any_more_or_not_yet_is_forgotten(
    firestore: Recorder,
    store: FirestoreStore,
    code: grpc.StatusCode,
    expected: type[StoreError],
) -> None:
    firestore.code = code
    async with store.snapshot(READ_AT) as snapshot:
        with pytest.raises(StoreError) as load:
            await snapshot.load([MONDAY], [])
        with pytest.raises(StoreError) as scan:
            await anext(snapshot.scan("strange", MONDAY.day, TUESDAY.day))
    assert [raised.type for raised in (load, scan)] == [expected] * 2


async def test_every_read_of_a_past_view_asks_for_the_instant_of_that_view(
    firestore: Recorder, store: FirestoreStore
) -> None:
    firestore.code = grpc.StatusCode.FAILED_PRECONDITION
    async with store.snapshot(READ_AT) as snapshot:
        with pytest.raises(SnapshotExpired):
            await snapshot.load([MONDAY], [])
        with pytest.raises(SnapshotExpired):
            await anext(snapshot.scan("strange", MONDAY.day, TUESDAY.day))
        assert await snapshot.instant() == READ_AT
    assert [request.read_time for request in firestore.reads] == [READ_AT, READ_AT]


async def test_a_view_that_has_read_nothing_has_no_instant(store: FirestoreStore) -> None:
    async with store.snapshot() as snapshot:
        with pytest.raises(ValueError, match="nothing was read yet"):
            await snapshot.instant()


async def test_a_commit_without_an_answer_is_unavailable_after_the_given_seconds(
    firestore: Recorder,
) -> None:
    firestore.silent = True
    store = emulated_store("demo-documents", seconds=0.2)
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await store.commit([NEW_DAY], [])
    await store.close()


async def test_without_credentials_every_call_fails_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")
    store = FirestoreStore(FirestoreDatabase("demo-documents", "(default)"), seconds=10)
    with pytest.raises(StoreRefused, match="was not found"):
        await store.doctors()
    await store.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (GoogleAuthError("no token"), StoreRefused),  # type: ignore[no-untyped-call]
        (ValueError("not a document"), StoreRefused),
    ],
)
def test_errors_that_the_library_makes_by_itself_are_translated_too(
    error: Exception, expected: type[StoreError]
) -> None:
    with pytest.raises(expected), translated_errors():
        raise error


def test_an_error_of_our_own_passes_as_it_is() -> None:
    with pytest.raises(KeyError), translated_errors():
        raise KeyError


async def test_all_reads_are_at_the_last_read_time_of_the_first_query(
    firestore: Recorder, store: FirestoreStore
) -> None:
    document = Document(name=f"{DOCUMENTS}doctors/strange/days/2026-11-23", update_time=READ_AT)
    firestore.answers = [
        RunQueryResponse(document=document, read_time=WRITTEN_AT[0]),
        RunQueryResponse(read_time=WRITTEN_AT[1]),
    ]
    async with store.snapshot() as snapshot:
        assert [day.key async for day in snapshot.scan("strange", MONDAY.day, TUESDAY.day)] == [
            MONDAY
        ]
        assert await snapshot.instant() == WRITTEN_AT[1]
        _ = [day async for day in snapshot.scan("who", MONDAY.day, TUESDAY.day)]
    assert firestore.reads[-1].read_time == WRITTEN_AT[1]

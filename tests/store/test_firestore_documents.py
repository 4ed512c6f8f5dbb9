"""What `FirestoreStore` sends to Firestore, and what it makes of the responses. Needs no Java.

A server in this process notes every request and responds as a test wants it to. It is no database:
the contract suite shows on the emulator what the requests come to.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core.gapic_v1.routing_header import to_routing_header
from google.cloud.firestore_v1._helpers import decode_dict
from google.cloud.firestore_v1.types import (
    AggregationResult,
    BatchGetDocumentsRequest,
    BatchGetDocumentsResponse,
    CommitRequest,
    CommitResponse,
    Document,
    Precondition,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
    Value,
    Write,
    WriteResult,
)
from mockfirestore import MockFirestore  # type: ignore[import-untyped]
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.event import Event, Previous
from shared.model.hold import Hold
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.outbox import OutboxRecord
from shared.model.override import Override
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series, Skipped
from shared.settings import FirestoreDatabase
from shared.store.appointment_documents import appointment_to_text
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.store import FirestoreStore
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    OutboxWrite,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    SnapshotExpired,
    Stored,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
    Writes,
)
from tests.builders import appointment, at, doctor, key, schedule, span
from tests.firestore_emulator import emulated_store

ROOT = Path(__file__).parents[2]
DOCUMENTS = "projects/demo-documents/databases/(default)/documents/"
MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "strange.20261123.first")
SECOND = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "strange.20261123.second")
THIRD = appointment("2026-11-23T12:00Z", "2026-11-23T12:30Z", "strange.20261123.third")
FIRST_AND_SECOND = schedule("2026-11-23", FIRST, SECOND)
READ_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
READ = 1_795_176_000_123_456_000
"""The version of what was read then: nanoseconds since 1970."""
WRITTEN_AT = [datetime(2026, 11, 20, 12, 0, n, tzinfo=UTC) for n in range(4)]
ADA = PatientKey("ada" + 37 * "0")
MARK = f"{DOCUMENTS}erasures/last"
MICROSECOND = timedelta(microseconds=1)
RECORD = IdempotencyRecord(
    "hash", "print", "strange.20261123.first", at("2026-11-24T09:00Z"), "request"
)
STARTS = span("2026-11-23T00:00Z", "2026-11-25T00:00Z")
NEW_DAY = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", FIRST))


Answer = RunQueryResponse | BatchGetDocumentsResponse | RunAggregationQueryResponse


class Recorder:
    """Notes requests, and responds to all of them in one way; no database."""

    def __init__(self) -> None:
        self.commits: list[CommitRequest] = []
        self.reads: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.found: list[RunQueryResponse] = []
        self.got: list[BatchGetDocumentsResponse] = []
        self.summed: list[RunAggregationQueryResponse] = []
        self.code: grpc.StatusCode | None = None
        self.silent = False
        self.mark: BatchGetDocumentsResponse | None = None
        self.together = 0
        self._arrived = asyncio.Event()

    def handlers(self) -> grpc.GenericRpcHandler:
        def response(message: Answer) -> bytes:
            written: bytes = type(message).serialize(message)
            return written

        # `BatchGetDocuments` finds nothing but what was `got`, and the mark of the last erasure.
        get, run = BatchGetDocumentsRequest.deserialize, RunQueryRequest.deserialize
        add_up = RunAggregationQueryRequest.deserialize
        methods = {
            "Commit": grpc.unary_unary_rpc_method_handler(
                self._commit, CommitRequest.deserialize, CommitResponse.serialize
            ),
            "BatchGetDocuments": grpc.unary_stream_rpc_method_handler(self._read, get, response),
            "RunQuery": grpc.unary_stream_rpc_method_handler(self._read, run, response),
            "RunAggregationQuery": grpc.unary_stream_rpc_method_handler(
                self._read, add_up, response
            ),
        }
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", methods)

    async def _commit(
        self, request: CommitRequest, context: grpc.aio.ServicerContext
    ) -> CommitResponse:
        self.commits.append(request)
        self.headers.append(dict(context.invocation_metadata()))
        if self.silent:
            await asyncio.Event().wait()
        if self.code:
            await context.abort(self.code, "as the test wants it")
        times = islice(cycle(WRITTEN_AT), len(request.writes))
        results = [WriteResult(update_time=time) for time in times]
        return CommitResponse(write_results=results, commit_time=WRITTEN_AT[0])

    async def _read(
        self, request: object, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Answer]:
        self.reads.append(request)
        self.headers.append(dict(context.invocation_metadata()))
        if len(self.reads) >= self.together:
            self._arrived.set()
        await self._arrived.wait()
        if self.code:
            await context.abort(self.code, "as the test wants it")
        if self.mark and MARK in getattr(request, "documents", ()):
            yield self.mark
            return
        if hasattr(request, "structured_aggregation_query"):
            for sum_ in self.summed:
                yield sum_
            return
        if self._asks_for_events_or_mails(request):
            return
        for response in self.got if hasattr(request, "documents") else self.found:
            yield response

    @staticmethod
    def _asks_for_events_or_mails(request: object) -> bool:
        """There are none, whatever was found of anything else."""
        if not isinstance(request, RunQueryRequest):
            return False
        return request.structured_query.from_[0].collection_id in {"outbox", "mail"}


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


# Writes


def sent(write: Write) -> tuple[str, dict[str, Any], list[str], Precondition]:
    """The path of a document, its fields, those that the mask names, and the precondition.

    Of an entry, which is one JSON text, it tells when it starts.
    """
    fields: dict[str, Any] = decode_dict(write.update.fields, None)  # type: ignore[assignment]
    if fields.get("kind") == "day":
        assert 0 <= fields.pop("revision") < 2**48
        assert [*fields.pop("derived")] == ["busy"]
    if "appointments" in fields:
        entries = {name: json.loads(text) for name, text in fields["appointments"].items()}
        fields["appointments"] = {name: entry["start"] for name, entry in entries.items()}
    if "entry" in fields:
        fields["entry"] = json.loads(fields["entry"])["start"]
    path = (write.update.name or write.delete).removeprefix(DOCUMENTS)
    return path, fields, sorted(write.update_mask.field_paths), write.current_document


MONDAY_PATH = "doctors/strange/schedule/2026-11-23"
RECORD_FIELDS = {
    "kind": "idempotency_record",
    "schema": 3,
    "fingerprint": "print",
    "appointment_id": "strange.20261123.first",
    "expires_at": datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
    "request_id": "request",
}
IF_NEW, AS_READ = Precondition(exists=False), Precondition(update_time=READ_AT)


NEW_CHANGED_AND_CHECKED = [
    (
        Stored(DaySchedule(MONDAY), None),
        FIRST_AND_SECOND,
        {
            "strange.20261123.first": "2026-11-23T09:00:00Z",
            "strange.20261123.second": "2026-11-23T16:00:00Z",
        },
        [],
        IF_NEW,
    ),
    (
        Stored(FIRST_AND_SECOND, READ),
        FIRST_AND_SECOND.without(SECOND.id).with_appointment(THIRD),
        {"strange.20261123.third": "2026-11-23T12:00:00Z"},
        [
            "appointments.`strange.20261123.second`",
            "appointments.`strange.20261123.third`",
            "derived",
            "kind",
            "revision",
            "schema",
        ],
        AS_READ,
    ),
    (
        Stored(FIRST_AND_SECOND, READ),
        FIRST_AND_SECOND,
        {},
        ["derived", "kind", "revision", "schema"],
        AS_READ,
    ),
]


async def test_a_day_is_a_document_below_its_doctor_of_which_only_the_changes_are_sent(
    firestore: Recorder, store: FirestoreStore
) -> None:
    for read, day, entries, mask, precondition in NEW_CHANGED_AND_CHECKED:
        await store.commit(Writes([DayWrite(read, day)]))
        (write,) = firestore.commits[-1].writes
        fields = {"kind": "day", "schema": 3, **({"appointments": entries} if entries else {})}
        assert sent(write) == (MONDAY_PATH, fields, mask, precondition)


async def test_every_write_of_a_day_draws_another_revision(
    firestore: Recorder, store: FirestoreStore
) -> None:
    for _ in range(10):
        await store.commit(Writes([NEW_DAY]))
    drawn = {
        commit.writes[0].update.fields["revision"].integer_value for commit in firestore.commits
    }
    assert len(drawn) == 10


async def test_the_revision_of_a_doctor_is_one_sum_over_an_index_of_the_days(
    firestore: Recorder, store: FirestoreStore
) -> None:
    total = AggregationResult(aggregate_fields={"sum": Value(integer_value=7)})
    firestore.summed = [RunAggregationQueryResponse(result=total, read_time=READ_AT)]
    async with store.snapshot() as snapshot:
        assert await snapshot.revision("strange") == 7
        assert await snapshot.instant() == READ_AT
        assert await snapshot.revision("strange") == 7
    first, second = firestore.reads
    asked = first.structured_aggregation_query
    (collection,) = asked.structured_query.from_
    assert (first.parent, collection.collection_id) == (f"{DOCUMENTS}doctors/strange", "schedule")
    assert not asked.structured_query.where
    ((added),) = asked.aggregations
    assert added.sum.field.field_path == "revision"
    assert ("read_time" in first, second.read_time) == (False, READ_AT)


async def test_a_doctor_is_a_document_in_the_form_of_the_doctors_file(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.put_doctors([doctor(days="mon tue", zone="Europe/Berlin")])
    ((write,),) = (commit.writes for commit in firestore.commits)
    fields = {
        "kind": "doctor",
        "schema": 3,
        "name": "Doctor Strange",
        "time_zone": "Europe/Berlin",
        "day_shift_minutes": 60,
        "working_hours": [{"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}],
        "services": None,
        "retired": False,
        "offers": ["*"],
    }
    assert sent(write) == ("doctors/strange", fields, sorted(fields), IF_NEW)


async def test_doctors_of_a_service_are_asked_for_by_a_field_that_needs_no_index_of_ours(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.list_doctors(20, "strange", "x-ray")
    (read,) = firestore.reads
    query = read.structured_query
    asked = query.where.field_filter
    assert (asked.field.field_path, asked.op.name) == ("offers", "ARRAY_CONTAINS_ANY")
    assert [v.string_value for v in asked.value.array_value.values] == ["x-ray", "*"]
    assert [order.field.field_path for order in query.order_by] == ["__name__"]
    (after,) = query.start_at.values
    assert (after.reference_value, query.start_at.before) == (f"{DOCUMENTS}doctors/strange", False)
    assert query.limit == 20


async def test_the_clinic_is_one_document_that_is_sent_whole(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.put_clinic({"services": [{"id": "x-ray", "duration_minutes": 20}]})
    ((write,),) = (commit.writes for commit in firestore.commits)
    services = [{"id": "x-ray", "duration_minutes": 20}]
    fields = {"kind": "clinic", "schema": 3, "services": services}
    assert sent(write) == ("clinic/settings", fields, [], Precondition())


HOLIDAY = Override(
    id="strange.override.1",
    doctor_id="strange",
    kind="time_off",
    interval=span("2026-11-23T12:00Z", "2026-11-24T12:00Z"),
    created_at=at("2026-01-01T00:00Z"),
)


@pytest.mark.parametrize(("version", "precondition"), [(None, IF_NEW), (READ, AS_READ)])
async def test_an_override_is_a_document_below_its_doctor_whose_start_can_be_queried(
    firestore: Recorder, store: FirestoreStore, version: int | None, precondition: Precondition
) -> None:
    await store.commit(Writes([NEW_DAY], overrides=[OverrideWrite(HOLIDAY, version)]))
    ((_, write),) = (commit.writes for commit in firestore.commits)
    fields = {
        "kind": "override",
        "schema": 3,
        "type": "time_off",
        "start": at("2026-11-23T12:00Z"),
        "end": "2026-11-24T12:00:00Z",
        "created_at": "2026-01-01T00:00:00Z",
        "note": None,
        "deleted_at": None,
    }
    path = "doctors/strange/overrides/strange.override.1"
    assert sent(write) == (path, fields, sorted(fields), precondition)


async def test_versions_of_days_are_asked_for_with_one_small_field_and_all_else_with_all_fields(
    firestore: Recorder, store: FirestoreStore
) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.versions([MONDAY, TUESDAY])
        await snapshot.load(Keys(days=[MONDAY]))
    versions, load = firestore.reads
    assert len(versions.documents) == 2
    assert list(versions.mask.field_paths) == ["schema"]
    assert "mask" not in load


ELSEWHERE = ElsewhereKey("strange", "strange.20261123.first")
CANCELLED = FIRST._replace(cancelled_at=at("2026-11-20T12:00Z"))
POINTER = {"kind": "pointer", "schema": 3, "doctor_id": "who"}
ENDED = {
    "kind": "ended",
    "schema": 3,
    "start": at("2026-11-23T09:00Z"),
    "entry": "2026-11-23T09:00:00Z",
}


@pytest.mark.parametrize(
    ("whereabouts", "fields"),
    [
        (CANCELLED, ENDED),
        (Pointer(key("2026-11-24", "who")), {**POINTER, "day": "2026-11-24"}),
        (Pointer(ElsewhereKey("who", FIRST.id)), POINTER),
        (None, {}),
    ],
    ids=["ended", "on-a-day", "ended-with-another-doctor", "deleted"],
)
async def test_whereabouts_are_a_document_below_the_doctor_which_is_sent_whole(
    firestore: Recorder,
    store: FirestoreStore,
    whereabouts: Whereabouts | None,
    fields: dict[str, Any],
) -> None:
    await store.commit(Writes(elsewhere=[ElsewhereWrite(ELSEWHERE, whereabouts, READ)]))
    ((write,),) = (commit.writes for commit in firestore.commits)
    path = "doctors/strange/elsewhere/strange.20261123.first"
    assert sent(write) == (path, fields, [], AS_READ)


MINE = FIRST._replace(owner=ADA)
THEN = at("2026-11-20T12:00Z")


def patients(*appointments: Appointment, erasing: bool = False) -> PatientSchedule:
    return PatientSchedule(ADA, appointments, (THEN,), erasing)


PATIENTS: list[
    tuple[Stored[PatientSchedule], PatientSchedule, dict[str, Any], list[str], Precondition]
] = [
    (
        Stored(PatientSchedule(ADA), None),
        patients(MINE),
        {"appointments": {"strange.20261123.first": "2026-11-23T09:00:00Z"}},
        ["appointments.`strange.20261123.first`"],
        IF_NEW,
    ),
    (
        Stored(patients(MINE, SECOND), READ),
        patients(THIRD, SECOND, erasing=True),
        {"appointments": {"strange.20261123.third": "2026-11-23T12:00:00Z"}, "erasing": True},
        ["appointments.`strange.20261123.first`", "appointments.`strange.20261123.third`"],
        AS_READ,
    ),
    (Stored(patients(MINE), READ), patients(MINE), {}, [], AS_READ),
]


async def test_a_patient_is_a_document_of_which_only_the_changes_are_sent(
    firestore: Recorder, store: FirestoreStore
) -> None:
    for read, schedule_, fields, mask, precondition in PATIENTS:
        versions = await store.commit(Writes(patients=[PatientWrite(read, schedule_)]))
        write = firestore.commits[-1].writes[0]
        assert sent(write) == (
            "patients/ada0000000000000000000000000000000000000",
            {"kind": "patient", "schema": 3, "changed_at": ["2026-11-20T12:00:00Z"], **fields},
            sorted(["changed_at", "erased_at", "erasing", "kept_until", "kind", "schema", *mask]),
            precondition,
        )
        assert versions == {ADA: int(WRITTEN_AT[0].timestamp()) * 1_000_000_000}


async def test_an_appointment_of_a_patient_tells_the_doctor_and_whose_it_is(
    firestore: Recorder, store: FirestoreStore
) -> None:
    read = Stored(PatientSchedule(ADA), None)
    await store.commit(Writes(patients=[PatientWrite(read, patients(MINE))]))
    ((write,),) = (commit.writes for commit in firestore.commits)
    entries = write.update.fields["appointments"].map_value.fields
    entry = json.loads(entries[FIRST.id].string_value)
    assert (entry["doctor_id"], entry["owner"]) == ("strange", ADA.digits)
    del entry["doctor_id"]
    assert entry == json.loads(appointment_to_text(MINE))


async def test_what_ends_is_added_to_the_months_of_the_history_whatever_these_hold(
    firestore: Recorder, store: FirestoreStore
) -> None:
    january = SECOND._replace(id="january", interval=span("2027-01-01T00:00Z", "2027-01-01T01:00Z"))
    read = Stored(patients(MINE, SECOND, january), READ)
    await store.commit(Writes([NEW_DAY], patients=[PatientWrite(read, patients())]))
    ((_, _, november, next_year),) = (commit.writes for commit in firestore.commits)
    history = "patients/ada0000000000000000000000000000000000000/history/"
    first, second = "strange.20261123.first", "strange.20261123.second"
    times = ["2026-11-23T09:00:00Z", "2026-11-23T16:00:00Z"]
    for write, month, names, starts in (
        (november, "2026-11", [first, second], times),
        (next_year, "2027-01", ["january"], ["2027-01-01T00:00:00Z"]),
    ):
        path = write.update.name.removeprefix(DOCUMENTS)
        fields = decode_dict(write.update.fields, None)
        assert (path, fields) == (
            history + month,
            {"kind": "history", "appointments": dict(zip(names, starts, strict=True))},
        )
        paths = [f"appointments.{n}" if n.isalpha() else f"appointments.`{n}`" for n in names]
        assert list(write.update_mask.field_paths) == ["kind", *paths]
        # Never made older, as nobody has read it.
        (schema,) = write.update_transforms
        assert (schema.field_path, schema.maximum) == ("schema", Value(integer_value=3))
        assert "current_document" not in write


def found_record(name: str, fingerprint: str = "print") -> RunQueryResponse:
    fields = {"fingerprint": Value(string_value=fingerprint)}
    document = Document(name=f"{DOCUMENTS}{name}", fields=fields, update_time=READ_AT)
    return RunQueryResponse(document=document)


async def test_records_are_erased_if_they_are_as_they_were_found(
    firestore: Recorder, store: FirestoreStore
) -> None:
    firestore.found = [found_record("receipts/b"), found_record("receipts/a", "erased")]
    await store.erase_records(["a"])
    ((record,),) = (commit.writes for commit in firestore.commits)
    assert sent(record) == ("receipts/b", {"fingerprint": "erased"}, ["fingerprint"], AS_READ)
    queries = [read.structured_query for read in firestore.reads]
    assert [query.from_[0].collection_id for query in queries] == ["receipts", "outbox", "mail"]
    for query in queries:
        where = query.where.field_filter
        assert (where.field.field_path, where.op.name) == ("appointment_id", "IN")
    # Nobody needs to read a mail to delete it.
    assert [field.field_path for field in queries[2].select.fields] == ["__name__"]


def got_series(name: str, holder: str) -> BatchGetDocumentsResponse:
    fields = {"holder": Value(string_value=holder)}
    document = Document(name=f"{DOCUMENTS}series/{name}", fields=fields, update_time=READ_AT)
    return BatchGetDocumentsResponse(found=document)


async def test_series_are_erased_with_the_records_if_they_are_still_there(
    firestore: Recorder, store: FirestoreStore
) -> None:
    firestore.found = [found_record("receipts/b")]
    missing = BatchGetDocumentsResponse(missing=f"{DOCUMENTS}series/strange.series.z")
    there = [got_series("strange.series.a", "ada"), got_series("strange.series.b", "")]
    firestore.got = [*there, missing]
    ids = [f"strange.series.{letter}" for letter in "zab"]
    await store.erase_records(["a", *ids, "strange.series.a"])
    ((record, series),) = (commit.writes for commit in firestore.commits)
    assert sent(record) == ("receipts/b", {"fingerprint": "erased"}, ["fingerprint"], AS_READ)
    still_there = Precondition(exists=True)
    assert sent(series) == ("series/strange.series.a", {"holder": ""}, ["holder"], still_there)
    (of_series,) = (read for read in firestore.reads if hasattr(read, "documents"))
    assert sorted(of_series.documents) == [f"{DOCUMENTS}series/{name}" for name in sorted(ids)]
    assert list(of_series.mask.field_paths) == ["holder"]


PATH = "patients/ada0000000000000000000000000000000000000"
REST = PatientSchedule(ADA, (), (THEN,), erased_at=(THEN,))
NOON = "2026-11-20T12:00:00Z"
KEPT = {
    "kind": "patient",
    "schema": 3,
    "changed_at": [NOON],
    "erased_at": [NOON],
    "kept_until": "2026-11-21T12:00:00Z",
}


@pytest.mark.parametrize(
    ("rest", "fields"), [(PatientSchedule(ADA), {}), (REST, KEPT)], ids=["nothing", "instants"]
)
async def test_an_account_is_erased_in_one_commit_that_replaces_its_document(
    firestore: Recorder, store: FirestoreStore, rest: PatientSchedule, fields: dict[str, Any]
) -> None:
    firestore.found = [found_record("receipts/b"), found_record("receipts/a")]  # Whatever is there
    await store.erase_patient(Stored(patients(MINE), READ), rest)
    ((patient, *months),) = (commit.writes for commit in firestore.commits)
    assert sent(patient) == (PATH, fields, [], AS_READ)
    assert "update_mask" not in patient
    assert [write.delete.removeprefix(DOCUMENTS) for write in months] == [
        "receipts/b",
        "receipts/a",
    ]
    (of_history,) = firestore.reads
    assert of_history.parent == DOCUMENTS + PATH


@pytest.mark.parametrize(
    ("found", "sizes"), [(399, [400]), (400, [400, 2]), (900, [400, 400, 103])]
)
async def test_each_commit_of_a_long_erasure_checks_the_patient_and_the_last_one_takes_it(
    firestore: Recorder, store: FirestoreStore, found: int, sizes: list[int]
) -> None:
    firestore.found = [found_record(f"receipts/{number}") for number in range(found)]
    await store.erase_patient(Stored(patients(MINE), READ), PatientSchedule(ADA))
    assert [len(request.writes) for request in firestore.commits] == sizes
    *checks, last = (sent(request.writes[0]) for request in firestore.commits)
    version = Precondition(update_time=WRITTEN_AT[0])
    conditions = [AS_READ, *[version] * len(checks)]
    for check, condition in zip(checks, conditions, strict=False):
        assert check == (PATH, {"kind": "patient"}, ["kind"], condition)
    assert last == (PATH, {}, [], conditions[len(checks)])


async def test_the_end_of_views_is_a_document_that_counts_itself(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.end_views()
    ((mark,),) = (commit.writes for commit in firestore.commits)
    tags = {"kind": "erasures", "schema": 3}
    assert sent(mark) == ("erasures/last", tags, ["kind", "schema"], Precondition())
    (count,) = mark.update_transforms
    assert (count.field_path, count.increment) == ("count", Value(integer_value=1))


async def test_whose_rest_counts_no_more_is_found_by_when_that_is(
    firestore: Recorder, store: FirestoreStore
) -> None:
    firestore.found = [found_record(PATH)]
    assert await store.erased_patients(THEN) == [ADA]
    (read,) = firestore.reads
    where = read.structured_query.where.field_filter
    assert (where.field.field_path, where.op.name) == ("kept_until", "LESS_THAN_OR_EQUAL")
    assert where.value.string_value == NOON
    assert [o.field.field_path for o in read.structured_query.order_by] == [
        "kept_until",
        "__name__",
    ]


async def test_a_blocked_caller_is_a_document_that_the_last_call_writes(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.block(ADA, THEN)
    ((write,),) = (commit.writes for commit in firestore.commits)
    fields = {"kind": "blocked_caller", "schema": 3, "issued_before": "2026-11-20T12:00:00Z"}
    path = "blocked/ada0000000000000000000000000000000000000"
    assert sent(write) == (path, fields, [], Precondition())


async def test_a_secret_is_a_document_that_is_only_ever_created(
    firestore: Recorder, store: FirestoreStore
) -> None:
    assert await store.secret("page_token_key", "a") == "a"
    ((write,),) = (commit.writes for commit in firestore.commits)
    fields = {"kind": "secret", "schema": 3, "value": "a"}
    assert sent(write) == ("secrets/page_token_key", fields, [], IF_NEW)


async def test_a_calendar_link_is_a_document_of_which_only_known_fields_are_replaced(
    firestore: Recorder, store: FirestoreStore
) -> None:
    fields = {"kind": "calendar_link", "schema": 3, "secret": "a"}
    mask = ["kind", "schema", "secret"]
    assert await store.replace_calendar_link("strange", None, "a") == "a"
    known = Document(
        name=f"{DOCUMENTS}calendar_links/strange",
        fields={"secret": Value(string_value="before")},
        update_time=READ_AT,
    )
    firestore.got = [BatchGetDocumentsResponse(found=known)]
    assert await store.replace_calendar_link("strange", "before", "a") == "a"
    (new,), (replaced,) = (commit.writes for commit in firestore.commits)
    assert sent(new) == ("calendar_links/strange", fields, mask, IF_NEW)
    assert sent(replaced) == ("calendar_links/strange", fields, mask, AS_READ)


@pytest.mark.parametrize(("version", "precondition"), [(None, IF_NEW), (READ, AS_READ)])
async def test_days_and_whole_records_are_one_commit_which_tells_the_days_their_versions(
    firestore: Recorder, store: FirestoreStore, version: int | None, precondition: Precondition
) -> None:
    tuesday = DayWrite(Stored(DaySchedule(TUESDAY), None), DaySchedule(TUESDAY))
    versions = await store.commit(
        Writes(
            [NEW_DAY, tuesday],
            [RecordWrite(RECORD, version)],
            [ElsewhereWrite(ELSEWHERE, CANCELLED, None)],
        )
    )
    ((_, empty, record, _),) = (commit.writes for commit in firestore.commits)
    path, fields = "doctors/strange/schedule/2026-11-24", {"kind": "day", "schema": 3}
    assert sent(empty) == (path, fields, [], IF_NEW)
    # Without a mask: all fields, also those that are not sent.
    assert sent(record) == ("receipts/hash", RECORD_FIELDS, [], precondition)
    written = [int(instant.timestamp()) * 1_000_000_000 for instant in WRITTEN_AT]
    assert versions == {MONDAY: written[0], TUESDAY: written[1]}


async def test_a_record_holds_a_hold_as_a_map(firestore: Recorder, store: FirestoreStore) -> None:
    hold = Hold("strange.20261123.hold.a", "strange", FIRST.interval, THEN, "ada")
    record = replace(RECORD, appointment_id="strange.20261123.hold.a", hold=hold)
    await store.commit(Writes(records=[RecordWrite(record, None)]))
    ((write,),) = (commit.writes for commit in firestore.commits)
    fields = {
        "kind": "hold",
        "schema": 3,
        "id": "strange.20261123.hold.a",
        "doctor_id": "strange",
        "start": "2026-11-23T09:00:00Z",
        "end": "2026-11-23T09:30:00Z",
        "ends_at": "2026-11-20T12:00:00Z",
        "holder": "ada",
    }
    assert sent(write)[1] == {
        **RECORD_FIELDS,
        "appointment_id": "strange.20261123.hold.a",
        "hold": fields,
    }


SERIES = Series(
    id="strange.series.a",
    doctor_id="strange",
    rule="FREQ=WEEKLY;COUNT=2",
    holder="ada",
    created_at=THEN,
    appointment_ids=("strange.20261123.first",),
    skipped=(Skipped(datetime(2027, 3, 14, 2, 30), None, "skipped"),),  # noqa: DTZ001
)


async def test_a_series_is_a_document_that_is_only_ever_created(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit(Writes([NEW_DAY], series=[SERIES]))
    ((_, write),) = (commit.writes for commit in firestore.commits)
    fields = {
        "kind": "series",
        "schema": 3,
        "doctor_id": "strange",
        "rule": "FREQ=WEEKLY;COUNT=2",
        "holder": "ada",
        "created_at": "2026-11-20T12:00:00Z",
        "appointment_ids": ["strange.20261123.first"],
        "skipped": [{"local": "2027-03-14T02:30:00", "start": None, "code": "skipped"}],
    }
    assert sent(write) == ("series/strange.series.a", fields, [], IF_NEW)


async def test_every_document_is_where_the_paths_say(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.put_doctors([doctor()])
    gone = ElsewhereWrite(ELSEWHERE, CANCELLED, None)
    away = OverrideWrite(HOLIDAY, None)
    records = [RecordWrite(RECORD, None)]
    await store.commit(Writes([NEW_DAY], records, [gone], overrides=[away], series=[SERIES]))
    database = MockFirestore()
    for write in (write for commit in firestore.commits for write in commit.writes):
        path, fields, _, _ = sent(write)
        database.document(path).set(fields)
    strange = database.collection("doctors").document("strange")
    (day,), (ended,) = (strange.collection(name).stream() for name in ("schedule", "elsewhere"))
    assert ended.id == "strange.20261123.first"
    assert [o.id for o in strange.collection("overrides").stream()] == ["strange.override.1"]
    assert (day.id, list(day.to_dict()["appointments"])) == ("2026-11-23", [FIRST.id])
    assert [found.id for found in database.collection("receipts").stream()] == ["hash"]
    assert [found.id for found in database.collection("series").stream()] == ["strange.series.a"]


FROM = Previous(FIRST.interval, "strange")
MOVED = OutboxRecord(Event("moved", FIRST.id, 2, THEN, FIRST, FROM, "any", personal=True), THEN)
"""An event with all fields that one can have."""

QUERIED_BY_INDEXES_OF_FIRESTORE = {
    ("doctors", "offers"),
    ("elsewhere", "start"),
    ("overrides", "start"),
}


async def test_every_field_is_exempt_from_indexing_or_has_the_index_that_its_query_needs(
    firestore: Recorder, store: FirestoreStore
) -> None:
    hold = Hold("strange.20261123.hold.a", "strange", FIRST.interval, THEN, "ada")
    pointer = ElsewhereWrite(ELSEWHERE, Pointer(key("2026-11-24", "who"), ADA), None)
    read = Stored(patients(MINE), READ)
    await store.put_doctors([doctor()])
    await store.commit(
        Writes(
            [NEW_DAY, DayWrite(Stored(FIRST_AND_SECOND, READ), FIRST_AND_SECOND)],
            [RecordWrite(replace(RECORD, hold=hold), None)],
            [ElsewhereWrite(ELSEWHERE, CANCELLED, None), pointer],
            [PatientWrite(read, patients(SECOND, erasing=True))],
            [OverrideWrite(HOLIDAY, None)],
            series=[SERIES],
            events=[OutboxWrite(MOVED)],
        )
    )
    await store.add_mail("a", FIRST.id, {"to": [], "from": "", "headers": {}, "message": {}})
    await store.put_clinic({"policy": {}, "closed": [], "services": []})
    await store.block(ADA, THEN)
    await store.secret("page_token_key", "a")
    await store.replace_calendar_link("strange", None, "a")
    await store.erase_patient(read, REST)
    await store.end_views()
    written = {
        (write.update.name.split("/")[-2], field)
        for commit in firestore.commits
        for write in commit.writes
        for field in (
            *write.update.fields,
            *(path.partition(".")[0] for path in write.update_mask.field_paths),
            *(transform.field_path for transform in write.update_transforms),
        )
    }
    configured = json.loads((ROOT / "firestore.indexes.json").read_text("utf-8"))
    known = {(o["collectionGroup"], o["fieldPath"]) for o in configured["fieldOverrides"]}
    assert written - QUERIED_BY_INDEXES_OF_FIRESTORE == known


# Errors

CONFLICT, AGAIN, FINAL, EXPIRED = VersionConflict, StoreUnavailable, StoreRefused, SnapshotExpired


# Of a commit, of a read, and of a read of the past.
ERRORS: dict[str, tuple[type[StoreError], type[StoreError], type[StoreError]]] = {
    "ABORTED": (CONFLICT, AGAIN, AGAIN),
    "ALREADY_EXISTS": (CONFLICT, FINAL, FINAL),
    "CANCELLED": (AGAIN, AGAIN, AGAIN),
    "DEADLINE_EXCEEDED": (AGAIN, AGAIN, AGAIN),
    "FAILED_PRECONDITION": (CONFLICT, FINAL, EXPIRED),
    "INTERNAL": (AGAIN, AGAIN, AGAIN),
    "INVALID_ARGUMENT": (FINAL, FINAL, EXPIRED),
    "NOT_FOUND": (CONFLICT, FINAL, FINAL),
    "PERMISSION_DENIED": (FINAL, FINAL, FINAL),
    "RESOURCE_EXHAUSTED": (AGAIN, AGAIN, AGAIN),
    "UNAUTHENTICATED": (FINAL, FINAL, FINAL),
    "UNAVAILABLE": (AGAIN, AGAIN, AGAIN),
    "UNIMPLEMENTED": (FINAL, FINAL, FINAL),
    "UNKNOWN": (AGAIN, AGAIN, AGAIN),
}


@pytest.mark.parametrize("code", ERRORS)
async def test_a_refusal_says_if_another_attempt_may_help_and_is_not_repeated(
    firestore: Recorder, store: FirestoreStore, code: str
) -> None:
    firestore.code = grpc.StatusCode[code]
    async with store.snapshot() as now:
        errors = await asyncio.gather(
            store.commit(Writes([NEW_DAY])),
            now.load(Keys(days=[MONDAY])),
            anext(now.scan("strange", MONDAY.day, TUESDAY.day)),
            anext(now.scan_ended("strange", STARTS)),
            now.history(ADA, MONDAY.day, TUESDAY.day),
            now.versions([MONDAY]),
            now.revision("strange"),
            anext(now.scan_overrides("strange", STARTS)),
            store.calendar_link("strange"),
            store.doctors(["strange"]),
            store.list_doctors(10),
            store.clinic(),
            store.blocked(),
            store.erase_records(["a"]),
            store.erase_patient(Stored(PatientSchedule(ADA), None), PatientSchedule(ADA)),
            store.erased_patients(THEN),
            return_exceptions=True,
        )
    of_commit, of_read, _ = ERRORS[code]
    assert [type(error) for error in errors] == [of_commit, *[of_read] * 15]
    assert {str(error) for error in errors} == {f"{code}: as the test wants it"}
    assert (len(firestore.commits), len(firestore.reads)) == (1, 15)


@pytest.mark.parametrize("code", ERRORS)
async def test_a_refusal_of_a_read_of_the_past_may_mean_that_it_is_gone(
    firestore: Recorder, store: FirestoreStore, code: str
) -> None:
    firestore.code = grpc.StatusCode[code]
    async with store.snapshot(READ_AT) as past:
        errors = await asyncio.gather(
            past.load(Keys(days=[MONDAY])),
            anext(past.scan("strange", MONDAY.day, TUESDAY.day)),
            anext(past.scan_ended("strange", STARTS)),
            past.history(ADA, MONDAY.day, TUESDAY.day),
            return_exceptions=True,
        )
    _, _, of_past = ERRORS[code]
    assert [type(error) for error in errors] == [of_past] * 4
    assert {str(error) for error in errors} == {f"{code}: as the test wants it"}


@pytest.mark.parametrize("code", ERRORS)
async def test_a_refusal_to_end_views_or_to_block_is_told_like_that_of_a_read(
    firestore: Recorder, store: FirestoreStore, code: str
) -> None:
    firestore.code = grpc.StatusCode[code]
    _, of_read, _ = ERRORS[code]
    # Without a condition there is no conflict.
    with pytest.raises(of_read):
        await store.end_views()
    with pytest.raises(of_read):
        await store.block(ADA, READ_AT)
    with pytest.raises(of_read):
        await store.put_clinic({})
    assert len(firestore.commits) == 3


async def test_every_call_is_routed_by_a_field_of_its_request(
    firestore: Recorder, store: FirestoreStore
) -> None:
    await store.commit(Writes([NEW_DAY]))
    await store.list_doctors(10)
    routed = [headers["x-goog-request-params"] for headers in firestore.headers]
    database = "projects/demo-documents/databases/(default)"
    assert routed == [
        to_routing_header({"database": database}),  # type: ignore[no-untyped-call]
        to_routing_header({"parent": f"{database}/documents"}),  # type: ignore[no-untyped-call]
    ]
    for headers in firestore.headers:
        assert headers["google-cloud-resource-prefix"] == database
        assert headers["authorization"] == "Bearer owner"
        assert headers["x-goog-api-client"].startswith("gl-python/3.")


async def test_a_commit_without_a_response_is_unavailable_after_the_given_seconds(
    firestore: Recorder,
) -> None:
    firestore.silent = True
    store = emulated_store("demo-documents", seconds=0.2)
    async with asyncio.timeout(60):
        with pytest.raises(StoreUnavailable):
            await store.commit(Writes([NEW_DAY]))
    await store.close()


async def test_without_credentials_every_call_fails_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")
    store = FirestoreStore(FirestoreDatabase("demo-documents", "(default)"), seconds=10)
    with pytest.raises(StoreRefused, match="was not found"):
        await store.doctors(["strange"])
    await store.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("not a document"), StoreRefused),
        (KeyError("our own"), KeyError),
    ],
)
def test_errors_of_the_library_are_translated_and_our_own_are_not(
    error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected), translated_errors():
        raise error


# Read times


async def test_every_read_of_a_past_view_asks_for_the_instant_of_that_view(
    firestore: Recorder, store: FirestoreStore
) -> None:
    async with store.snapshot(READ_AT) as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        assert [day async for day in snapshot.scan("strange", MONDAY.day, TUESDAY.day)] == []
        assert [a async for a in snapshot.scan_ended("strange", STARTS)] == []
        assert await snapshot.history(ADA, MONDAY.day, TUESDAY.day) == []
        assert await snapshot.instant() == READ_AT
    of_view = [r for r in firestore.reads if MARK not in getattr(r, "documents", ())]
    assert [request.read_time for request in of_view] == [READ_AT] * 4


async def test_the_first_read_of_a_past_view_looks_for_the_last_erasure_at_the_present(
    firestore: Recorder, store: FirestoreStore
) -> None:
    for first in (True, False):
        async with store.snapshot(READ_AT) as snapshot:
            if first:
                await snapshot.load(Keys(days=[MONDAY]))
            await snapshot.history(ADA, MONDAY.day, TUESDAY.day)
            await snapshot.load(Keys(days=[MONDAY]))
        looked = [list(r.documents) for r in firestore.reads if getattr(r, "documents", [])]
        assert looked.count([MARK]) == 1
        (of_mark,) = (r for r in firestore.reads if MARK in getattr(r, "documents", ()))
        assert of_mark.read_time is None
        firestore.reads.clear()


async def test_the_last_erasure_is_looked_for_without_waiting_for_the_read_itself(
    firestore: Recorder, store: FirestoreStore
) -> None:
    firestore.together = 2  # Neither is answered before both have arrived.
    async with asyncio.timeout(60), store.snapshot(READ_AT) as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
    assert len(firestore.reads) == 2


@pytest.mark.parametrize(
    ("erased_after", "shown"),
    [(-MICROSECOND, True), (0 * MICROSECOND, False), (MICROSECOND, False)],
)
async def test_a_past_view_is_shown_if_the_last_erasure_was_before_its_instant(
    firestore: Recorder,
    store: FirestoreStore,
    erased_after: timedelta,
    shown: bool,  # noqa: FBT001
) -> None:
    mark = Document(name=MARK, update_time=READ_AT + erased_after)
    firestore.mark = BatchGetDocumentsResponse(found=mark)
    expected = nullcontext() if shown else pytest.raises(SnapshotExpired, match="was erased")
    async with store.snapshot(READ_AT) as snapshot:
        for _ in range(2):
            with expected:
                await snapshot.load(Keys(days=[MONDAY]))


async def test_a_view_that_has_read_nothing_has_no_instant(store: FirestoreStore) -> None:
    async with store.snapshot() as snapshot:
        with pytest.raises(ValueError, match="nothing was read yet"):
            await snapshot.instant()


async def test_all_reads_are_at_the_last_read_time_of_the_first_query(
    firestore: Recorder, store: FirestoreStore
) -> None:
    document = Document(name=f"{DOCUMENTS}{MONDAY_PATH}", update_time=READ_AT)
    firestore.found = [
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


async def test_a_document_of_what_has_ended_that_is_not_understood_is_refused_loudly(
    firestore: Recorder, store: FirestoreStore
) -> None:
    name = f"{DOCUMENTS}doctors/strange/elsewhere/strange.20261123.first"
    for tags, said in (
        ({"kind": Value(string_value="erased")}, 'the kind "erased"'),
        ({"schema": Value(integer_value=4)}, "has schema 4"),
    ):
        firestore.found = [RunQueryResponse(document=Document(name=name, fields=tags))]
        async with store.snapshot() as snapshot:
            with pytest.raises(StoreRefused, match=f"strange.20261123.first .*{said}"):
                await anext(snapshot.scan_ended("strange", STARTS))

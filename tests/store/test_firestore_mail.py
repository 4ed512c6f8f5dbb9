"""Mails as Firestore keeps them until the extension has sent them, or a patient is erased."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from google.cloud.firestore import AsyncClient
from grpc import StatusCode  # type: ignore[import-untyped]
from grpc.aio import AioRpcError, Metadata  # type: ignore[import-untyped]

from shared.model.event import Event
from shared.model.outbox import OutboxRecord
from shared.notifications.mail.documents import DocumentSink
from shared.store.firestore.calls import Calls
from shared.store.firestore.store import FirestoreStore
from shared.store.port import OutboxWrite, StoreUnavailable, Writes
from shared.store.usage import StoreUsage, charged_to
from tests.firestore_emulator import emulated_store
from tests.notifications.mail.messages import ID, NOW, composer, message

EVENT = f"{ID}~00000001~0"
FIELDS = {"to": ["ada@mail.example"], "message": {"subject": "a", "attachments": []}}


@pytest.fixture
def project(emulator: str) -> str:
    assert emulator
    return f"demo-{uuid4()}"


@pytest.fixture
async def store(project: str) -> AsyncIterator[FirestoreStore]:
    opened = emulated_store(project, seconds=10)
    yield opened
    await opened.close()


@pytest.fixture
async def extension(project: str) -> AsyncIterator[AsyncClient]:
    """The database as the extension sees it: by a library of Google's."""
    client = AsyncClient(project)
    yield client
    client.close()  # type: ignore[no-untyped-call]


def event(appointment_id: str = ID, *, personal: bool = True) -> Event:
    return Event("booked", appointment_id, 1, NOW, personal=personal)


async def happen(store: FirestoreStore, *events: Event) -> None:
    """Let events wait to be delivered."""
    records = [OutboxWrite(OutboxRecord(each, NOW), None) for each in events]
    await store.commit(Writes(events=records))


async def mails(client: AsyncClient) -> dict[str, Mapping[str, Any] | None]:
    return {each.id: each.to_dict() async for each in client.collection("mail").stream()}


async def test_the_extension_finds_the_mail(store: FirestoreStore, extension: AsyncClient) -> None:
    told = message()
    await happen(store, told.event)
    sink = DocumentSink(store, composer())
    await sink.send(told)
    found = await mails(extension)
    assert list(found) == [EVENT]
    mail = found[EVENT]
    assert mail
    assert set(mail) == {"appointment_id", "to", "from", "headers", "message"}
    assert (mail["appointment_id"], mail["to"]) == (ID, ["ada@mail.example"])
    assert mail["message"]["text"] == composer().compose(told).text


async def test_a_second_try_leaves_what_the_extension_has_written(
    store: FirestoreStore, extension: AsyncClient
) -> None:
    """It would send the mail again if `delivery` were gone."""
    await happen(store, event())
    await store.add_mail(EVENT, ID, FIELDS)
    await extension.document(f"mail/{EVENT}").update({"delivery": {"state": "SUCCESS"}})
    await store.add_mail(EVENT, ID, {"to": ["others@mail.example"]})
    expected = {"appointment_id": ID, **FIELDS, "delivery": {"state": "SUCCESS"}}
    assert await mails(extension) == {EVENT: expected}


async def test_a_mail_changes_nothing_in_the_outbox(store: FirestoreStore) -> None:
    """Else what is to be recorded of the delivery would meet a conflict."""
    await happen(store, event())
    before = await store.waiting_events([ID])
    await store.add_mail(EVENT, ID, FIELDS)
    assert await store.waiting_events([ID]) == before


async def test_no_mail_is_written_once_its_event_is_erased(
    store: FirestoreStore, extension: AsyncClient
) -> None:
    await happen(store, event())
    await store.erase_records([ID])
    await store.add_mail(EVENT, ID, FIELDS)
    assert await mails(extension) == {}


async def test_an_erasure_deletes_the_mails_of_its_appointments_and_of_no_others(
    store: FirestoreStore, extension: AsyncClient
) -> None:
    names = [f"strange.20261123.{number:03}" for number in range(65)]
    await happen(store, *map(event, names))
    for name in names:
        await store.add_mail(event(name).id, name, FIELDS)
    for _ in range(2):
        await store.erase_records([*names[:31], *names[32:]])
        assert list(await mails(extension)) == ["strange.20261123.031~00000001~0"]


async def test_an_erasure_pays_for_thirty_appointments_what_it_finds_or_one_read(
    store: FirestoreStore,
) -> None:
    names = [f"strange.20261123.{number:03}" for number in range(40)]

    async def cost() -> tuple[int, int]:
        usage = StoreUsage()
        with charged_to([usage]):
            await store.erase_records(names)
        return usage.reads, usage.writes

    nothing, _ = await cost()
    for number in (0, 1, 2):
        await happen(store, event(names[number]))
        await store.add_mail(event(names[number]).id, names[number], FIELDS)
    await store.commit(
        Writes(
            events=[
                OutboxWrite(each.value, each.version, done=True)
                for each in await store.waiting_events(names)
            ]
        )
    )
    reads, writes = await cost()
    assert (reads - nothing, writes) == (2, 3)
    assert await cost() == (nothing, 0)


async def test_what_a_mail_costs(store: FirestoreStore) -> None:
    await happen(store, event())
    usage = StoreUsage()
    with charged_to([usage]):
        await store.add_mail(EVENT, ID, FIELDS)
    assert (usage.reads, usage.writes) == (0, 2)
    usage = StoreUsage()
    with charged_to([usage]):
        await store.add_mail(EVENT, ID, FIELDS)
    assert (usage.reads, usage.writes) == (2, 0)


async def test_a_closed_store_takes_no_mail(store: FirestoreStore) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.add_mail(EVENT, ID, FIELDS)


class Contended:
    """The calls to Firestore, with another commit on the way each time."""

    def __init__(self, calls: Calls) -> None:
        self.root, self.batch_get, self.close = calls.root, calls.batch_get, calls.close

    async def commit(self, _: object) -> None:
        raise AioRpcError(StatusCode.ABORTED, Metadata(), Metadata(), "contention")


async def test_a_mail_that_met_another_commit_is_not_there_and_is_tried_again(
    store: FirestoreStore, extension: AsyncClient
) -> None:
    await happen(store, event())
    calls = Contended(store._calls())  # noqa: SLF001 - the only way to be in the way
    store._connected = calls  # type: ignore[assignment] # noqa: SLF001
    with pytest.raises(StoreUnavailable, match="ABORTED: contention"):
        await store.add_mail(EVENT, ID, FIELDS)
    assert await mails(extension) == {}

"""Bring a database of an earlier release over to doctor-days, while its instances still run.

Doctors are marked first: an earlier release cannot read a marked doctor, and so ends to book as
soon as it reads its doctors again. Then each of its days is closed by an entry that it cannot read,
and only what was on a closed day is filed anew. As an instance remembers doctors for a while and
may begin a day meanwhile, the days are gone through again until all instances have noticed. In the
end the doctors get the schema that this release asks for; until then it answers nothing.

Every step may be done twice, so the whole may be stopped and begun again. The old days stay where
they are, closed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.placement import Placement
from shared.store.appointment_documents import appointment_to_text
from shared.store.doctor_documents import EVERY_SERVICE
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import DAY_TAGS, day_name, last_part, write_elsewhere
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.field_paths import field_path
from shared.store.firestore.messages import Int32Value, Message
from shared.store.firestore.values import (
    Cursor,
    Document,
    DocumentMask,
    Precondition,
    Value,
    Write,
    from_fields,
    to_fields,
)
from shared.store.legacy_documents import (
    doctor_of_earlier_document,
    is_pointer,
    new_placement,
    with_day_shift,
)
from shared.store.port import ElsewhereWrite, StoreError
from shared.store.schema import SCHEMA

T = TypeVar("T")

NOTICED_AFTER = timedelta(seconds=90)
"""By then every instance has read its doctors again (60 s) and ended what it had begun (10 s)."""

MARK, CLOSED, MOVED = "closed", "closed", "closed, and moved"
"""The id of the entry that closes a day, and its texts: no release reads it as an appointment."""

_OLD_DAYS = "days"
_PAGE = 50
_MOST_WRITES = 400  # Firestore's own limit was 500.

Say = Callable[[str], None]


class Migration:
    """One run of the migration. `left` names the entries that nobody can read."""

    def __init__(self, calls: Calls, say: Say, noticed_after: timedelta = NOTICED_AFTER) -> None:
        self._calls = calls
        self._say = say
        self._noticed_after = noticed_after
        self.left: list[str] = []

    async def run(self) -> None:
        """Bring everything over. Raises StoreError where the store does not do it."""
        documents = await self._doctor_documents()
        waiting = [d for d in documents if not _is_of_this_release(d)]
        if not waiting:
            self._say("there is nothing to bring over")
            return
        await self._mark(waiting)
        doctors = [_doctor(document) for document in await self._doctor_documents()]
        await self._pass_over(doctors)
        seconds = self._noticed_after.total_seconds()
        self._say(f"waiting {seconds:.0f} s, until every instance has noticed")
        await asyncio.sleep(seconds)  # Not by any clock: two might differ.
        await self._pass_over(doctors)
        await self._finish(doctors)
        self._say(f"{len(doctors)} doctors are brought over")

    # Doctors

    async def _doctor_documents(self) -> list[Message]:
        with translated_errors():
            answers = [a async for a in self._calls.run_query(self._calls.root, "doctors")]
        return [answer.document for answer in answers if answer.document.name]

    async def _mark(self, documents: Sequence[Message]) -> None:
        """Mark doctors, and give each the day shift that is theirs from now on."""
        now = datetime.now(UTC)
        unmarked = [d for d in documents if "day_shift_minutes" not in d.fields]
        with translated_errors(conflict=CONFLICT):
            for some in _chunks(unmarked):
                await self._calls.commit([_marking(document, now) for document in some])

    async def _finish(self, doctors: Sequence[Doctor]) -> None:
        # Earlier releases knew no services, so each of their doctors offers all of them.
        values = {"schema": SCHEMA, "offers": [EVERY_SERVICE]}
        for some in _chunks(doctors):
            writes = [_update(self._doctor_name(d), values, list(values)) for d in some]
            with translated_errors():
                await self._calls.commit(writes)

    def _doctor_name(self, doctor: Doctor) -> str:
        return f"{self._calls.root}/doctors/{doctor.id}"

    # Days

    async def _pass_over(self, doctors: Sequence[Doctor]) -> None:
        """Bring over all days that are there and not moved yet."""
        self.left = []
        for doctor in doctors:
            count = 0
            async for name in self._old_days(doctor):
                await self._bring_over(doctor, name)
                count += 1
            self._say(f"{doctor.id}: {count} days brought over")

    async def _old_days(self, doctor: Doctor) -> AsyncIterator[str]:
        parent = self._doctor_name(doctor)
        bounds: dict[str, Message] = {"limit": Int32Value(value=_PAGE)}
        while True:
            with translated_errors():
                answers = [a async for a in self._calls.run_query(parent, _OLD_DAYS, **bounds)]
            documents = [answer.document for answer in answers if answer.document.name]
            for document in documents:
                if _mark_of(document) != MOVED:
                    yield document.name
            if len(documents) < _PAGE:
                return
            values = [Value(reference_value=documents[-1].name)]
            bounds["start_at"] = Cursor(values=values, before=False)

    async def _bring_over(self, doctor: Doctor, name: str) -> None:
        """Close a day, then file anew what is on it."""
        with translated_errors():
            await self._calls.commit([_marked(name, CLOSED)])
            (answer,) = [a async for a in self._calls.batch_get([name], None)]
        entries = answer.found.fields["appointments"].map_value.fields
        texts = [entry.string_value for i, entry in entries.items() if i != MARK]
        key = DayKey(doctor.id, date.fromisoformat(last_part(name)))
        left_before = len(self.left)
        writes = list(self._writes(doctor, key, texts))
        if len(self.left) == left_before:
            writes.append(_marked(name, MOVED))
        for some in _chunks(writes):
            with translated_errors():
                await self._calls.commit(some)

    def _writes(self, doctor: Doctor, key: DayKey, texts: Iterable[str]) -> Iterator[Message]:
        for text in texts:
            try:
                if not is_pointer(text):
                    yield from self._filed(new_placement(doctor, key, text))
            except (StoreError, msgspec.MsgspecError) as error:
                self.left.append(f"{key.doctor_id}, {key.day}: {error}")

    def _filed(self, found: Placement) -> Iterator[Message]:
        root, appointment = self._calls.root, found.appointment
        fields = {**DAY_TAGS, "appointments": {appointment.id: appointment_to_text(appointment)}}
        path = field_path("appointments", appointment.id)
        for key in found.days:
            mask = [*DAY_TAGS, "derived", path]
            yield _update(day_name(root, key), fields, mask, exists=None)
        for at, whereabouts in found.elsewhere.items():
            write = write_elsewhere(root, ElsewhereWrite(at, whereabouts, None))
            write.ClearField("current_document")  # An earlier run may have written it.
            yield write


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in as many parts as commits are needed."""
    for start in range(0, len(items), _MOST_WRITES):
        yield items[start : start + _MOST_WRITES]


def _fields_of(document: Message) -> dict[str, Any]:
    return {"id": last_part(document.name), **from_fields(document.fields)}


def _is_of_this_release(document: Message) -> bool:
    fields = document.fields  # To ask a map for what it has not would put it there.
    return "schema" in fields and fields["schema"].integer_value >= SCHEMA


def _doctor(document: Message) -> Doctor:
    return doctor_of_earlier_document(_fields_of(document), datetime.now(UTC))


def _marking(document: Message, now: datetime) -> Message:
    fields = with_day_shift(_fields_of(document), now)
    values = {"kind": "doctor", "day_shift_minutes": fields["day_shift_minutes"]}
    write = _update(document.name, values, list(values))
    # Another run must not give it another shift.
    write.current_document.CopyFrom(Precondition(update_time=document.update_time))
    return write


def _marked(name: str, text: str) -> Message:
    path = field_path("appointments", MARK)
    return _update(name, {"appointments": {MARK: text}}, [path])


def _mark_of(document: Message) -> str:
    entries = document.fields["appointments"].map_value.fields
    return str(entries[MARK].string_value) if MARK in entries else ""


def _update(
    name: str, values: dict[str, Any], paths: Sequence[str], *, exists: bool | None = True
) -> Message:
    document = Document(name=name, fields=to_fields(values))
    write = Write(update=document, update_mask=DocumentMask(field_paths=paths))
    if exists is not None:
        write.current_document.CopyFrom(Precondition(exists=exists))
    return write

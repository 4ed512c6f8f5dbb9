"""Doctors as documents: `doctors/{doctor_id}`.

    name, time_zone, working_hours, day_shift_minutes, services, retired
    offers                                      the services by which the doctor is found

A document that no version since services came has written has no `offers`: its doctor is found by
id and in the list of all, but by no service. The migration and `make doctors` write it.
"""

from collections.abc import Collection, Mapping, Sequence

from shared.model.doctor import Doctor
from shared.store.doctor_documents import EVERY_SERVICE, doctor_from_document, doctor_to_document
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import last_part
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.messages import Int32Value, Message
from shared.store.firestore.queries import CONTAINS_ANY, find, get, where
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


async def read_doctors(calls: Calls, ids: Collection[str]) -> Mapping[str, Doctor]:
    """Return those of these doctors that there are, by id, in one call."""
    # Doctors' ids begin so. Among the others are names that Firestore refuses, such as `..`.
    names = [_name(calls, each) for each in ids if each[:1].isalnum()]
    if not names:
        return {}
    doctors = map(read_doctor, await get(calls, names))
    return {doctor.id: doctor for doctor in doctors}


async def list_doctors(
    calls: Calls, limit: int, after: str, service_id: str | None
) -> Sequence[Doctor]:
    """Return the first doctors behind an id, maybe only those who offer a service."""
    bounds: dict[str, Message] = {"limit": Int32Value(value=limit)}
    if after:
        values = [Value(reference_value=_name(calls, after))]
        bounds["start_at"] = Cursor(values=values, before=False)
    if service_id is not None:
        # The answers are in order of names, for which the field's own index is enough.
        bounds["where"] = where("offers", CONTAINS_ANY, [service_id, EVERY_SERVICE])
    found = await find(calls, calls.root, "doctors", **bounds)
    return [read_doctor(document) for document in found]


async def write_doctors(calls: Calls, doctors: Collection[Doctor]) -> None:
    """Add or replace doctors, in one commit."""
    there = await read_doctors(calls, [doctor.id for doctor in doctors])
    writes = [write_doctor(calls.root, d, exists=d.id in there) for d in doctors]
    with translated_errors(conflict=CONFLICT):
        await calls.commit(writes)


def read_doctor(document: Message) -> Doctor:
    """Return the doctor of a document."""
    return doctor_from_document({"id": last_part(document.name), **from_fields(document.fields)})


def write_doctor(root: str, doctor: Doctor, *, exists: bool) -> Message:
    """Write the fields that this version knows; others, of a newer one, are kept.

    So is the day shift of a doctor who exists.
    """
    values = doctor_to_document(doctor)
    name = f"{root}/doctors/{values.pop('id')}"
    if exists:
        del values["day_shift_minutes"]
    return Write(
        update=Document(name=name, fields=to_fields(values)),
        update_mask=DocumentMask(field_paths=list(values)),
        current_document=Precondition(exists=exists),
    )


def _name(calls: Calls, doctor_id: str) -> str:
    return f"{calls.root}/doctors/{doctor_id}"

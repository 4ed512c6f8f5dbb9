"""A clinic with services and rules of its own, for the tests of functions."""

from typing import Any

from msgspec.structs import replace

from tests.builders import doctor
from tests.functions.api import Api

SCAN = {"id": "scan", "name": "Scan", "duration_minutes": 20, "buffer_after_minutes": 10}
TALK = {"id": "talk", "name": "Talk", "description": "about anything"}


async def describe(api: Api, **members: Any) -> None:  # noqa: ANN401 - as the clinic file has them
    """Say what is true of the whole clinic, before an instance asks for it."""
    await api.dependencies.store.put_clinic(members)


async def change_doctor(api: Api, doctor_id: str, **fields: Any) -> None:  # noqa: ANN401 - its own
    """Change what is stored of a doctor, before an instance asks for it."""
    store = api.dependencies.store
    found = await store.doctors([doctor_id])
    await store.put_doctors([replace(found[doctor_id], **fields)])


async def employ(api: Api, count: int, **fields: Any) -> None:  # noqa: ANN401 - of doctors
    """Add doctors who work as Doctor Who does, `d000` and so on."""
    them = (doctor(doctor_id=f"d{number:03}") for number in range(count))
    await api.dependencies.store.put_doctors([replace(each, **fields) for each in them])

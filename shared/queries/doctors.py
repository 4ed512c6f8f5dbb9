"""All doctors, one page after the other, for the commands of an operator."""

from collections.abc import AsyncIterator

from shared.model.doctor import Doctor
from shared.store.port import Store

PAGE_SIZE = 200


async def all_doctors(store: Store, service_id: str | None = None) -> AsyncIterator[Doctor]:
    """Yield all doctors of a store, retired ones too, ordered by id.

    With `service_id` only those who are not retired and offer that service.
    """
    after = ""
    while page := await store.list_doctors(PAGE_SIZE, after, service_id):
        for doctor in page:
            yield doctor
        after = page[-1].id

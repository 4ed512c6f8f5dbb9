"""What every store promises of doctors and of the clinic: by id, by page, by service."""

from typing import Any

from msgspec.structs import replace

from shared.model.doctor import Doctor
from shared.store.port import Store
from shared.store.usage import StoreUsage, charged_to
from tests.builders import doctor


def offering(doctor_id: str, *services: str) -> Doctor:
    return replace(doctor(doctor_id=doctor_id), services=frozenset(services))


async def listed(store: Store, service_id: str | None = None) -> list[str]:
    return [found.id for found in await store.list_doctors(100, service_id=service_id)]


async def test_doctors_are_found_by_id_as_they_were_put_and_those_of_no_document_are_left_out(
    store: Store, rival: Store
) -> None:
    away = replace(doctor(doctor_id="who"), retired=True)
    house = offering("house", "x-ray", "check-up")
    await store.put_doctors([doctor(), away, house, doctor(doctor_id="other")])
    found = await rival.doctors(["who", "strange", "nobody", "house", "strange"])
    assert found == {"strange": doctor(), "who": away, "house": house}


async def test_ids_that_no_doctor_can_have_are_of_nobody(store: Store) -> None:
    await store.put_doctors([doctor()])
    assert await store.doctors([".", "..", "__all__", "-", "", "strange"]) == {"strange": doctor()}
    assert await store.doctors(["..", "__all__"]) == {}
    assert await store.doctors([]) == {}


async def test_doctors_are_listed_in_order_of_their_ids_page_by_page_retired_ones_too(
    store: Store,
) -> None:
    ids = ["a", "a-", "a.b", "b", "c1", "c10", "c2"]
    retired = [replace(doctor(doctor_id=each), retired=each == "b") for each in ids]
    await store.put_doctors(retired[::-1])
    assert await listed(store) == ids
    pages, after = [], ""
    while page := await store.list_doctors(3, after):
        pages.append([found.id for found in page])
        after = page[-1].id
    assert pages == [["a", "a-", "a.b"], ["b", "c1", "c10"], ["c2"]]
    # The id behind which a page begins may have gone meanwhile.
    assert [found.id for found in await store.list_doctors(2, "b0")] == ["c1", "c10"]


async def test_doctors_are_listed_by_service_with_those_who_offer_all_and_without_retired_ones(
    store: Store,
) -> None:
    everything = doctor(doctor_id="everything")
    retired = [
        replace(offering("gone", "x-ray"), retired=True),
        replace(doctor(doctor_id="went"), retired=True),
    ]
    await store.put_doctors(
        [offering("zoe", "x-ray"), offering("both", "x-ray", "check-up"), everything, *retired]
    )
    await store.put_doctors([offering("none"), offering("checks", "check-up")])
    assert await listed(store, "x-ray") == ["both", "everything", "zoe"]
    assert await listed(store, "check-up") == ["both", "checks", "everything"]
    assert await listed(store, "massage") == ["everything"]
    first = await store.list_doctors(2, service_id="x-ray")
    assert [found.id for found in first] == ["both", "everything"]
    assert await store.list_doctors(2, "everything", "x-ray") == [offering("zoe", "x-ray")]


async def test_a_doctor_is_found_by_the_services_of_the_last_change(
    store: Store, rival: Store
) -> None:
    await store.put_doctors([doctor()])
    changes: list[tuple[Doctor, list[str], list[str]]] = [
        (offering("strange", "x-ray"), ["strange"], []),
        (offering("strange", "check-up"), [], ["strange"]),
        (replace(offering("strange", "check-up"), retired=True), [], []),
        (offering("strange", "check-up"), [], ["strange"]),
        (doctor(), ["strange"], ["strange"]),
        (offering("strange"), [], []),
    ]
    for changed, by_x_ray, by_check_up in changes:
        await store.put_doctors([changed])
        assert await listed(rival, "x-ray") == by_x_ray
        assert await listed(rival, "check-up") == by_check_up
        assert await rival.doctors(["strange"]) == {"strange": changed}


async def test_to_read_doctors_by_id_counts_each_and_to_list_them_counts_those_found(
    store: Store,
) -> None:
    await store.put_doctors([doctor(), doctor(doctor_id="who")])
    usage = StoreUsage()
    with charged_to([usage]):
        await store.doctors(["strange", "who", "nobody"])
        assert usage.reads == 3
        await store.list_doctors(1)
        await store.list_doctors(10, "strange")
        assert usage.reads == 5


CLINIC: dict[str, Any] = {
    "policy": {"notice_minutes": 60, "service_required": True},
    "closed": [{"start": "2026-12-24", "end": "2026-12-26", "name": "Weihnachten \N{BELL}"}],
    "services": [{"id": "x-ray", "name": "X-ray", "duration_minutes": 20, "policy": {}}],
}


async def test_what_is_true_of_the_clinic_is_read_as_it_was_put_and_replaced_whole(
    store: Store, rival: Store
) -> None:
    assert await store.clinic() == {}
    await store.put_clinic(CLINIC)
    assert await rival.clinic() == CLINIC
    await rival.put_clinic({"services": [], "time_zone": None, "version": 1.5})
    assert await store.clinic() == {"services": [], "time_zone": None, "version": 1.5}
    await store.put_clinic({})
    assert await rival.clinic() == {}

"""The erasure of a patient's account, beside rivals that change it meanwhile."""

from collections.abc import Collection, Mapping
from random import Random

import pytest
from msgspec.structs import replace

from shared.directory.doctor_cache import DoctorCache
from shared.model.doctor import Doctor
from shared.model.patient_schedule import PatientSchedule
from shared.rules.existing import Doctors
from shared.store.port import Stored, StoreUnavailable, VersionConflict
from shared.transactions import erasure as transactions_erasure
from shared.transactions.erasure import Erasure
from tests.builders import appointment, at, doctor, owned, patient, schedule, schedule_of
from tests.scripted_store import ScriptedStore, after, instance, prompt

ADA = patient("ada")
NOW = at("2026-11-20T09:00Z")
HERS = owned(appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "strange.20261123.a"), ADA)
BOOKED = schedule_of(ADA, HERS)
KEY = BOOKED.key


class Erasing(ScriptedStore):
    """A store that knows Ada's appointment, her schedule, and what it was told to erase."""

    def __init__(self, of_ada: PatientSchedule | None = BOOKED) -> None:
        super().__init__(schedule("2026-11-23", HERS))
        self.known: Doctors = {"strange": doctor()}
        self.erased: list[set[str]] = []
        if of_ada:
            self.put_patient(of_ada)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        return {each: self.known[each] for each in ids if each in self.known}

    async def erase(
        self, appointment_ids: Collection[str], patient: Stored[PatientSchedule] | None = None
    ) -> None:
        assert patient
        await self.call("commit", [], self._erase, appointment_ids, patient)

    def _erase(self, appointment_ids: Collection[str], patient: Stored[PatientSchedule]) -> None:
        if self.patients[KEY].version != patient.version:
            raise VersionConflict
        del self.patients[KEY]
        self.erased.append(set(appointment_ids))


def erasure(store: Erasing) -> Erasure:
    jitter = Random(0)  # noqa: S311 - it is no secret
    return Erasure(store, instance(store), DoctorCache(store), jitter)


async def test_the_account_is_marked_first_and_goes_last() -> None:
    store = Erasing()
    assert await erasure(store).erase_account(KEY, NOW) == 1
    assert (store.patients, store.erased) == ({}, [{HERS.id}])
    assert store.ids() == []
    assert store.commits == 3  # The mark, the day, the rest.


async def test_all_are_erased_however_few_are_erased_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transactions_erasure, "MOST_AT_ONCE", 1)
    other = owned(appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261124.b"), ADA)
    store = Erasing(schedule_of(ADA, HERS, other))
    store.put(schedule("2026-11-24", other))
    assert await erasure(store).erase_account(KEY, NOW) == 2
    assert store.ids() == []


async def test_of_one_who_is_not_known_nothing_is_written() -> None:
    store = Erasing(None)
    assert await erasure(store).erase_account(KEY, NOW) == 0
    assert store.commits == 0


async def test_a_mark_that_meets_a_booking_is_set_on_what_was_booked() -> None:
    store = Erasing()
    later = owned(appointment("2026-11-23T11:00Z", "2026-11-23T12:00Z", "strange.20261123.b"), ADA)

    def book() -> None:
        store.put(schedule("2026-11-23", HERS, later))
        store.put_patient(schedule_of(ADA, HERS, later))

    store.on_commit.append(after(book))
    assert await erasure(store).erase_account(KEY, NOW) == 2
    assert store.erased == [{HERS.id, later.id}]


async def test_what_another_request_has_let_go_of_meanwhile_is_left_to_it() -> None:
    store = Erasing(replace(BOOKED, erasing=True))
    # The mark is read; then the other request ends, and Ada books again.
    store.on_load += [prompt, after(lambda: store.put_patient(BOOKED))]
    assert await erasure(store).erase_account(KEY, NOW) == 0
    assert store.ids() == [HERS.id]
    assert store.patients[KEY].value == BOOKED


async def test_what_was_booked_and_marked_since_is_erased_too() -> None:
    """Others have let the account go; the patient has booked, and asked for an erasure again."""
    store = Erasing()
    later = owned(appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261124.b"), ADA)

    def book_and_mark() -> None:
        store.put(schedule("2026-11-24", later))
        store.put_patient(replace(schedule_of(ADA, HERS, later), erasing=True))

    store.on_commit += [prompt, after(book_and_mark)]
    assert await erasure(store).erase_account(KEY, NOW) == 2
    assert (store.patients, store.erased) == ({}, [{HERS.id, later.id}])
    assert store.ids() == []


async def test_an_account_that_changes_at_the_last_moment_is_read_again() -> None:
    store = Erasing()
    erasing = replace(BOOKED, appointments=(), erasing=True)
    store.on_commit += [prompt, prompt, after(lambda: store.put_patient(erasing))]
    assert await erasure(store).erase_account(KEY, NOW) == 1
    assert store.patients == {}
    assert store.commits == 4


async def test_an_account_that_is_back_at_the_last_moment_is_left_alone() -> None:
    store = Erasing()
    new = PatientSchedule(KEY)
    store.on_commit += [prompt, prompt, after(lambda: store.put_patient(new))]
    assert await erasure(store).erase_account(KEY, NOW) == 1
    assert store.patients[KEY].value == new
    assert store.erased == []


async def test_an_appointment_that_cannot_be_erased_does_not_pass_for_erased() -> None:
    store = Erasing()
    store.known = {}
    with pytest.raises(StoreUnavailable, match="the doctor strange is new, or was deleted"):
        await erasure(store).erase_account(KEY, NOW)
    assert store.patients[KEY].value.erasing
    assert store.erased == []


async def test_an_appointment_that_is_not_there_any_more_does_not_count() -> None:
    store = Erasing()
    store.days.clear()
    assert await erasure(store).erase_account(KEY, NOW) == 0
    assert store.erased == [{HERS.id}]

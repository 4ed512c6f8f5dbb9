"""The erasure of a patient's account, beside rivals that change it meanwhile."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY as STAFF
from shared.access.caller import Caller
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_history import PastAppointment
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.rules.erasing import ERASED
from shared.rules.refusals import TooManyErasures
from shared.store.port import Stored, StoreRefused, StoreUnavailable, VersionConflict
from shared.transactions import erasure as transactions_erasure
from shared.transactions.erasure import Erasure
from tests.builders import appointment, at, doctor, owned, patient, schedule, schedule_of
from tests.scripted_store import ScriptedStore, after, fails_for_good, instance, prompt

ADA = patient("ada")
NOW = at("2026-11-20T09:00Z")
HERS = owned(appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "strange.20261123.a"), ADA)
BOOKED = schedule_of(ADA, HERS)
KEY = BOOKED.key
DAY, AFTER = timedelta(days=1), at("2026-12-20T09:00Z")
T = TypeVar("T")
LOST = "strange.20261123.z"


async def conflicts(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """A document has changed."""
    raise VersionConflict


def bare(name: str) -> Appointment:
    """An appointment that was erased yesterday."""
    made = appointment("2026-01-01T09:00Z", "2026-01-01T10:00Z", name)
    return made._replace(patient=ERASED, cancelled_at=NOW - DAY, updated_at=NOW - DAY)


class Erasing(ScriptedStore):
    """A store that knows Ada's appointment and her schedule, and notes what it lets go of."""

    def __init__(self, of_ada: PatientSchedule | None = BOOKED) -> None:
        super().__init__(schedule("2026-11-23", HERS))
        self.known: dict[str, Doctor] = {"strange": doctor()}
        self.erased: list[set[str]] = []
        self.done: list[str] = []
        if of_ada:
            self.put_patient(of_ada)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        return {each: self.known[each] for each in ids if each in self.known}

    async def erase_records(self, ids: Collection[str]) -> None:
        await self.call("commit", [], self.erased.append, set(ids))

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        await self.call("commit", [], self._erase_patient, read, rest)

    async def end_views(self) -> None:
        await self.call("commit", [], self.done.append, "views")

    def _erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        if self.patients[KEY].version != read.version:
            raise VersionConflict
        self.done.append("account")
        del self.patients[KEY]
        self.histories.pop(KEY, None)
        if rest != NOTHING:
            self.put_patient(rest)

    def history(self) -> list[str]:
        """The ids in Ada's history."""
        return sorted(self.histories.get(KEY, {}))


NOTHING = PatientSchedule(KEY)
COUNTED = PatientSchedule(KEY, changed_at=(NOW,), erased_at=(NOW,))
"""What stays of her after an erasure of her own."""


def erasure(store: Erasing) -> Erasure:
    jitter = Random(0)  # noqa: S311 - it is no secret
    return Erasure(store, instance(store), DoctorCache(store), jitter)


async def erased(store: Erasing, by: Caller = ADA, now: datetime = NOW) -> int | TooManyErasures:
    return await erasure(store).erase_account(KEY, by, now)


def past(store: Erasing, count: int) -> list[str]:
    """Let Ada have cancelled appointments on as many days; return their ids."""
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(count)]
    made = [
        appointment(f"{day}T09:00Z", f"{day}T10:00Z", f"strange.{day.replace('-', '')}.x")
        for day in days
    ]
    for each in made:
        cancelled = owned(each, ADA)._replace(cancelled_at=NOW - DAY)
        store.put_elsewhere(ElsewhereKey("strange", each.id), cancelled)
    history = {each.id: PastAppointment.of(each) for each in made}
    store.histories.setdefault(KEY, {}).update(history)
    return list(history)


async def test_the_account_is_marked_first_and_goes_last() -> None:
    store = Erasing()
    assert await erased(store, STAFF) == 1
    assert (store.patients, store.histories) == ({}, {})
    assert (store.erased, store.done) == ([{HERS.id}] * 2, ["views", "account"])
    assert store.ids() == []
    # The mark, the records, the day, the records of what others did meanwhile, the views, the rest.
    assert store.commits == 6


async def test_of_one_s_own_erasure_the_instants_stay_that_limits_count() -> None:
    store, before = Erasing(), NOW - timedelta(hours=5)
    store.put_patient(replace(BOOKED, changed_at=(NOW - DAY, before), erased_at=(before,)))
    assert await erased(store) == 1
    kept = PatientSchedule(KEY, changed_at=(before, NOW), erased_at=(before, NOW))
    assert store.patients[KEY].value == kept


async def test_of_an_erasure_by_staff_the_patient_s_own_changes_stay() -> None:
    store = Erasing()
    store.put_patient(replace(BOOKED, changed_at=(NOW - DAY, NOW - timedelta(hours=5))))
    assert await erased(store, STAFF) == 1
    kept = PatientSchedule(KEY, changed_at=(NOW - timedelta(hours=5),))
    assert store.patients[KEY].value == kept


@pytest.mark.parametrize(
    ("most", "erasing"), [(1, False), (1, True), (50, False)], ids=["one", "resumed", "all"]
)
async def test_all_are_erased_however_few_are_erased_at_once(
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    *,
    erasing: bool,
) -> None:
    monkeypatch.setattr(transactions_erasure, "MOST_AT_ONCE", most)
    other = owned(appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261124.b"), ADA)
    store = Erasing(replace(schedule_of(ADA, HERS, other), erasing=erasing))
    store.put(schedule("2026-11-24", other))
    ids = past(store, 3)
    assert await erased(store) == 5
    assert store.ids() == []
    assert set().union(*store.erased) == {HERS.id, other.id, *ids}
    assert {len(some) for some in store.erased} == {min(most, 5)}
    assert store.histories == {}


async def test_where_it_is_cut_off_what_is_erased_is_gone_and_the_next_request_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transactions_erasure, "MOST_AT_ONCE", 2)
    store = Erasing(NOTHING)
    ids = past(store, 6)
    # The mark, then records, two days and records for each two; the store is gone before the last.
    store.on_commit += [*[prompt] * 9, fails_for_good]
    with pytest.raises(StoreRefused):
        await erased(store)
    assert store.history() == ids[4:]
    store.commits, store.erased = 0, []
    assert await erased(store, now=NOW + timedelta(minutes=1)) == 2
    assert store.erased == [set(ids[4:])] * 2
    assert store.commits == 6
    assert store.patients[KEY].value == COUNTED


async def test_records_tell_nothing_before_an_appointment_can_no_longer_be_found() -> None:
    store = Erasing()
    store.on_commit += [prompt, fails_for_good]  # The mark, and the records.
    with pytest.raises(StoreRefused):
        await erased(store)
    assert store.ids() == [HERS.id]
    assert await erased(store) == 1
    assert store.erased == [{HERS.id}] * 2


async def test_records_that_change_meanwhile_are_erased_all_the_same() -> None:
    store = Erasing()
    store.on_commit += [prompt, conflicts, conflicts]
    assert await erased(store) == 1
    assert store.erased == [{HERS.id}] * 2


async def test_what_was_erased_before_or_is_lost_does_not_count_and_is_let_go_of() -> None:
    store = Erasing()
    there, *_ = ids = past(store, 2)
    store.put_elsewhere(ElsewhereKey("strange", there), bare(there))
    odd = PastAppointment("no-id-of-ours", "2020-01", None)
    store.histories[KEY] |= {odd.id: odd, LOST: odd._replace(id=LOST)}
    assert await erased(store) == 2
    assert set().union(*store.erased) == {HERS.id, *ids, odd.id, LOST}
    assert (store.patients[KEY].value, store.histories) == (COUNTED, {})


async def test_what_cannot_be_let_go_of_in_peace_is_found_again() -> None:
    store = Erasing(NOTHING)
    odd = PastAppointment("no-id-of-ours", "2020-01", None)
    store.histories[KEY] = {odd.id: odd}
    # The mark, the records twice; then somebody changes the account, and the next time it works.
    store.on_commit += [prompt, prompt, prompt, conflicts]
    assert await erased(store) == 0
    assert store.histories == {}


async def test_a_start_under_a_wrong_month_is_let_go_of_and_counts_once() -> None:
    store = Erasing(NOTHING)
    (name,) = past(store, 1)
    moved = store.histories[KEY][name]._replace(month="2020-01")
    store.histories[KEY] = {name: moved}
    assert await erased(store) == 1
    assert store.histories == {}


async def test_of_one_who_is_not_known_nothing_is_written() -> None:
    store = Erasing(None)
    assert await erased(store) == 0
    assert store.commits == 0


async def test_where_nothing_is_left_no_view_is_ended_and_what_counts_stays() -> None:
    store = Erasing()
    for _ in range(10):
        await erased(store)
    assert store.done == ["views", "account"]
    assert store.patients[KEY].value == COUNTED
    assert await erased(store, now=NOW + DAY) == 0
    assert store.done == ["views", "account", "account"]
    assert store.patients == {}


async def test_what_counts_no_more_stays_if_somebody_books_at_that_moment() -> None:
    store = Erasing(COUNTED)
    store.on_commit.append(after(lambda: store.put_patient(BOOKED)))
    assert await erased(store, now=NOW + DAY) == 0
    assert store.patients[KEY].value == BOOKED


async def test_a_patient_may_erase_three_times_in_a_day_and_staff_always() -> None:
    store = Erasing()
    hours = [NOW + timedelta(hours=n) for n in range(4)]
    for now in hours[:3]:
        assert isinstance(await erased(store, now=now), int)
        book_again(store)
    assert await erased(store, now=hours[3]) == TooManyErasures(21 * 3600)
    assert not store.patients[KEY].value.erasing
    assert await erased(store, now=NOW + DAY) == 1
    book_again(store)
    assert await erased(store, STAFF, now=NOW + DAY) == 1


async def test_what_was_cut_off_may_be_resumed_however_often_one_has_erased() -> None:
    store, often = Erasing(), (NOW, NOW, NOW)
    store.put_patient(replace(BOOKED, erasing=True, changed_at=often, erased_at=often))
    assert await erased(store) == 1
    assert store.patients[KEY].value.erased_at == often


def book_again(store: Erasing) -> None:
    """Let Ada have her appointment again."""
    there = store.patients[KEY].value
    store.put(schedule("2026-11-23", HERS))
    store.elsewhere.clear()
    store.put_patient(replace(BOOKED, changed_at=there.changed_at, erased_at=there.erased_at))


async def test_a_mark_that_meets_a_booking_is_set_on_what_was_booked() -> None:
    store = Erasing()
    later = owned(appointment("2026-11-23T11:00Z", "2026-11-23T12:00Z", "strange.20261123.b"), ADA)

    def book() -> None:
        store.put(schedule("2026-11-23", HERS, later))
        store.put_patient(schedule_of(ADA, HERS, later))

    store.on_commit.append(after(book))
    assert await erased(store) == 2
    assert store.erased == [{HERS.id, later.id}] * 2


async def test_what_another_request_has_let_go_of_meanwhile_is_left_to_it() -> None:
    store = Erasing(replace(BOOKED, erasing=True))
    # The mark is read, each time with the history; then the other ends, and Ada books again.
    store.on_load += [prompt, prompt, after(lambda: store.put_patient(BOOKED))]
    assert await erased(store) == 0
    assert store.ids() == [HERS.id]
    assert store.patients[KEY].value == BOOKED


async def test_what_another_request_lets_go_of_at_last_is_not_let_go_of_again() -> None:
    store = Erasing(replace(BOOKED, erasing=True))
    store.days.clear()  # No command will find it.
    # The other request ends after the records, and Ada has another appointment.
    new = schedule_of(ADA, HERS._replace(id="new"))
    store.on_commit.append(after(lambda: store.put_patient(new)))
    assert await erased(store) == 0
    assert store.patients[KEY].value == new


async def test_what_was_booked_and_marked_since_is_erased_too() -> None:
    """Others have let the account go; the patient has booked, and asked for an erasure again."""
    store = Erasing()
    later = owned(appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261124.b"), ADA)

    def book_and_mark() -> None:
        store.put(schedule("2026-11-24", later))
        store.put_patient(replace(schedule_of(ADA, HERS, later), erasing=True))

    store.on_commit += [prompt, after(book_and_mark)]
    assert await erased(store, STAFF) == 2
    assert store.patients == {}
    assert set().union(*store.erased) == {HERS.id, later.id}
    assert store.ids() == []


async def test_an_account_that_changes_at_the_last_moment_is_read_again() -> None:
    store = Erasing()
    erasing = replace(BOOKED, appointments=(), erasing=True)
    # The mark, the records, the day, the views.
    store.on_commit += [*[prompt] * 4, after(lambda: store.put_patient(erasing))]
    assert await erased(store, STAFF) == 1
    assert store.patients == {}
    assert store.done == ["views", "views", "account"]


async def test_an_account_that_is_back_at_the_last_moment_is_left_alone() -> None:
    store = Erasing()
    new = PatientSchedule(KEY)
    store.on_commit += [*[prompt] * 4, after(lambda: store.put_patient(new))]
    assert await erased(store) == 1
    assert store.patients[KEY].value == new
    assert store.done == ["views"]


async def test_an_appointment_that_cannot_be_erased_does_not_pass_for_erased() -> None:
    store = Erasing()
    store.known = {}
    with pytest.raises(StoreUnavailable, match="the doctor strange is new, or was deleted"):
        await erasure(store).erase_account(KEY, ADA, NOW)
    assert store.patients[KEY].value.erasing
    assert store.done == []


# Series

NAME = "strange.series.s"
OF_SERIES = HERS._replace(series_id=NAME)


def with_series(*more: Appointment) -> Erasing:
    """A store that knows Ada's appointment as one of a series, and more of them."""
    store = Erasing(schedule_of(ADA, OF_SERIES, *more))
    store.put(schedule("2026-11-23", OF_SERIES))
    for each in more:
        store.put(schedule(f"{each.interval.start:%Y-%m-%d}", each))
    ids = (HERS.id, *(each.id for each in more))
    store.series[NAME] = Series(NAME, "strange", "FREQ=DAILY", "ada", NOW, ids)
    return store


async def test_a_series_is_erased_before_the_appointments_by_which_it_is_found() -> None:
    store = with_series()
    store.on_commit += [prompt, fails_for_good]  # The mark, and the records.
    with pytest.raises(StoreRefused):
        await erased(store)
    assert (store.ids(), store.erased) == ([HERS.id], [])
    store.on_commit += [prompt, fails_for_good]  # The records, and the day.
    with pytest.raises(StoreRefused):
        await erased(store)
    assert await erased(store) == 1
    assert store.erased == [{HERS.id, NAME}, {HERS.id, NAME}, {HERS.id}]


async def test_without_an_account_a_series_is_found_by_what_was_erased_before() -> None:
    store = with_series()
    store.on_commit += [prompt, fails_for_good]
    with pytest.raises(StoreRefused):
        await erasure(store).erase_appointments([HERS.id], NOW)
    assert (store.ids(), store.erased) == ([], [])
    assert await erasure(store).erase_appointments([HERS.id], NOW + DAY) == 0
    assert store.erased == [{HERS.id, NAME}]


LATER = appointment("2026-12-28T09:00Z", "2026-12-28T10:00Z", "strange.20261228.a")
ENDS = at("2026-12-28T10:00Z")


@pytest.mark.parametrize(
    ("now", "ids"),
    [(ENDS - timedelta(microseconds=1), {HERS.id}), (ENDS, {HERS.id, NAME})],
    ids=["it-goes-on", "it-is-over"],
)
async def test_a_series_of_what_is_past_is_erased_once_all_of_it_is(
    now: datetime, ids: set[str]
) -> None:
    store = with_series(owned(LATER, ADA)._replace(series_id=NAME))
    store.on_commit += [fails_for_good]
    with pytest.raises(StoreRefused):
        await erasure(store).erase_past([HERS.id], now)
    assert await erasure(store).erase_past([HERS.id], now) == 1
    assert store.erased == [ids, {HERS.id}]


async def test_what_is_past_of_a_series_that_is_lost_is_erased_with_its_record() -> None:
    store = with_series()
    store.series.clear()
    assert await erasure(store).erase_past([HERS.id], AFTER) == 1
    assert store.erased == [{HERS.id, NAME}, {HERS.id}]


# Without an account


async def test_of_people_without_an_account_records_go_last_as_they_may_change_it_until_then() -> (
    None
):
    store = Erasing()
    store.on_commit += [prompt, fails_for_good]
    with pytest.raises(StoreRefused):
        await erasure(store).erase_appointments([HERS.id], NOW)
    assert store.ids() == []
    assert await erasure(store).erase_appointments([HERS.id, HERS.id], NOW + DAY) == 0
    assert (store.erased, store.done) == ([{HERS.id}], ["views"])


async def test_of_what_is_past_the_records_go_first_and_the_views_are_not_ended() -> None:
    store = Erasing()
    store.on_commit += [fails_for_good]
    with pytest.raises(StoreRefused):
        await erasure(store).erase_past([HERS.id], AFTER)
    assert store.ids() == [HERS.id]
    assert await erasure(store).erase_past([HERS.id], AFTER) == 1
    assert (store.erased, store.done) == ([{HERS.id}] * 2, [])
    assert (store.patients[KEY].value, store.history()) == (NOTHING, [])


@pytest.mark.parametrize("erasing", [False, True])
async def test_what_counts_no_more_is_forgotten_unless_there_is_anything_else(
    *, erasing: bool
) -> None:
    store = Erasing(COUNTED)
    await erasure(store).forget_erased(KEY, NOW + DAY - timedelta(microseconds=1))
    assert store.patients[KEY].value == COUNTED
    for kept in (BOOKED, replace(COUNTED, erasing=True)):
        store.put_patient(replace(kept, erasing=erasing or kept.erasing))
        await erasure(store).forget_erased(KEY, NOW + DAY)
        assert store.patients[KEY].value.appointments == kept.appointments
    store.put_patient(COUNTED)
    past(store, 1)
    await erasure(store).forget_erased(KEY, NOW + DAY)
    assert len(store.history()) == 1
    store.histories.clear()
    await erasure(store).forget_erased(KEY, NOW + DAY)
    assert store.patients == {}
    await erasure(store).forget_erased(KEY, NOW + DAY)
    assert store.done == ["account"]

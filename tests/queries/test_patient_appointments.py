"""The appointments of an account, from its schedule and its history: what is read, and when."""

from collections.abc import Sequence
from datetime import date

import pytest

from shared.model.appointment import Appointment
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.queries.paging import Position
from shared.queries.patient_appointments import PatientQuery, export_page, list_patient
from tests.builders import appointment, at, owned, patient, schedule, schedule_of, span
from tests.scripted_store import ScriptedStore
from tests.simulated_store import View

ADA = patient("ada")
NOW = at("2027-03-10T12:00Z")


def hers(start: str, end: str, token: str, *, cancelled: bool = False) -> Appointment:
    """An appointment of Ada's that was born on the day of its start."""
    name = f"strange.{start[:10].replace('-', '')}.{token}"
    return owned(appointment(start, end, name, cancelled=cancelled), ADA)


NIGHT = hers("2026-11-30T23:00Z", "2026-12-01T01:00Z", "night")
DECEMBER = hers("2026-12-07T09:00Z", "2026-12-07T10:00Z", "december")
CANCELLED = hers("2026-12-08T09:00Z", "2026-12-08T10:00Z", "cancelled", cancelled=True)
FEBRUARY = hers("2027-02-01T09:00Z", "2027-02-01T10:00Z", "february")
AHEAD = hers("2027-03-11T09:00Z", "2027-03-11T10:00Z", "ahead")
GIVEN_UP = hers("2027-05-31T09:00Z", "2027-05-31T10:00Z", "given0up", cancelled=True)
FAR = hers("2027-07-01T09:00Z", "2027-07-01T10:00Z", "far")
PAST = (FEBRUARY, GIVEN_UP, CANCELLED, DECEMBER, NIGHT)


class Months(ScriptedStore):
    """A store that notes which months of a history are asked for."""

    def __init__(self) -> None:
        days = {a.interval.start.date().isoformat(): a for a in (*PAST, AHEAD, FAR)}
        super().__init__(
            *(schedule(day, a) for day, a in days.items() if a.status == "booked"),
            # It crosses midnight, so it stands on both days.
            schedule("2026-12-01", NIGHT),
        )
        for ended in (CANCELLED, GIVEN_UP):
            self.put_elsewhere(ElsewhereKey("strange", ended.id), ended)
        self.asked: list[str] = []
        key = schedule_of(ADA).key
        self.histories[key] = {a.id: PastAppointment.of(a) for a in PAST}
        self.schedule = schedule_of(ADA, AHEAD, FAR)

    def snapshot(self, instant: object = None) -> "NotingView":
        assert instant is None
        return NotingView(self)


class NotingView(View):
    """A view that notes which months are asked for."""

    def __init__(self, store: Months) -> None:
        super().__init__(store)
        self._months = store

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        self._months.asked.append(f"{first:%y-%m}..{last:%y-%m}")
        return await super().history(patient, first, last)


def made() -> Months:
    """A store with Ada's schedule."""
    store = Months()
    store.put_patient(store.schedule)
    return store


async def listed(
    store: Months,
    window: Interval,
    *,
    with_cancelled: bool = False,
    size: int = 100,
    after: Position | None = None,
) -> list[str]:
    query = PatientQuery(store.schedule.key, window, with_cancelled, size, NOW, after)
    page = await list_patient(store.snapshot(), store, query)
    if page.next_position is not None:
        assert page.next_position == page.entries[-1].position
    return [a.id.rpartition(".")[2] for a in page.entries]


YEAR = span("2026-12-01T00:00Z", "2027-12-01T00:00Z")


@pytest.mark.parametrize(
    ("start", "end", "with_cancelled", "ids", "months"),
    [
        pytest.param(
            *("2026-12-01T00:00Z", "2027-12-01T00:00Z", True),
            "night december cancelled february ahead given0up far",
            "26-11..26-11 26-12..27-01 27-02..27-05 27-06..27-09 27-10..27-12",
            id="a-year-of-all",
        ),
        pytest.param(
            *("2026-12-01T00:00Z", "2027-12-01T00:00Z", False),
            "night december february ahead far",
            "26-11..26-11 26-12..27-01 27-02..27-03",
            id="what-is-booked-and-past-started-before-now",
        ),
        pytest.param(
            *("2026-12-01T01:00Z", "2026-12-08T00:00Z", True),
            *("december", "26-11..26-11 26-12..26-12"),
            id="what-ends-at-the-start-is-out",
        ),
        pytest.param(
            *("2027-03-09T13:00Z", "2027-07-02T00:00Z", False),
            *("ahead far", ""),
            id="what-may-have-left-since-yesterday-has-not",
        ),
        pytest.param(
            *("2027-03-09T12:59Z", "2027-07-02T00:00Z", False),
            *("ahead far", "27-03..27-03"),
            id="before-that-it-may-have-left",
        ),
    ],
)
async def test_the_history_is_read_where_it_may_hold_what_is_asked_for(
    start: str, end: str, *, with_cancelled: bool, ids: str, months: str
) -> None:
    store = made()
    assert await listed(store, span(start, end), with_cancelled=with_cancelled) == ids.split()
    assert store.asked == months.split()


async def test_of_the_history_no_more_is_read_than_a_page_needs() -> None:
    store = made()
    assert await listed(store, YEAR, with_cancelled=True, size=2) == ["night", "december"]
    assert store.asked == ["26-11..26-11", "26-12..27-01"]


async def every_page(store: Months, size: int, *, with_cancelled: bool) -> list[str]:
    """The ids of all pages, one after the other, each of which but the last is full."""
    found: list[str] = []
    after: Position | None = None
    while True:
        query = PatientQuery(store.schedule.key, YEAR, with_cancelled, size, NOW, after)
        page = await list_patient(store.snapshot(), store, query)
        found += [a.id.rpartition(".")[2] for a in page.entries]
        after = page.next_position
        if after is None:
            return found
        assert len(page.entries) == size


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("of_before", [(), PAST[:2], PAST[1:4], PAST], ids=len)
@pytest.mark.parametrize("with_cancelled", [False, True])
async def test_pages_together_are_the_whole_list_whatever_starts_are_known(
    of_before: Sequence[Appointment], size: int, *, with_cancelled: bool
) -> None:
    store = made()
    history = store.histories[store.schedule.key]
    for each in of_before:
        history[each.id] = history[each.id]._replace(start=None)
    booked = ["night", "december", "february", "ahead", "far"]
    everything = ["night", "december", "cancelled", "february", "ahead", "given0up", "far"]
    found = await every_page(store, size, with_cancelled=with_cancelled)
    assert found == (everything if with_cancelled else booked)


async def test_two_that_start_together_are_on_pages_of_their_own() -> None:
    store = made()
    twin = hers("2026-12-08T09:00Z", "2026-12-08T10:00Z", "another", cancelled=True)
    store.put_elsewhere(ElsewhereKey("strange", twin.id), twin)
    store.histories[store.schedule.key][twin.id] = PastAppointment.of(twin)
    found = await every_page(store, 1, with_cancelled=True)
    assert found[1:5] == ["december", "another", "cancelled", "february"]


@pytest.mark.parametrize(("size", "looked_up"), [(1, 2), (5, 6), (30, 40), (100, 60)])
async def test_only_what_a_page_shows_is_looked_up_however_much_a_month_holds(
    size: int, looked_up: int
) -> None:
    store = made()
    many = [
        hers(
            f"2026-12-{1 + n // 6:02}T{9 + n % 6:02}:00Z", f"2026-12-{1 + n // 6:02}T20:00Z", f"{n}"
        )
        for n in range(60)
    ]
    for n, each in enumerate(many):
        gone = each._replace(id=f"d{n}.{each.interval.start:%Y%m%d}.x", cancelled_at=NOW)
        store.put_elsewhere(ElsewhereKey(f"d{n}", gone.id), gone)
        many[n] = gone
    key = store.schedule.key
    store.histories[key] = {each.id: PastAppointment.of(each) for each in many}
    query = PatientQuery(key, YEAR, True, size, NOW)  # noqa: FBT003
    page = await list_patient(store.snapshot(), store, query)
    assert list(page.entries[:60]) == many[:size]
    assert len(store.read) == looked_up


async def test_a_later_page_begins_where_the_last_one_ended() -> None:
    store = made()
    rest = await listed(store, YEAR, with_cancelled=True, after=FEBRUARY.position)
    assert rest == ["ahead", "given0up", "far"]
    assert store.asked[0] == "27-02..27-02"
    store.asked.clear()
    assert await listed(store, YEAR, after=AHEAD.position) == ["far"]
    assert store.asked == []


async def test_what_is_erased_already_belongs_to_nobody() -> None:
    store = made()
    store.put(schedule("2026-12-07", DECEMBER._replace(owner=None)))
    found = await listed(store, YEAR, with_cancelled=True)
    assert found == ["night", "cancelled", "february", "ahead", "given0up", "far"]
    page = await export_page(store.snapshot(), store, store.schedule.key, 100, None)
    assert DECEMBER.id not in [a.id for a in page.entries]
    assert len(page.entries) == 6


@pytest.mark.parametrize(
    ("size", "pages"),
    [
        (7, ["night december cancelled february ahead given0up far"]),
        (4, ["night december cancelled february", "ahead given0up far"]),
    ],
)
async def test_an_export_goes_on_until_there_is_no_more(size: int, pages: list[str]) -> None:
    store, after, found = made(), None, []
    while True:
        page = await export_page(store.snapshot(), store, store.schedule.key, size, after)
        found.append(" ".join(a.id.rpartition(".")[2] for a in page.entries))
        after = page.next_position
        if after is None:
            break
    assert found == pages


async def test_what_happened_at_the_clinic_does_not_take_it_from_the_list() -> None:
    store = made()
    store.schedule = store.schedule.with_appointment(AHEAD._replace(mark="no_show"))
    store.put_patient(store.schedule)
    store.put(schedule("2027-02-01", FEBRUARY._replace(mark="fulfilled")))
    assert await listed(store, YEAR) == ["night", "december", "february", "ahead", "far"]

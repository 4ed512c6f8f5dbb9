"""Booking a series at once: all of it or what can be, and why each of the others cannot."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.documents import Documents
from shared.model.hold import holder_of
from shared.model.policy import Policy
from shared.model.series import Series, Skipped
from shared.rules.availability import TERMS, Booking, Terms
from shared.rules.outcomes import AlreadyApplied, BookedSeries, Decision, NeedsDocuments
from shared.rules.refusals import BeingErased, SeriesUnavailable, TooLongSeries, TooManyAhead
from shared.rules.series import Occasion, SeriesRequest, book_series
from tests.builders import (
    appointment,
    at,
    doctor,
    documents,
    key,
    off,
    owned,
    patient,
    schedule,
    schedule_of,
    with_overrides,
)

NOW = at("2026-11-20T12:00Z")
MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
DAYS = (MON, TUE, WED)
ADA = patient("ada")
NAME = "strange.series.a"
ROUND_THE_CLOCK = doctor((("00:00", "24:00"),))


def name_of(day: str) -> str:
    return f"strange.{day.replace('-', '')}.a"


def occasion(
    day: str,
    times: str = "10:00-11:00",
    by: Caller = ANYBODY,
    terms: Terms = TERMS,
    *,
    exists: bool = True,
) -> Occasion:
    """An occurrence on a day."""
    start, end = (f"{day}T{time}Z" for time in times.split("-"))
    plain = appointment(start, end, name_of(day))._replace(series_id=NAME)
    wish = owned(plain, by) if by.patient else plain
    local = datetime.fromisoformat(start).replace(tzinfo=None)
    return Occasion(local, Booking(doctor(), wish, by, terms), exists)


def request(*occasions: Occasion, skip: bool = False, by: Caller = ANYBODY) -> SeriesRequest:
    rule, holder = f"FREQ=DAILY;COUNT={len(occasions)}", holder_of(NAME, by.patient)
    series = Series(NAME, "strange", rule, holder, NOW, ())
    return SeriesRequest(series, occasions, all_or_nothing=not skip)


def three(by: Caller = ANYBODY, terms: Terms = TERMS, *, skip: bool = False) -> SeriesRequest:
    """A series of three days."""
    return request(*(occasion(day, by=by, terms=terms) for day in DAYS), skip=skip, by=by)


def found(*days: DaySchedule, hers: tuple[Appointment, ...] | None = None) -> Documents:
    """The three days, of which these are not empty, and maybe Ada's appointments."""
    there = {day.key: day for day in (*map(schedule, DAYS), *days)}
    return documents(*there.values(), patients=[] if hers is None else [schedule_of(ADA, *hers)])


def taken(day: str) -> DaySchedule:
    return schedule(day, appointment(f"{day}T10:30Z", f"{day}T11:30Z", "taken"))


def codes(decision: Decision) -> list[tuple[str, str]]:
    """The days that are unavailable, and why."""
    outcome = decision[1]
    if isinstance(outcome, BookedSeries):
        return [(f"{each.local:%Y-%m-%d}", each.code) for each in outcome.series.skipped]
    assert isinstance(outcome, SeriesUnavailable)
    return [(f"{each.local:%Y-%m-%d}", each.code) for each in outcome.unavailable]


def test_a_series_is_booked_on_all_its_days_at_once_and_names_its_appointments() -> None:
    changes, outcome = book_series(found(), three(), NOW)
    assert isinstance(outcome, BookedSeries)
    assert [a.id for a in outcome.appointments] == [name_of(day) for day in DAYS]
    assert {a.series_id for a in outcome.appointments} == {NAME}
    assert outcome.series.appointment_ids == tuple(name_of(day) for day in DAYS)
    assert changes.series == outcome.series
    assert {str(k.day): d.appointments for k, d in changes.days.items()} == {
        day: (a,) for day, a in zip(DAYS, outcome.appointments, strict=True)
    }


def test_one_that_is_taken_is_named_and_nothing_is_booked() -> None:
    changes, outcome = book_series(found(taken(TUE)), three(), NOW)
    assert not changes.change_anything
    assert isinstance(outcome, SeriesUnavailable)
    assert outcome.asked == 3
    (unavailable,) = outcome.unavailable
    assert (unavailable.start, unavailable.code) == (at(f"{TUE}T10:00Z"), "slot_taken")


def test_what_is_skipped_is_checked_by_the_commit_too() -> None:
    changes, outcome = book_series(found(taken(TUE)), three(skip=True), NOW)
    assert isinstance(outcome, BookedSeries)
    local, start = datetime.fromisoformat(f"{TUE}T10:00"), at(f"{TUE}T10:00Z")
    assert outcome.series.skipped == (Skipped(local, start, "slot_taken"),)
    assert outcome.series.appointment_ids == (name_of(MON), name_of(WED))
    assert changes.days[key(TUE)] == taken(TUE)


def test_where_nothing_can_be_booked_it_is_refused_though_the_rest_may_be_skipped() -> None:
    there = found(*(taken(day) for day in DAYS))
    assert codes(book_series(there, three(skip=True), NOW)) == [(d, "slot_taken") for d in DAYS]


def test_each_is_refused_for_its_own_reason() -> None:
    away = with_overrides(schedule(TUE), off(f"{TUE}T00:00Z", f"{WED}T00:00Z"))
    hers = appointment(f"{WED}T10:00Z", f"{WED}T10:01Z", "hers", doctor_id="who")
    wanted = request(
        occasion("2026-11-19", by=ADA),
        occasion("2026-11-21", by=ADA),
        *(occasion(day, by=ADA) for day in DAYS),
        occasion("2026-12-01", by=ADA, terms=Terms(Policy(horizon=timedelta(days=9)))),
        by=ADA,
    )
    more = [schedule("2026-11-19"), schedule("2026-11-21"), schedule("2026-12-01")]
    assert codes(book_series(found(taken(MON), away, *more, hers=(hers,)), wanted, NOW)) == [
        ("2026-11-19", "in_the_past"),
        ("2026-11-21", "outside_working_hours"),
        (MON, "slot_taken"),
        (TUE, "time_off"),
        (WED, "patient_busy"),
        ("2026-12-01", "too_late"),
    ]


def test_a_time_that_the_clocks_skip_is_named_in_its_place_and_never_moved() -> None:
    wanted = request(occasion(MON), occasion(TUE, exists=False), occasion(WED), skip=True)
    changes, outcome = book_series(found(), wanted, NOW)
    assert isinstance(outcome, BookedSeries)
    local = datetime.fromisoformat(f"{TUE}T10:00")
    assert outcome.series.skipped == (Skipped(local, None, "nonexistent_local_time"),)
    assert not changes.days[key(TUE)].appointments
    refused = book_series(found(), replace(wanted, all_or_nothing=True), NOW)
    assert codes(refused) == [(TUE, "nonexistent_local_time")]


def test_one_occurrence_may_be_in_the_way_of_the_next() -> None:
    whole_days = [occasion(day, "00:00-23:30").booking for day in (MON, TUE)]
    buffered = [
        Occasion(
            datetime.fromisoformat(MON),
            replace(
                each,
                doctor=ROUND_THE_CLOCK,
                appointment=each.appointment._replace(after=timedelta(hours=1)),
            ),
        )
        for each in whole_days
    ]
    outcome = book_series(found(), request(*buffered, skip=True), NOW)[1]
    assert isinstance(outcome, BookedSeries)
    assert outcome.series.appointment_ids == (name_of(MON),)
    assert [each.code for each in outcome.series.skipped] == ["slot_taken"]


def test_the_schedule_of_its_owner_holds_them_all_as_one_change() -> None:
    changes, outcome = book_series(found(hers=()), three(ADA), NOW)
    assert isinstance(outcome, BookedSeries)
    (hers,) = changes.patients.values()
    assert hers == schedule_of(ADA, *outcome.appointments, changed_at=[NOW])


def test_the_schedule_of_its_owner_is_asked_for() -> None:
    assert ADA.patient
    needed = book_series(found(), three(ADA), NOW)[1]
    assert needed == NeedsDocuments(frozenset(map(key, DAYS)), patients=frozenset({ADA.patient}))


@pytest.mark.parametrize(
    ("most", "if_unavailable", "refusal"),
    [
        pytest.param(4, "refuse", None, id="just-enough"),
        pytest.param(3, "refuse", TooLongSeries(3 * 24 * 3600), id="one-too-many"),
        pytest.param(2, "refuse", TooLongSeries(), id="more-than-ever"),
        pytest.param(3, "skip", None, id="of-those-that-are-free"),
        pytest.param(2, "skip", TooLongSeries(3 * 24 * 3600), id="one-too-many-that-is-free"),
        pytest.param(1, "refuse", TooLongSeries(), id="none-at-all-and-more-than-ever"),
        pytest.param(1, "skip", TooManyAhead(3 * 24 * 3600), id="none-at-all"),
    ],
)
def test_a_patient_books_no_more_ahead_than_the_limit(
    most: int, if_unavailable: str, refusal: TooManyAhead | TooLongSeries | None
) -> None:
    hers = appointment(f"{MON}T11:00Z", f"{MON}T12:00Z", "hers", doctor_id="who")
    terms, skip = Terms(Policy(open_appointments=most)), if_unavailable == "skip"
    there = found(*([taken(WED)] if skip else []), hers=(hers,))
    outcome = book_series(there, three(ADA, terms, skip=skip), NOW)[1]
    if refusal is None:
        assert isinstance(outcome, BookedSeries)
    else:
        assert outcome == refusal


def test_nothing_is_booked_for_an_account_that_is_being_erased() -> None:
    there = found(hers=())
    erasing = {k: replace(p, erasing=True) for k, p in there.patients.items()}
    assert book_series(replace(there, patients=erasing), three(ADA), NOW)[1] == BeingErased()


def test_an_attempt_whose_answer_was_lost_has_booked_it() -> None:
    changes, _ = book_series(found(), three(), NOW)
    assert book_series(changes, three(), NOW) == (Documents(), AlreadyApplied())

"""A series is booked and cancelled as its appointments would be, one after another."""

from collections.abc import Sequence
from datetime import datetime
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment, Mark
from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.doctor_days import day_of
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold import holder_of
from shared.model.interval import Interval
from shared.model.policy import Policy
from shared.model.series import Series
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.cancelling_series import SeriesCancellation, cancel_series
from shared.rules.existing_appointment import Sought
from shared.rules.marking import Marking, mark
from shared.rules.occurrences import Occurrence, occurrences
from shared.rules.outcomes import Accepted, BookedSeries, CancelledSeries, Kept
from shared.rules.recurrence import parse_rule
from shared.rules.refusals import (
    AlreadyCancelled,
    Refusal,
    SeriesUnavailable,
    TooManyRequests,
    UnknownAppointment,
)
from shared.rules.series import Occasion, SeriesRequest, book_series
from shared.rules.window_bounds import start_instant
from tests.builders import ADA, ISSUER, owned
from tests.examples import examples
from tests.rules.changing_calendar import (
    HOUR,
    MIDNIGHT,
    MINUTE,
    NOW,
    ChangingCalendar,
    birth_of,
    changes,
    sought,
)
from tests.rules.clinics import HER, LONG_AGO, SomeClinic, buffers, clinics
from tests.rules.minutes import held_by, minute
from tests.strategies import ALL_DAY, DAY, instants

NAME = "strange.series.a"
MARKS: st.SearchStrategy[Mark | None] = st.sampled_from([None, None, "arrived", "fulfilled"])
WHO = Caller("doctor", ISSUER, "s", frozenset({"who"}))


# Booking


@st.composite
def series_in(draw: st.DrawFn, clinic: SomeClinic, by: Caller) -> SeriesRequest:
    """A daily series of somebody about the dates of a clinic, whatever becomes of it.

    The doctor often works round the clock, and later nothing is booked, so that one occurrence can
    reach the next.
    """
    doctor = clinic.doctors[0]
    if draw(st.integers(0, 3)):
        doctor = replace(doctor, week=(ALL_DAY,) * 7)
    day, count = clinic.dates[1] + draw(st.integers(0, 1)) * 2 * DAY, draw(st.integers(2, 4))
    hers = st.sampled_from([a.interval.start for a in clinic.hers.appointments])
    start = draw(instants(doctor, day) | hers)
    length = draw(st.integers(1, 90) | st.sampled_from([1320, 1439, 1440])) * MINUTE
    before, after = (each * MINUTE for each in draw(buffers()))
    most = draw(st.sampled_from([20, *(max(1, ahead(clinic) + more) for more in (0, 1, 1, 2))]))
    policy = replace(clinic.terms.policy, open_appointments=most)
    terms = replace(clinic.terms, policy=policy)

    def occasion(occurrence: Occurrence) -> Occasion:
        begins = occurrence.instant or start_instant(occurrence.local, doctor.zone)
        name = f"{doctor.id}.{day_of(doctor, begins):%Y%m%d}.n{occurrence.local:%m%d}"
        interval = Interval(begins, begins + length)
        plain = Appointment(name, doctor.id, interval, ADA, LONG_AGO, LONG_AGO)
        one = plain._replace(before=before, after=after, series_id=NAME)
        booking = Booking(doctor, owned(one, by) if by.patient else one, by, terms)
        return Occasion(occurrence.local, booking, occurrence.instant is not None)

    rule = f"FREQ=DAILY;COUNT={count}"
    every = tuple(map(occasion, occurrences(parse_rule(rule), start, doctor.zone)))
    series = Series(NAME, doctor.id, rule, holder_of(NAME, by.patient), clinic.now, ())
    return SeriesRequest(series, every, all_or_nothing=draw(st.booleans()))


def without_limit(booking: Booking) -> Booking:
    """The same booking, however many appointments lie ahead."""
    policy = replace(booking.terms.policy, open_appointments=1000)
    return replace(booking, terms=replace(booking.terms, policy=policy))


def booked_singly(
    clinic: SomeClinic, documents: Documents, occasions: Sequence[Occasion]
) -> tuple[Documents, list[Appointment], list[str]]:
    """The documents then, what is booked, and why the others are not."""
    booked, codes = list[Appointment](), list[str]()
    for occasion in occasions:
        if not occasion.exists:
            codes.append("nonexistent_local_time")
            continue
        changes, outcome = book(documents, without_limit(occasion.booking), clinic.now)
        if isinstance(outcome, Accepted):
            documents = documents.changed(changes)
            booked.append(outcome.appointment)
        else:
            assert isinstance(outcome, Refusal)
            codes.append(outcome.code)
    return documents, booked, codes


@given(st.data())
@examples(40)
def test_a_series_books_what_its_occurrences_would_one_after_another(data: st.DataObject) -> None:
    clinic, by = data.draw(clinics()), data.draw(st.sampled_from([ANYBODY, HER]))
    for request in data.draw(st.lists(series_in(clinic, by), min_size=5, max_size=5)):
        documents = clinic.documents(*request.days)
        singly, booked, codes = booked_singly(clinic, documents, request.occasions)
        changes, outcome = book_series(documents, request, clinic.now)
        count = len(request.occasions) if request.all_or_nothing else max(1, len(booked))
        policy = request.occasions[0].booking.terms.policy
        if by is HER and ahead(clinic) + count > policy.open_appointments:
            assert isinstance(outcome, TooManyRequests)
        elif not booked or (codes and request.all_or_nothing):
            assert isinstance(outcome, SeriesUnavailable)
            assert [each.code for each in outcome.unavailable] == codes
        else:
            assert isinstance(outcome, BookedSeries)
            assert [*outcome.appointments] == booked
            assert [each.code for each in outcome.series.skipped] == codes
        is_booked = isinstance(outcome, BookedSeries)
        assert changes.change_anything is is_booked
        after = singly if is_booked else documents
        assert contents(documents.changed(changes), clinic.now) == contents(after, clinic.now)


def ahead(clinic: SomeClinic) -> int:
    """How many of her appointments hold a minute from now on, the running one among them."""
    now = minute(clinic.now)
    return sum(any(m >= now for m in held_by(a).holds) for a in clinic.hers.appointments)


# Cancelling


@st.composite
def changed_calendars(draw: st.DrawFn) -> ChangingCalendar:
    """A calendar after some changes, of which most lies ahead."""
    calendar = ChangingCalendar()
    for change in draw(st.lists(changes(), min_size=5, max_size=25)):
        calendar.apply(change)
    calendar.now = MIDNIGHT + draw(st.integers(0, 6)) * 12 * HOUR
    return calendar


def everything(calendar: ChangingCalendar, names: Sequence[str]) -> Documents:
    """All documents, those that do not exist too."""
    births = {ElsewhereKey(birth_of(name).doctor_id, name): None for name in names}
    days = {birth_of(name): DaySchedule(birth_of(name)) for name in names}
    elsewhere = {**births, **calendar.elsewhere}
    return Documents({**days, **calendar.days}, elsewhere, calendar.patients)


def marked(documents: Documents, name: str, as_: Mark | None, now: datetime) -> Documents:
    """The documents after an appointment was marked, if it may be."""
    return (
        documents.changed(mark(documents, Marking(sought(name), as_), now)[0]) if as_ else documents
    )


def cancelled_singly(
    documents: Documents, wanted: Sequence[Sought], now: datetime
) -> tuple[Documents, list[Appointment], list[Kept]]:
    """The documents then, what is cancelled, and why the others are not."""
    cancelled, kept = list[Appointment](), list[Kept]()
    for each in wanted:
        changes, outcome = cancel(documents, Cancellation(each, "moved away"), now)
        documents = documents.changed(changes)
        if isinstance(outcome, Accepted | AlreadyCancelled):
            cancelled.append(outcome.appointment)
        elif not isinstance(outcome, UnknownAppointment):
            assert isinstance(outcome, Refusal)
            kept.append(Kept(each.appointment_id, outcome.code))
    return documents, sorted(cancelled, key=lambda a: (a.interval.start, a.id)), kept


@given(st.data(), changed_calendars())
@examples(40)
def test_a_series_cancels_what_its_appointments_would_one_after_another(
    data: st.DataObject, calendar: ChangingCalendar
) -> None:
    now, owner = calendar.now, next(iter(calendar.owners.values()), ANYBODY)
    names = [name for name, by in calendar.owners.items() if by is owner]
    documents = everything(calendar, names)
    for name, as_ in zip(names, data.draw(st.lists(MARKS)), strict=False):
        documents = marked(documents, name, as_, now)
    notice = Policy(cancel_notice=data.draw(st.sampled_from([0, 1, 20])) * HOUR)
    first = [start_of(calendar, name) for name in names[:1]]
    for by, after in product([ANYBODY, owner, WHO], [NOW, now, *first]):
        every = [replace(sought(name, by), clinic=Clinic(notice)) for name in names]
        due = [each for each in every if start_of(calendar, each.appointment_id) >= after]
        singly, cancelled, kept = cancelled_singly(documents, due, now)
        if not every:
            return
        request = SeriesCancellation(tuple(every), by, after, "moved away")
        changes, outcome = cancel_series(documents, request, now)
        assert outcome == CancelledSeries(tuple(cancelled), tuple(kept))
        assert contents(documents.changed(changes), now) == contents(singly, now)


def start_of(calendar: ChangingCalendar, name: str) -> datetime:
    """When an appointment starts by now."""
    return MIDNIGHT + calendar.held[name].when.start * MINUTE


def contents(documents: Documents, now: datetime) -> tuple[object, ...]:
    """What is in the documents, but for how often patients changed anything."""
    there = documents.tidied(now)
    patients = {key: each.appointments for key, each in there.patients.items()}
    elsewhere = {key: found for key, found in there.elsewhere.items() if found}
    return there.days, elsewhere, patients

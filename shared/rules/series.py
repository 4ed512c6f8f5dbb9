"""The decision to book a series of appointments at once."""

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.placement import placed, placement
from shared.model.series import Series, Skipped
from shared.rules.availability import Booking, why_unavailable
from shared.rules.outcomes import AlreadyApplied, BookedSeries, Decision, NeedsDocuments
from shared.rules.patient_limits import counted, why_not_booked
from shared.rules.refusals import Refusal, SeriesUnavailable


class Occasion(Struct, frozen=True):
    """One occurrence of a series, and the booking that it would be.

    `local` is its start on the doctor's wall clock. If it does not `exist` because a change of the
    clocks skips it, the booking begins with that change, and only tells what is free instead.
    """

    local: datetime
    booking: Booking
    exists: bool = True


class SeriesRequest(Struct, frozen=True):
    """A request to book a series, which names no appointments yet: all of it, or what can be.

    All its bookings have one doctor, one caller, one owner and one policy.
    """

    series: Series
    occasions: tuple[Occasion, ...]
    all_or_nothing: bool

    @property
    def days(self) -> frozenset[DayKey]:
        """The doctor-days that any of its appointments would touch with its buffers."""
        return frozenset(day for occasion in self.occasions for day in occasion.booking.days)


class _Progress(Struct):
    """What has become of a series so far, and the documents as they would be."""

    documents: Documents
    touched: set[DayKey] = field(default_factory=set)
    booked: list[Appointment] = field(default_factory=list)
    unavailable: list[Skipped] = field(default_factory=list)


def book_series(documents: Documents, request: SeriesRequest, now: datetime) -> Decision:
    """Decide a series on all the doctor-days that it would touch, and its owner's schedule.

    Each occurrence is decided after those before it are booked. What is skipped is as certain as
    what is booked: the commit checks the days of both.
    """
    booking = request.occasions[0].booking
    owner, arrived_at = booking.appointment.owner, booking.arrived_at or now
    documents = documents.tidied(min(now, arrived_at))
    if any(_is_booked(documents, each.booking) for each in request.occasions):
        return Documents(), AlreadyApplied()
    if owner and owner not in documents.patients:
        return Documents(), NeedsDocuments(frozenset(documents.days), patients=frozenset({owner}))
    at_least = len(request.occasions) if request.all_or_nothing else 1
    if refusal := _why_not_so_many(documents, booking, arrived_at, at_least):
        return Documents(), refusal
    progress = _Progress(documents)
    for occasion in request.occasions:
        _book_one(progress, occasion, now)
    if not progress.booked or (progress.unavailable and request.all_or_nothing):
        unavailable = tuple(progress.unavailable)
        asked = len(request.occasions)
        return Documents(), SeriesUnavailable(booking.doctor, asked, unavailable)
    if refusal := _why_not_so_many(documents, booking, arrived_at, len(progress.booked)):
        return Documents(), refusal
    return _booked(progress, request, arrived_at)


def _is_booked(documents: Documents, booking: Booking) -> bool:
    """Whether an appointment stands on the day of its birth, or is known to have left it."""
    name = booking.appointment.id
    there = documents.days[booking.home].find(name)
    return bool(there or documents.elsewhere.get(ElsewhereKey(booking.doctor.id, name)))


def _why_not_so_many(
    documents: Documents, booking: Booking, arrived_at: datetime, count: int
) -> Refusal | None:
    schedule = documents.schedule_of(booking.appointment)
    return why_not_booked(schedule, booking.caller, arrived_at, booking.terms.policy, count)


def _book_one(progress: _Progress, occasion: Occasion, now: datetime) -> None:
    """Book an occurrence, or note why it cannot be booked."""
    booking, documents = occasion.booking, progress.documents
    appointment = booking.appointment
    progress.touched |= set(booking.days)
    if code := _why_not_this_one(documents, occasion, now):
        start = appointment.interval.start if occasion.exists else None
        progress.unavailable.append(Skipped(occasion.local, start, code))
        return
    changes = placed(documents, None, placement(appointment, booking.home, booking.doctor))
    progress.documents = documents.changed(changes)
    progress.booked.append(appointment)


def _why_not_this_one(documents: Documents, occasion: Occasion, now: datetime) -> str | None:
    """Return the code of what stands in the way of an occurrence, or None."""
    if not occasion.exists:
        return "nonexistent_local_time"
    booking = occasion.booking
    days, schedule = booking.days, documents.schedule_of(booking.appointment)
    refusal = why_unavailable([documents.days[key] for key in days], schedule, booking, now)
    return refusal.code if refusal else None


def _booked(progress: _Progress, request: SeriesRequest, arrived_at: datetime) -> Decision:
    documents, booked = progress.documents, tuple(progress.booked)
    ids = tuple(appointment.id for appointment in booked)
    series = replace(request.series, appointment_ids=ids, skipped=tuple(progress.unavailable))
    changes = Documents(
        {key: documents.days[key] for key in progress.touched},
        patients={a.owner: documents.patients[a.owner] for a in booked[:1] if a.owner},
        series=series,
        appointments=documents.appointments,
    )
    caller = request.occasions[0].booking.caller
    return counted(changes, caller, arrived_at), BookedSeries(series, booked)

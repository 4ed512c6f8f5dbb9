"""The decision to book an appointment."""

from datetime import datetime

from shared.model.documents import Documents
from shared.model.hold import Hold
from shared.model.placement import Placement, placed, placement
from shared.rules.availability import Booking, why_unavailable
from shared.rules.holding import hold_to_book, without_hold, without_notice
from shared.rules.outcomes import Accepted, AlreadyApplied, Decision, NeedsDocuments
from shared.rules.patient_limits import counted, why_not_booked


def book(documents: Documents, booking: Booking, now: datetime) -> Decision:
    """Decide a booking on the doctor-days that it would touch, and its owner's schedule.

    If it is made with a hold, also on those that the hold touches.
    """
    documents = documents.tidied(min(now, booking.arrived_at or now))
    appointment = booking.appointment
    if documents.knows(appointment.id):
        return Documents(), AlreadyApplied()
    after = placement(appointment, booking.home, booking.doctor)
    hold = hold_to_book(documents, booking, now) if booking.hold_id else None
    if not isinstance(hold, Hold | None):
        return Documents(), hold
    if not after.patients <= documents.patients.keys():
        return Documents(), NeedsDocuments(frozenset(documents.days), patients=after.patients)
    return _book(documents, booking, after, hold, now)


def _book(
    documents: Documents, booking: Booking, after: Placement, hold: Hold | None, now: datetime
) -> Decision:
    appointment, caller = booking.appointment, booking.caller
    arrived_at, policy = booking.arrived_at or now, booking.terms.policy
    days, schedule = [documents.days[key] for key in after.days], documents.schedule_of(appointment)
    if hold:
        booking = without_notice(booking, hold)
    refusal = why_not_booked(schedule, caller, arrived_at, policy) or why_unavailable(
        days, schedule, booking, now
    )
    if refusal:
        return Documents(), refusal
    changes = placed(documents, None, after)
    if hold:
        changes = without_hold(documents.changed(changes), changes, booking.doctor, hold)
    return counted(changes, caller, arrived_at), Accepted(appointment)

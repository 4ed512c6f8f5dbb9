"""How much a doctor-day can hold.

Firestore's largest document has 1 MiB (https://firebase.google.com/docs/firestore/quotas). What has
left a day takes no room on it, so only a day of many booked appointments with long texts gets
there.
"""

import msgspec

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule

LARGEST_DAY = 1_000_000
"""In bytes: the limit of 1,048,576 less what the document itself takes."""

APPOINTMENT_BYTES = 600
"""The most that an appointment takes beside its texts: ids, times and the names of its fields."""

SURELY_FIT = 100
"""So many appointments of this version never fill a day, so nobody need weigh them."""


def is_full(day: DaySchedule, wanted: Appointment) -> bool:
    """Whether a day has no room for an appointment, beside the others that it holds.

    There is always room for one that is there already and does not grow.
    """
    before = day.find(wanted.id)
    others = [a for a in day.appointments if a is not before]
    if len(others) < SURELY_FIT and not any(a.unknown_fields for a in (*others, wanted)):
        return False
    if before and weight(wanted) <= weight(before):
        return False
    return sum(map(weight, others)) + weight(wanted) > LARGEST_DAY


def weight(appointment: Appointment) -> int:
    """Return how many bytes of a stored day an appointment takes at the most."""
    texts = msgspec.json.encode([*appointment.patient, appointment.reason])
    return APPOINTMENT_BYTES + len(texts) + len(appointment.unknown_fields or b"")

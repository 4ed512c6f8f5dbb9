"""How much a doctor-day, or the schedule of a patient, can hold.

Firestore's largest document has 1 MiB (https://firebase.google.com/docs/firestore/quotas). What has
left a day or a schedule takes no room there, so only many booked appointments with long texts, or
thousands of overrides, fill one.
"""

from collections.abc import Iterable, Sequence

import msgspec

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.patient_schedule import PatientSchedule

LARGEST_DOCUMENT = 1_000_000
"""In bytes: the limit of 1,048,576 less what the document takes beside its appointments."""

OF_SERVICE_BYTES = 120
"""The most that a service and a mark take beside their texts: buffers, freed time, their names."""

APPOINTMENT_BYTES = 600
"""The most that an appointment takes beside its texts: ids, times and the names of its fields."""

OVERRIDE_BYTES = 500
"""The most that an override takes in the document of a day: its id, its times, their names."""

SURELY_FIT = 100
"""So many entries of this version never fill a document, so nobody need weigh them."""


def is_full(document: DaySchedule | PatientSchedule, wanted: Appointment) -> bool:
    """Whether a document has no room for an appointment, beside the others that it holds.

    There is always room for one that is there already and does not grow.
    """
    before = document.find(wanted.id)
    others = [a for a in document.appointments if a is not before]
    overrides = len(document.overrides) if isinstance(document, DaySchedule) else 0
    if _surely_fit([*others, wanted], overrides):
        return False
    if before and weight(wanted) <= weight(before):
        return False
    return _weight_of_all([*others, wanted], overrides) > LARGEST_DOCUMENT


def has_room_for_override(day: DaySchedule) -> bool:
    """Whether the document of a day has room for one more override."""
    appointments, overrides = day.appointments, len(day.overrides) + 1
    if _surely_fit(appointments, overrides):
        return True
    return _weight_of_all(appointments, overrides) <= LARGEST_DOCUMENT


def _surely_fit(appointments: Sequence[Appointment], overrides: int) -> bool:
    few = len(appointments) + overrides <= SURELY_FIT
    return few and not any(a.unknown_fields for a in appointments)


def _weight_of_all(appointments: Iterable[Appointment], overrides: int) -> int:
    return sum(map(weight, appointments)) + overrides * OVERRIDE_BYTES


def weight(appointment: Appointment) -> int:
    """Return how many bytes of a stored document an appointment takes at the most."""
    service, mark = appointment.service_id, appointment.mark
    texts = msgspec.json.encode([*appointment.patient, appointment.reason, service, mark])
    more = OF_SERVICE_BYTES if service or mark else 0
    return APPOINTMENT_BYTES + more + len(texts) + len(appointment.unknown_fields or b"")

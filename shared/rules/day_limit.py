"""How much a doctor-day, or the schedule of a patient, can hold.

Firestore's largest document has 1 MiB (https://firebase.google.com/docs/firestore/quotas). What has
left a day or a schedule takes no room there, so only many booked appointments with long texts, or
thousands of overrides, fill one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.patient_schedule import PatientSchedule

LARGEST_DOCUMENT = 1_030_000
"""In bytes: the limit of 1,048,576 less what the document takes beside its appointments."""

OF_SERVICE_BYTES = 170
"""The most that service, mark and series take beside their texts: buffers, freed time, names."""

APPOINTMENT_BYTES = 660
"""The most that an appointment takes beside its texts: ids, times (twice: a search has its own
text of them) and the names of its fields."""

OVERRIDE_BYTES = 600
"""The most that an override takes in the document of a day: its id, its times, their names."""

HOLD_BYTES = 600
"""The most that a hold takes in the document of a day; less than an appointment."""

SURELY_FIT = 100
"""So many entries of this version never fill a document, so nobody need weigh them."""


class _Beside(NamedTuple):
    """How many entries a day has beside its appointments."""

    overrides: int = 0
    holds: int = 0


_NOTHING = _Beside()


def is_full(document: DaySchedule | PatientSchedule, wanted: Appointment) -> bool:
    """Whether a document has no room for an appointment, beside the others that it holds.

    There is always room for one that is there already and does not grow.
    """
    before = document.find(wanted.id)
    others = [a for a in document.appointments if a is not before]
    beside = _beside(document) if isinstance(document, DaySchedule) else _NOTHING
    if _surely_fit([*others, wanted], beside):
        return False
    if before and weight(wanted) <= weight(before):
        return False
    return _weight_of_all([*others, wanted], beside) > LARGEST_DOCUMENT


def has_room_for_override(day: DaySchedule) -> bool:
    """Whether the document of a day has room for one more override."""
    beside = _beside(day)._replace(overrides=len(day.overrides) + 1)
    if _surely_fit(day.appointments, beside):
        return True
    return _weight_of_all(day.appointments, beside) <= LARGEST_DOCUMENT


def _beside(day: DaySchedule) -> _Beside:
    return _Beside(len(day.overrides), len(day.holds))


def _surely_fit(appointments: Sequence[Appointment], beside: _Beside) -> bool:
    few = len(appointments) + sum(beside) <= SURELY_FIT
    return few and not any(a.unknown_fields for a in appointments)


def _weight_of_all(appointments: Sequence[Appointment], beside: _Beside) -> int:
    texts = [(*a.patient, a.reason, a.service_id, a.mark, a.series_id) for a in appointments]
    # Encoded at once: one by one takes four times as long, and each booking of a full day does it.
    total = len(appointments) * APPOINTMENT_BYTES + len(msgspec.json.encode(texts))
    total += OF_SERVICE_BYTES * sum(map(_is_of_service, appointments))
    total += sum(len(a.unknown_fields) for a in appointments if a.unknown_fields)
    return total + beside.overrides * OVERRIDE_BYTES + beside.holds * HOLD_BYTES


def weight(appointment: Appointment) -> int:
    """Return how many bytes of a stored document an appointment takes at the most."""
    return _weight_of_all([appointment], _NOTHING)


def _is_of_service(appointment: Appointment) -> bool:
    return bool(appointment.service_id or appointment.mark or appointment.series_id)

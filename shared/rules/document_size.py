"""How much a doctor-day, or the schedule of a patient, can hold.

Firestore's largest document has 1 MiB (https://firebase.google.com/docs/firestore/quotas). What has
left a day or a schedule takes no room there, so only many booked appointments with long texts, or
thousands of overrides, fill one.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
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


# msgspec writes bytes in base64, which is longer, so this never comes to less than `weight`.
_texts_of = attrgetter("patient", "reason", "service_id", "mark", "series_id", "unknown_fields")
_unknown_fields_of = attrgetter("unknown_fields")


class _Beside(NamedTuple):
    """How many entries a day has beside its appointments."""

    overrides: int = 0
    holds: int = 0


_NOTHING = _Beside()


def is_full(document: DaySchedule | PatientSchedule, wanted: Appointment) -> bool:
    """Whether a document has no room for an appointment, beside the others that it holds.

    There is always room for one that is there already and does not grow.
    """
    beside = _beside(document) if isinstance(document, DaySchedule) else _NOTHING
    if _are_few((*document.appointments, wanted), beside):
        return False
    before = document.find(wanted.id)
    others = [a for a in document.appointments if a is not before]
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
    """Whether all of them fit, however few bytes are saved by weighing them one by one."""
    if _are_few(appointments, beside):
        return True
    # All texts are encoded at once: it takes a tenth of the time, and who books a full day waits.
    texts = len(msgspec.json.encode(list(map(_texts_of, appointments))))
    most = len(appointments) * (APPOINTMENT_BYTES + OF_SERVICE_BYTES) + texts
    return most + _weight_beside(beside) <= LARGEST_DOCUMENT


def _are_few(appointments: Sequence[Appointment], beside: _Beside) -> bool:
    """Whether there are so few entries that nobody need weigh them."""
    many = len(appointments) + sum(beside) > SURELY_FIT
    return not many and not any(map(_unknown_fields_of, appointments))


def _weight_of_all(appointments: Iterable[Appointment], beside: _Beside) -> int:
    return sum(map(weight, appointments)) + _weight_beside(beside)


def _weight_beside(beside: _Beside) -> int:
    return beside.overrides * OVERRIDE_BYTES + beside.holds * HOLD_BYTES


def weight(appointment: Appointment) -> int:
    """Return how many bytes of a stored document an appointment takes at the most."""
    service, mark = appointment.service_id, appointment.mark
    series = appointment.series_id
    texts = msgspec.json.encode([*appointment.patient, appointment.reason, service, mark, series])
    more = OF_SERVICE_BYTES if service or mark or series else 0
    return APPOINTMENT_BYTES + more + len(texts) + len(appointment.unknown_fields or b"")

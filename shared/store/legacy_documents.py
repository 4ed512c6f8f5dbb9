"""Documents of earlier releases, which filed appointments by the doctor's local date.

An entry on a day was an appointment, booked or cancelled, or where one that was born on that day
had moved to. Every appointment stood on exactly one day, so its new place follows from itself, and
the entries that only pointed to it are not needed.
"""

from datetime import datetime
from typing import Any

import msgspec

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.placement import Placement, placement
from shared.model.time_zones import MINUTE, standard_offset, time_zone
from shared.store.appointment_documents import appointment_from_text
from shared.store.doctor_documents import doctor_from_document
from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA


def with_day_shift(fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a doctor's fields with the day shift that is theirs from now on.

    Raises StoreRefused for a doctor without a time zone, who can have no day shift.
    """
    try:
        zone = time_zone(fields.get("time_zone", ""))
    except ValueError as error:
        raise StoreRefused(f"the doctor {fields.get('id')} is damaged: {error}") from None
    shift = standard_offset(zone, now) // MINUTE
    return {"day_shift_minutes": shift, **fields, "kind": "doctor", "schema": SCHEMA}


def doctor_of_earlier_document(fields: dict[str, Any], now: datetime) -> Doctor:
    """Return the doctor of a document that may be of an earlier release."""
    return doctor_from_document(with_day_shift(fields, now))


def is_pointer(text: str) -> bool:
    """Whether an entry only tells where an appointment has moved to."""
    fields = msgspec.json.decode(text)
    return isinstance(fields, dict) and "moved_to" in fields


def new_placement(doctor: Doctor, day: DayKey, text: str) -> Placement:
    """Return where the appointment of an entry stands from now on.

    Its start is taken as told to the patient as it is on the doctor's clock now. Raises
    StoreRefused for an entry that nobody can read.
    """
    appointment = appointment_from_text(doctor.id, text)
    told = appointment.told_start or _told(appointment, doctor)
    home = home_day(appointment.id) or day
    return placement(appointment._replace(told_start=told), home, doctor)


def _told(appointment: Appointment, doctor: Doctor) -> datetime:
    return appointment.interval.start.astimezone(doctor.zone).replace(tzinfo=None)

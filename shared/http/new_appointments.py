"""From the body of a new appointment to the command that books it, or only decides."""

import secrets
from functools import partial

from shared.http.accounts import account_to_book
from shared.http.call import Call
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_bookable_doctor
from shared.http.problems import ProblemKind
from shared.http.schemas.appointment import NewAppointment
from shared.model.appointment_id import appointment_id
from shared.model.doctor_days import touched_days
from shared.model.elsewhere import ElsewhereKey
from shared.rules.booking import Booking, book
from shared.rules.outcomes import (
    DayFull,
    InThePast,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
    TooManyRequests,
    UnclearTime,
)
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency

EXAMPLE = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "reason": "check-up",
}
WHY_NOT: tuple[ProblemKind, ...] = (
    UnknownDoctor,
    SlotTaken,
    OutsideWorkingHours,
    InThePast,
    PatientBusy,
    DayFull,
    TooManyRequests,
)
"""The problems of a booking, whether it is made or only validated."""


async def booking_command(call: Call[NewAppointment]) -> Command | UnclearTime:
    """Return the command that books what is asked for: 404 if there is no such doctor."""
    asked, now, key = call.asked, call.now, call.key
    doctor = await find_bookable_doctor(call.dependencies, asked.doctor_id)
    interval = asked.time().on_clock_of(doctor.zone)
    if isinstance(interval, UnclearTime):
        return interval
    days = touched_days(doctor, interval)
    new_id = appointment_id(days[0], secrets.token_hex(12))
    appointment = asked.appointment(new_id, doctor, interval, now)
    if account := account_to_book(call, asked.patient.id):
        patient = appointment.patient._replace(id=account.id)
        appointment = appointment._replace(patient=patient, owner=account.key)
    # Two requests are the same if they ask for the same, however it is spelled.
    request = ["create_appointment", *appointment.requested()]
    return Command(
        days=frozenset(days),
        decide=partial(book, booking=Booking(doctor, appointment, call.caller), now=now),
        now=now,
        birth=ElsewhereKey(doctor.id, new_id),
        caller=call.caller,
        patients=frozenset(filter(None, (call.caller.patient, appointment.owner))),
        idempotency=None if key is None else Idempotency.of(key, request, call.caller),
    )

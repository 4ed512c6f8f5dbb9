"""From the body of a new appointment to the command that books it, or only decides."""

import secrets
from collections.abc import Callable, Iterable
from functools import partial

from shared.http.accounts import account_to_book
from shared.http.call import Call
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_doctor
from shared.http.problems import ProblemKind
from shared.http.schemas.appointment import NewAppointment
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id
from shared.model.clinic import Clinic
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.service import Service
from shared.rules.availability import Booking, Terms
from shared.rules.booking import book
from shared.rules.outcomes import (
    DayFull,
    Decision,
    InThePast,
    OutsideWorkingHours,
    PatientBusy,
    Refusal,
    SlotTaken,
    TimeOff,
    TooLate,
    TooManyRequests,
    TooSoon,
    UnclearTime,
    UnknownService,
)
from shared.rules.requested_service import RequestedService
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
    UnknownService,
    SlotTaken,
    OutsideWorkingHours,
    TimeOff,
    InThePast,
    TooSoon,
    TooLate,
    PatientBusy,
    DayFull,
    TooManyRequests,
)
"""The problems of a booking, whether it is made or only validated."""


async def booking_command(call: Call[NewAppointment]) -> Command | Refusal:
    """Return the command that books what is asked for, or why that cannot even be tried.

    404 if there is no such doctor.
    """
    asked, dependencies = call.asked, call.dependencies
    doctor = await find_doctor(dependencies, asked.doctor_id)
    named = asked.time().on_clock_of(doctor.zone)
    if isinstance(named, UnclearTime):
        return named
    clinic = await dependencies.clinic_cache.clinic()
    wanted = _appointment(call, doctor, named)
    found = RequestedService(doctor, clinic, asked.time(), asked.service_id).resolved(named)
    if not isinstance(found, Refusal):
        booking = _booking(call, doctor, clinic, wanted, found)
        return _command(call, wanted, booking.days, partial(book, booking=booking, now=call.now))
    if call.key is None:
        return found
    # What was booked with this key before is answered, whatever the clinic offers by now.
    home = DayKey(doctor.id, day_of(doctor, named.start))
    return _command(call, wanted, [home], partial(_refuse, refusal=found))


def _appointment(call: Call[NewAppointment], doctor: Doctor, named: Interval) -> Appointment:
    """Return the appointment as the request names it: empty if it leaves the length to a service.

    Two requests are the same if they name the same, however it is spelled, and whatever a service
    is by now.
    """
    asked = call.asked
    home = DayKey(doctor.id, day_of(doctor, named.start))
    new_id = appointment_id(home, secrets.token_hex(12))
    appointment = asked.appointment(new_id, doctor, named, call.now)
    if account := account_to_book(call, asked.patient.id):
        patient = appointment.patient._replace(id=account.id)
        return appointment._replace(patient=patient, owner=account.key)
    return appointment


def _booking(
    call: Call[NewAppointment],
    doctor: Doctor,
    clinic: Clinic,
    wanted: Appointment,
    found: tuple[Interval, Service | None],
) -> Booking:
    interval, service = found
    appointment = wanted._replace(interval=interval)
    if service:
        appointment = appointment._replace(before=service.before, after=service.after)
    policy, broken = clinic.policy_of(call.asked.service_id), frozenset(call.asked.allow or ())
    terms = Terms(policy, clinic.closed, broken)
    return Booking(doctor, appointment, call.caller, terms, call.arrived_at)


def _command(
    call: Call[NewAppointment],
    wanted: Appointment,
    days: Iterable[DayKey],
    decide: Callable[[Documents], Decision],
) -> Command:
    key, broken = call.key, sorted(set(call.asked.allow or ()))
    allowed = ["allow", *broken] if broken else []
    request = ["create_appointment", *wanted.requested(), *allowed]
    return Command(
        days=frozenset(days),
        decide=decide,
        now=call.arrived_at,
        subject=wanted.id,
        births=frozenset({ElsewhereKey(wanted.doctor_id, wanted.id)}),
        caller=call.caller,
        patients=frozenset(filter(None, (call.caller.patient, wanted.owner))),
        idempotency=None if key is None else Idempotency.of(key, request, call.caller),
    )


def _refuse(_documents: Documents, refusal: Refusal) -> Decision:
    return Documents(), refusal

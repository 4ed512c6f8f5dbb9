"""From the body of a new appointment to the command that books it, or only decides."""

import secrets
from collections.abc import Callable, Iterable
from functools import partial

from shared.http.accounts import account_to_book
from shared.http.asked_times import AskedTime, broken_rules, identity, read_time, refuse
from shared.http.call import Call
from shared.http.errors import UnknownDoctor
from shared.http.problems import ProblemKind
from shared.http.schemas.appointment import NewAppointment
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold_id import hold_day
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
from shared.transactions.command import Command

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
"""The problems of a time that is asked for, whether it is to be booked or held."""


async def booking_command(call: Call[NewAppointment]) -> Command | Refusal:
    """Return the command that books what is asked for, or why that cannot even be tried.

    404 if there is no such doctor.
    """
    time = await read_time(call, call.asked)
    if isinstance(time, UnclearTime):
        return time
    wanted = _appointment(call, time)
    if not isinstance(time.found, Refusal):
        booking = _booking(call, time, wanted, time.found)
        days = {*booking.days, *_day_of_hold(call.asked.hold_id)}
        return _command(call, wanted, days, partial(book, booking=booking, now=call.now))
    if call.key is None:
        return time.found
    return _command(call, wanted, {time.home}, partial(refuse, refusal=time.found))


def _appointment(call: Call[NewAppointment], time: AskedTime) -> Appointment:
    """Return the appointment as the request names it, maybe without a length."""
    new_id = appointment_id(time.home, secrets.token_hex(12))
    appointment = call.asked.appointment(new_id, time.doctor, time.named, call.now)
    if account := account_to_book(call, call.asked.patient.id):
        patient = appointment.patient._replace(id=account.id)
        return appointment._replace(patient=patient, owner=account.key)
    return appointment


def _booking(
    call: Call[NewAppointment],
    time: AskedTime,
    wanted: Appointment,
    found: tuple[Interval, Service | None],
) -> Booking:
    interval, service = found
    appointment = wanted._replace(interval=interval)
    if service:
        appointment = appointment._replace(before=service.before, after=service.after)
    terms = Terms(time.policy, time.clinic.closed, frozenset(call.asked.allow or ()))
    about = call.caller, terms, call.arrived_at, call.asked.hold_id
    return Booking(time.doctor, appointment, *about)


def _day_of_hold(hold_id: str | None) -> set[DayKey]:
    day = hold_day(hold_id) if hold_id else None
    return {day} if day else set()


def _command(
    call: Call[NewAppointment],
    wanted: Appointment,
    days: Iterable[DayKey],
    decide: Callable[[Documents], Decision],
) -> Command:
    held, broken = call.asked.hold_id, broken_rules(call.asked.allow)
    request = [
        "create_appointment",
        *wanted.requested(),
        *broken,
        *(["hold", held] if held else []),
    ]
    return Command(
        days=frozenset(days),
        decide=decide,
        now=call.arrived_at,
        subject=wanted.id,
        caller=call.caller,
        births=frozenset({ElsewhereKey(wanted.doctor_id, wanted.id)}),
        patients=frozenset(filter(None, (call.caller.patient, wanted.owner))),
        idempotency=identity(call, request),
    )

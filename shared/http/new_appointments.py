"""From the body of a new appointment to the command that books it, or only decides."""

from collections.abc import Callable, Iterable
from functools import partial

from shared.http.call import Call
from shared.http.problems import ProblemKind
from shared.http.request_errors import UnknownDoctor
from shared.http.schemas.appointment import NewAppointment
from shared.http.wanted_times import (
    broken_rules,
    identity,
    read_time,
    refuse,
    wanted_appointment,
    wanted_booking,
)
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold_id import hold_day
from shared.rules.booking import book
from shared.rules.outcomes import Decision
from shared.rules.refusals import (
    DayFull,
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
from shared.transactions.command import Command, accounts

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
    wanted = wanted_appointment(call, call.asked, time)
    if not isinstance(time.found, Refusal):
        allow, hold_id = call.asked.allow, call.asked.hold_id
        booking = wanted_booking(call, time, wanted, time.found, broken=allow, hold_id=hold_id)
        days = {*booking.days, *_day_of_hold(hold_id)}
        return _command(call, wanted, days, partial(book, booking=booking, now=call.now))
    if call.key is None:
        return time.found
    return _command(call, wanted, {time.home}, partial(refuse, refusal=time.found))


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
        patients=accounts(call.caller.patient, wanted.owner),
        idempotency=identity(call, request),
    )

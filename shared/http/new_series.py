"""From the body of a new series to the command that books it."""

from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from shared.http.call import Call
from shared.http.request_errors import InvalidRequest, invalid
from shared.http.schemas.create_series import NewSeries
from shared.http.wanted_times import (
    AskedTime,
    broken_rules,
    identity,
    refuse,
    wanted_appointment,
    wanted_booking,
)
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id
from shared.model.day import DayKey
from shared.model.doctor_days import day_of
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold import holder_of
from shared.model.ids import random_part
from shared.model.interval import Interval
from shared.model.series import Series, series_id
from shared.rules.availability import Booking
from shared.rules.occurrences import Occurrence, occurrences
from shared.rules.outcomes import Decision
from shared.rules.recurrence import InvalidRule, Recurrence, parse_rule
from shared.rules.refusals import Refusal
from shared.rules.series import Occasion, SeriesRequest, book_series
from shared.rules.window_bounds import start_instant
from shared.transactions.command import Command, accounts


class WantedSeries(Struct, frozen=True):
    """The command that books a series, and each occurrence that it asks for."""

    command: Command
    occasions: tuple[Occasion, ...] = ()


def read_rule(text: str) -> Recurrence:
    """Return the rule that a text means: 400, which names the part at fault, if it is none."""
    try:
        return parse_rule(text)
    except InvalidRule as error:
        raise _invalid(error) from None


def wanted_series(
    call: Call[NewSeries], time: AskedTime, rule: Recurrence
) -> WantedSeries | Refusal:
    """Return the command that books a series, or why it cannot even be tried.

    It only looks for what was booked with its key before if the clinic offers no such thing by now.
    400 if the rule does not fit the start.
    """
    first = wanted_appointment(call, call.asked, time)
    name = series_id(time.doctor.id, random_part())
    if isinstance(time.found, Refusal):
        if call.key is None:
            return time.found
        decide = partial(refuse, refusal=time.found)
        return WantedSeries(_command(call, first, name, {time.home}, decide))
    first, allow = first._replace(series_id=name), call.asked.allow
    booking = wanted_booking(call, time, first, time.found, broken=allow)
    occasions = tuple(_occasion(booking, each) for each in _occurrences(rule, time))
    series = Series(
        id=name,
        doctor_id=time.doctor.id,
        rule=call.asked.rule,
        holder=holder_of(name, first.owner),
        created_at=call.now,
        appointment_ids=(),
    )
    request = SeriesRequest(series, occasions, call.asked.if_unavailable == "refuse")
    decide = partial(book_series, request=request, now=call.now)
    births = (each.booking.appointment.id for each in occasions)
    return WantedSeries(_command(call, first, name, request.days, decide, births=births), occasions)


def _occurrences(rule: Recurrence, time: AskedTime) -> tuple[Occurrence, ...]:
    try:
        return occurrences(rule, time.named.start, time.doctor.zone)
    except InvalidRule as error:
        raise _invalid(error) from None


def _occasion(first: Booking, occurrence: Occurrence) -> Occasion:
    """Return the booking of an occurrence that is like the first one."""
    doctor, local = first.doctor, occurrence.local
    start = occurrence.instant or start_instant(local, doctor.zone)
    home = DayKey(doctor.id, day_of(doctor, start))
    appointment = first.appointment._replace(
        id=appointment_id(home, random_part()),
        interval=Interval(start, start + first.appointment.interval.length),
        told_start=local,
    )
    return Occasion(local, replace(first, appointment=appointment), occurrence.instant is not None)


def _command(  # noqa: PLR0913 - what a command is made of
    call: Call[NewSeries],
    first: Appointment,
    name: str,
    days: Iterable[DayKey],
    decide: Callable[[Documents], Decision],
    *,
    births: Iterable[str] = (),
) -> Command:
    asked = call.asked
    series = [asked.rule.upper(), asked.if_unavailable, *broken_rules(asked.allow)]
    return Command(
        days=frozenset(days),
        decide=decide,
        now=call.arrived_at,
        subject=name,
        caller=call.caller,
        births=frozenset(ElsewhereKey(first.doctor_id, each) for each in births),
        patients=accounts(call.caller.patient, first.owner),
        idempotency=identity(call, ["create_series", *first.requested(), *series]),
    )


def _invalid(error: InvalidRule) -> InvalidRequest:
    message = f"its {error.part} {error.message}" if error.part else error.message
    return invalid("rule", "invalid_rule", message)

"""Commands for the tests of the coordinator, and what came of them."""

from datetime import timedelta
from functools import cache, partial
from itertools import count

from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment_id import home_day
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.rules import cancelling, moving
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted
from shared.rules.refusals import PatientBusy, SlotTaken
from shared.transactions.command import Command
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import at, booking, doctor, key, owned, to_move

LONG_AGO = "2026-01-01T00:00Z"


_numbers = count()


def command(  # noqa: PLR0913 - what a booking is made of
    start: str,
    appointment_id: str = "a",
    minutes: int = 30,
    idempotency_key: str | None = None,
    now: str = LONG_AGO,
    *,
    by: Caller = ANYBODY,
) -> Command:
    """A request to book some minutes; requests of the same time are the same request.

    The doctor is the one whom the id names, if it names one. What a patient books is theirs.
    """
    home = home_day(appointment_id)
    wish = _wish(start, appointment_id, minutes, home.doctor_id if home else "strange")
    if by.patient:
        wish = replace(wish, appointment=owned(wish.appointment, by), caller=by)
    request = [start, str(minutes)]
    return Command(
        days=frozenset(wish.days),
        decide=partial(book, booking=wish, now=at(now)),
        now=at(now),
        subject=appointment_id,
        births=frozenset({ElsewhereKey(wish.doctor.id, appointment_id)}),
        caller=by,
        patients=_own(by),
        idempotency=Idempotency.of(idempotency_key, request, by) if idempotency_key else None,
    )


def move(home: str, start: str, appointment_id: str = "a", *, by: Caller = ANYBODY) -> Command:
    """A request to move an appointment that was born on a day to half an hour of any day.

    It asks for its home day and its target from the beginning.
    """
    to = _wish(start, appointment_id, 30, "strange")
    request = to_move(appointment_id, key(home), to.doctor, to.appointment.interval, by)
    return Command(
        days=frozenset({key(home), *to.days}),
        decide=partial(moving.move, request=request, now=at(LONG_AGO)),
        now=at(LONG_AGO),
        subject=appointment_id,
        births=frozenset({ElsewhereKey("strange", appointment_id)}),
        caller=by,
        patients=_own(by),
        idempotency=Idempotency.of(f"move {next(_numbers)}", [start], by),
    )


def cancel(home: str, appointment_id: str = "a", *, by: Caller = ANYBODY) -> Command:
    """A request to cancel an appointment that was born on a day."""
    doctors = {"strange": _doctor("strange")}
    request = Cancellation(Sought(appointment_id, key(home), doctors, by))
    return Command(
        days=frozenset({key(home)}),
        decide=partial(cancelling.cancel, request=request, now=at(LONG_AGO)),
        now=at(LONG_AGO),
        subject=appointment_id,
        births=frozenset({ElsewhereKey("strange", appointment_id)}),
        caller=by,
        patients=_own(by),
    )


def granted(outcome: object) -> str:
    """The id of what was booked."""
    assert isinstance(outcome, Accepted)
    return outcome.appointment.id


def conflicts(outcome: object) -> list[tuple[str, str]]:
    """The times of day that stood in the way."""
    assert isinstance(outcome, SlotTaken | PatientBusy)
    parts = [conflict.interval for conflict in outcome.conflicts]
    return [(f"{part.start:%H:%M}", f"{part.end:%H:%M}") for part in parts]


def _own(by: Caller) -> frozenset[PatientKey]:
    return frozenset({by.patient} if by.patient else ())


def _wish(start: str, appointment_id: str, minutes: int, doctor_id: str) -> Booking:
    end = at(start) + timedelta(minutes=minutes)
    return booking(start, end.isoformat(), appointment_id, _doctor(doctor_id))


@cache
def _doctor(doctor_id: str) -> Doctor:
    return doctor(doctor_id=doctor_id)

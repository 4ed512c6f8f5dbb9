"""The world that is simulated: two doctors, two patients, two days, and what clients ask for.

Times are minutes since the first midnight. Doctor Strange keeps office hours; Doctor Who works
around the clock, in a zone that two releases of the time-zone data put an hour apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import NamedTuple

from msgspec.structs import replace as struct_with

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.clinic import Clinic
from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.idempotency import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import Policy
from shared.model.time_zones import time_zone
from shared.rules import moving
from shared.rules.availability import Terms
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing import Sought
from shared.rules.marking import Marking, mark
from shared.rules.outcomes import Decision, Refusal
from shared.rules.updating import Update as Correction
from shared.rules.updating import update
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency
from tests.builders import appointment, at, doctor, key, owned, patient, to_book, to_move
from tests.proof.history import (
    Allowed,
    Book,
    Cancel,
    Granted,
    Hours,
    MarkAs,
    Move,
    Slot,
    Update,
)

MON, TUE = "2026-11-23", "2026-11-24"
MIDNIGHT = at(f"{MON}T00:00Z")
DAY = 24 * 60
AROUND_THE_CLOCK = (("00:00", "24:00"),)
EVERY_DAY = "mon tue wed thu fri sat sun"
DOCTORS = {
    "strange": doctor(doctor_id="strange"),
    "who": doctor(AROUND_THE_CLOCK, "UTC", EVERY_DAY, "who"),
}
"""As an instance with the older release of the time-zone data knows them."""
LATER = {**DOCTORS, "who": struct_with(DOCTORS["who"], zone=time_zone("Etc/GMT-1"))}
"""As one with the later release does."""
RELEASES = {
    "older": DOCTORS,
    "later": LATER,
    "later, by local date": {
        **LATER,
        "who": struct_with(LATER["who"], day_shift=timedelta(hours=1)),
    },
}
PATIENTS = {name: patient(name) for name in ("ada", "bob")}
NAMES = {caller.patient: name for name, caller in PATIENTS.items() if caller.patient}
ALLOWED = Allowed(booked=3, changes=2)
CLINIC = Clinic(Policy(open_appointments=3, changes_per_day=2))
"""Low enough for two or three requests to meet them."""

DAYS = [key(day, name) for day in (MON, TUE) for name in DOCTORS]
HOURS: Hours = {"strange": ((540, 1020), (DAY + 540, DAY + 1020)), "who": ((-DAY, 3 * DAY),)}
INSTANTS = [at("2026-02-01T00:00Z") + timedelta(seconds=number) for number in range(20)]
MINUTES = {MIDNIGHT + timedelta(minutes=m): m for m in range(0, 2 * DAY + 1, 5)}

Asked = Book | Move | Cancel | Update | MarkAs


class There(NamedTuple):
    """An appointment by name, which is the id, and so says where it was born."""

    name: str
    slot: Slot
    owner: str | None = None


World = tuple[There, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of an instance, and how long (s) the client waits for an answer.

    The instance has the `later` release of the time-zone data by then, or the older one.
    """

    instance: int
    asked: Asked
    key: str | None = None
    patience: float | None = None
    later: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Clients that ask one thing after the other; what is booked and remembered before that.

    An instance remembers nothing, or the world as it was once. `deadlines` (s) of each instance.
    If all is `at_once`, every client has asked before anything happens. The records of the
    `expired` keys are still there.
    """

    name: str
    clients: tuple[tuple[Request, ...], ...]
    before: World = ()
    remembered: tuple[World | None, ...] = ()
    faults: int = 0
    deadlines: tuple[float, ...] = (10, 20, 30, 40)
    at_once: bool = False
    expired: tuple[str, ...] = ()


@cache
def place(slot: Slot) -> DayKey:
    """The doctor-day on which a time begins."""
    return DayKey(slot.doctor, _interval(slot).start.date())


@cache
def places(slot: Slot) -> tuple[DayKey, ...]:
    """The doctor-days that a time touches."""
    last = DayKey(slot.doctor, (_interval(slot).end - timedelta(minutes=1)).date())
    return tuple(dict.fromkeys((place(slot), last)))


@cache
def days_of(world: World) -> list[DaySchedule]:
    """All doctor-days, as they are in this world."""
    days = {day: DaySchedule(day) for day in DAYS}
    for there in world:
        for where in places(there.slot):
            days.setdefault(where, DaySchedule(where))
            days[where] = days[where].with_appointment(_made(there))
    return list(days.values())


@cache
def patients_of(world: World) -> list[PatientSchedule]:
    """The schedules of those who have anything in this world."""
    schedules: dict[PatientKey, PatientSchedule] = {}
    for made in map(_made, world):
        if owner := made.owner:
            schedule = schedules.get(owner, PatientSchedule(owner))
            schedules[owner] = schedule.with_appointment(made)
    return list(schedules.values())


def pointers_of(world: World) -> dict[ElsewhereKey, Pointer]:
    """Where those of this world are that do not touch the day of their birth."""
    return {
        birth_of(name): Pointer(place(slot), _account(owner))
        for name, slot, owner in world
        if _home(name) not in places(slot)
    }


def birth_of(name: str) -> ElsewhereKey:
    """Under which name an appointment is kept beside the days."""
    return ElsewhereKey(_home(name).doctor_id, name)


def granted(appointment: Appointment) -> Granted:
    """An appointment, in the words of a history."""
    interval = appointment.interval
    slot = Slot(appointment.doctor_id, MINUTES[interval.start], MINUTES[interval.end])
    owner = NAMES[appointment.owner] if appointment.owner else None
    booked = appointment.cancelled_at is None
    freed_from = MINUTES[appointment.freed_from] if appointment.freed_from else None
    version, reason, marked = appointment.version, appointment.reason, appointment.mark
    return Granted(slot, booked, owner, version, reason, marked, freed_from)


def command_of(request: Request, number: int, *, by_local_date: bool = False) -> Command:
    """What the functions make of a request; its `now` tells it from all others.

    `by_local_date` is how release 1.0 named the days.
    """
    asked, key = request.asked, request.key
    if key is None and _has_a_record(asked):
        key = f"its own {number}"
    caller = PATIENTS[asked.by] if asked.by else ANYBODY
    idempotency = None if key is None else _idempotency(key, asks_for(asked), caller)
    owner = asked.owner if isinstance(asked, Book) else None
    release = "later" if request.later else "older"
    if request.later and by_local_date:
        release = "later, by local date"
    days, decide = _decision(asked, number, release)
    return Command(
        days,
        decide,
        INSTANTS[number],
        asked.name,
        caller,
        births=frozenset({birth_of(asked.name)}),
        patients=frozenset(filter(None, (caller.patient, _account(owner)))),
        idempotency=idempotency,
    )


def _has_a_record(asked: Asked) -> bool:
    """Whether the functions leave a record without a key, so that nothing is done twice."""
    return not isinstance(asked, Book | Cancel) or getattr(asked, "version", None) is not None


def expired_record(key: str) -> IdempotencyRecord:
    """What is left of a key that was used two days before the first request."""
    return IdempotencyRecord(_idempotency(key, (), ANYBODY).key, "old", "old", INSTANTS[0])


@cache
def asks_for(asked: Asked) -> tuple[str, ...]:
    """What makes two requests the same: two bookings need not have the same name."""
    return (repr(replace(asked, name="a new one") if isinstance(asked, Book) else asked),)


@cache
def _decision(
    asked: Asked, number: int, release: str
) -> tuple[frozenset[DayKey], Callable[..., Decision]]:
    now, home, doctors = INSTANTS[number], _home(asked.name), RELEASES[release]
    days, caller = frozenset({home}), PATIENTS[asked.by] if asked.by else ANYBODY
    if isinstance(asked, Book):
        doctor, interval = doctors[asked.slot.doctor], _interval(asked.slot)
        wish = to_book(asked.name, doctor, interval, now)
        wanted = _owned(wish.appointment, asked.owner)
        wish = struct_with(wish, appointment=wanted, caller=caller, terms=Terms(CLINIC.policy))
        return frozenset(wish.days), partial(book, booking=wish, now=now)
    versions = None if asked.version is None else frozenset({asked.version})
    sought = Sought(asked.name, home, doctors, caller, CLINIC, versions, now)
    match asked:
        case Cancel():
            return days, partial(cancel, request=Cancellation(sought), now=now)
        case Update(_, reason):
            return days, partial(update, request=Correction(sought, reason=reason), now=now)
        case MarkAs():
            # Within the minute before, so that all requests can be told apart.
            then = MIDNIGHT + timedelta(minutes=asked.at - 1, seconds=number + 1)
            return days, partial(mark, request=Marking(sought, asked.mark), now=then)
    doctor, interval = doctors[asked.slot.doctor], _interval(asked.slot)
    move = struct_with(to_move(asked.name, home, doctor, interval), sought=sought)
    return days, partial(moving.move, request=move, now=now)


_idempotency = cache(Idempotency.of)


def _account(name: str | None) -> PatientKey | None:
    return PATIENTS[name].patient if name else None


def _owned(made: Appointment, name: str | None) -> Appointment:
    return owned(made, PATIENTS[name]) if name else made


@cache
def _interval(slot: Slot) -> Interval:
    return Interval(
        MIDNIGHT + timedelta(minutes=slot.start), MIDNIGHT + timedelta(minutes=slot.end)
    )


@cache
def _home(name: str) -> DayKey:
    home = home_day(name)
    assert home
    return home


@cache
def _made(there: There) -> Appointment:
    name, slot, owner = there
    plain = appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", name, doctor_id=slot.doctor)
    return _owned(plain._replace(interval=_interval(slot)), owner)


LOOK = Command(
    frozenset(DAYS),
    lambda _: (Documents(), Refusal()),
    INSTANTS[0],
    "nobody's",
    ANYBODY,
    patients=frozenset(NAMES),
)
"""Changes nothing; an instance that has read for it remembers all days and patients."""

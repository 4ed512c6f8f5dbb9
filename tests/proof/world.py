"""The world that is simulated: two doctors, two patients, a few days, and what clients ask for.

Times are minutes since the first midnight, and seconds of the clock by which holds end. Doctor
Strange keeps office hours; Doctor Who works around the clock, in a zone that two releases of the
time-zone data put an hour apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

from msgspec.structs import replace as struct_with

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.clinic import Clinic
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.hold import Hold, holder_of
from shared.model.hold_id import hold_day
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import Policy
from shared.model.series import Series, series_id
from shared.model.time_zones import time_zone
from shared.rules import moving
from shared.rules.availability import Booking, Terms
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.cancelling_series import SeriesCancellation, cancel_series
from shared.rules.existing_appointment import Sought
from shared.rules.holding import HoldRequest, hold_time, release
from shared.rules.holding import Release as HoldToRelease
from shared.rules.marking import Marking, mark
from shared.rules.outcomes import Decision
from shared.rules.refusals import Refusal
from shared.rules.series import Occasion, SeriesRequest, book_series
from shared.rules.updating import Update as Correction
from shared.rules.updating import update
from shared.transactions.command import Command
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import appointment, at, doctor, key, owned, patient, to_book, to_move
from tests.proof.history import (
    Allowed,
    Book,
    BookSeries,
    Cancel,
    CancelSeries,
    Granted,
    HoldTime,
    Hours,
    Kept,
    MarkAs,
    Move,
    OfHolds,
    OfSeries,
    Release,
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
ENDS = 60.0
"""When holds end: whoever asks without another clock does so long before."""
BLINK = 1e-6
"""No clock shows less."""
MINUTES = {MIDNIGHT + timedelta(minutes=m): m for m in range(0, 3 * DAY + 1, 5)}

Asked = Book | Move | Cancel | Update | MarkAs | OfHolds | OfSeries


class There(NamedTuple):
    """An appointment by name, which is the id, and so says where it was born."""

    name: str
    slot: Slot
    owner: str | None = None


class HeldThere(NamedTuple):
    """A hold by name, which is the id, and whose it is."""

    name: str
    slot: Slot
    ends: float
    by: str | None = None


World = tuple[There | HeldThere, ...]


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
def birthplace(slot: Slot) -> str:
    """How the name of whatever is born at a time begins."""
    day = place(slot)
    return f"{day.doctor_id}.{day.day:%Y%m%d}."


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
            day = days.get(where, DaySchedule(where))
            if isinstance(there, There):
                days[where] = day.with_appointment(_made(there))
            else:
                days[where] = day.with_hold(_hold(*there))
    return list(days.values())


@cache
def patients_of(world: World) -> list[PatientSchedule]:
    """The schedules of those who have anything in this world."""
    schedules: dict[PatientKey, PatientSchedule] = {}
    for made in (_made(there) for there in world if isinstance(there, There)):
        if owner := made.owner:
            schedule = schedules.get(owner, PatientSchedule(owner))
            schedules[owner] = schedule.with_appointment(made)
    return list(schedules.values())


def pointers_of(world: World) -> dict[ElsewhereKey, Pointer]:
    """Where those of this world are that do not touch the day of their birth."""
    return {
        birth_of(there.name): Pointer(place(there.slot), _account(there.owner))
        for there in world
        if isinstance(there, There) and _home(there.name) not in places(there.slot)
    }


def things_of(world: World) -> dict[str, Granted | Kept]:
    """The same world, in the words of a history."""
    return {
        there.name: Granted(there.slot, owner=there.owner)
        if isinstance(there, There)
        else Kept(there.slot, there.ends, there.by)
        for there in world
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


def kept(hold: Hold, *, stands: bool) -> Kept:
    """A hold, in the words of a history."""
    (by,) = (
        name for name in (None, *PATIENTS) if hold.is_of(PATIENTS[name].account if name else None)
    )
    slot = Slot(hold.doctor_id, MINUTES[hold.interval.start], MINUTES[hold.interval.end])
    return Kept(slot, (hold.ends_at - INSTANTS[0]).total_seconds(), by, stands)


def command_of(request: Request, number: int, *, by_local_date: bool = False) -> Command:
    """What the functions make of a request; its `now` tells it from all others.

    `by_local_date` is how release 1.0 named the days.
    """
    asked, key = request.asked, request.key
    if key is None and _has_a_record(asked):
        key = f"its own {number}"
    caller = PATIENTS[asked.by] if asked.by else ANYBODY
    idempotency = None if key is None else _idempotency(key, asks_for(asked), caller)
    owner = asked.owner if isinstance(asked, Book | BookSeries) else None
    births, release = _births(asked), "later" if request.later else "older"
    if request.later and by_local_date:
        release = "later, by local date"
    days, decide = _decision(asked, number, release)
    return Command(
        days,
        decide,
        _now(asked, number),
        series_of(asked) if isinstance(asked, OfSeries) else asked.name,
        caller,
        births=births,
        patients=frozenset(filter(None, (caller.patient, _account(owner)))),
        elsewhere=births if isinstance(asked, CancelSeries) else frozenset(),
        idempotency=idempotency,
        afterwards=_afterwards(asked, number, release),
    )


def _afterwards(asked: Asked, number: int, release: str) -> Callable[..., Decision] | None:
    if not isinstance(asked, CancelSeries):
        return None
    now = _now(asked, number)
    request = struct_with(_series_to_cancel(asked, now, RELEASES[release]), done=True)
    return partial(cancel_series, request=request, now=now)


def _births(asked: Asked) -> frozenset[ElsewhereKey]:
    if isinstance(asked, OfHolds):
        return frozenset()
    names = asked.names if isinstance(asked, OfSeries) else (asked.name,)
    return frozenset(map(birth_of, names))


def series_of(asked: BookSeries | CancelSeries) -> str:
    """The id of a series, by the random part of those of its appointments."""
    return series_id(_home(asked.name).doctor_id, asked.name.rpartition(".")[2])


def _has_a_record(asked: Asked) -> bool:
    """Whether the functions leave a record without a key, so that nothing is done twice."""
    if isinstance(asked, OfHolds | BookSeries):
        return False
    return not isinstance(asked, Book | Cancel) or getattr(asked, "version", None) is not None


def expired_record(key: str) -> IdempotencyRecord:
    """What is left of a key that was used two days before the first request."""
    return IdempotencyRecord(_idempotency(key, (), ANYBODY).key, "old", "old", INSTANTS[0])


@cache
def asks_for(asked: Asked) -> tuple[str, ...]:
    """What makes two requests the same: two bookings need not have the same name."""
    match asked:
        case Move():
            return (repr(replace(asked, at=0)),)
        case Book() | HoldTime():
            return (repr(replace(asked, name="a new one", at=0)),)
        case BookSeries():
            return (repr(replace(asked, names=("a new one",), at=0)),)
    return (repr(asked),)


def on_the_clock(request: Request, number: int) -> Request:
    """The same request, which says what its clock shows: if nothing else, a second of its own."""
    asked = request.asked
    if isinstance(asked, Book | Move | OfHolds | BookSeries) and not asked.at:
        return replace(request, asked=replace(asked, at=number))
    return request


def _now(asked: Asked, number: int) -> datetime:
    if isinstance(asked, Book | Move | OfHolds | BookSeries):
        return INSTANTS[0] + timedelta(seconds=asked.at)
    return INSTANTS[number]


@cache
def _decision(
    asked: Asked, number: int, release: str
) -> tuple[frozenset[DayKey], Callable[..., Decision]]:
    now, doctors = _now(asked, number), RELEASES[release]
    if isinstance(asked, OfHolds | OfSeries):
        return _decision_of_several(asked, now, doctors)
    home = _home(asked.name)
    days, caller = frozenset({home}), PATIENTS[asked.by] if asked.by else ANYBODY
    if isinstance(asked, Book):
        wish = _wish(asked, now, doctors)
        held = filter(None, [hold_day(asked.hold or "")])
        return frozenset({*wish.days, *held}), partial(book, booking=wish, now=now)
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


def _decision_of_several(
    asked: OfHolds | OfSeries, now: datetime, doctors: Mapping[str, Doctor]
) -> tuple[frozenset[DayKey], Callable[..., Decision]]:
    caller = PATIENTS[asked.by] if asked.by else ANYBODY
    match asked:
        case HoldTime(name, slot, ends, by):
            hold, booking = _hold(name, slot, ends, by), Book(name, slot, by, by)
            wish = HoldRequest(hold, _wish(booking, now, doctors))
            return frozenset(wish.booking.days), partial(hold_time, request=wish, now=now)
        case Release(name, slot):
            home = hold_day(name)
            assert home
            given_up = HoldToRelease(name, home, doctors[slot.doctor], caller, now)
            return frozenset({home}), partial(release, request=given_up, now=now)
        case BookSeries():
            series = _series(asked, now, doctors)
            return series.days, partial(book_series, request=series, now=now)
    cancelled = _series_to_cancel(asked, now, doctors)
    homes = frozenset(each.home for each in cancelled.sought)
    return homes, partial(cancel_series, request=cancelled, now=now)


def _series_to_cancel(
    asked: CancelSeries, now: datetime, doctors: Mapping[str, Doctor]
) -> SeriesCancellation:
    caller = PATIENTS[asked.by] if asked.by else ANYBODY
    about = doctors, caller, CLINIC, None, now
    sought = tuple(Sought(name, _home(name), *about) for name in asked.names)
    return SeriesCancellation(sought, caller, MIDNIGHT + timedelta(minutes=asked.after))


def _wish(asked: Book, now: datetime, doctors: Mapping[str, Doctor]) -> Booking:
    wish = to_book(asked.name, doctors[asked.slot.doctor], _interval(asked.slot), now)
    return struct_with(
        wish,
        appointment=_owned(wish.appointment, asked.owner),
        caller=PATIENTS[asked.by] if asked.by else ANYBODY,
        terms=Terms(CLINIC.policy),
        hold_id=asked.hold,
    )


def _series(asked: BookSeries, now: datetime, doctors: Mapping[str, Doctor]) -> SeriesRequest:
    name, occasions = series_of(asked), list[Occasion]()
    for number in range(len(asked.names)):
        wish = _wish(asked.single(number), now, doctors)
        wanted = wish.appointment._replace(series_id=name)
        local = wanted.interval.start.replace(tzinfo=None)
        occasions.append(Occasion(local, struct_with(wish, appointment=wanted)))
    account = PATIENTS[asked.owner].account if asked.owner else None
    doctor_id = asked.slots[0].doctor
    series = Series(name, doctor_id, "FREQ=DAILY", holder_of(name, account), now, ())
    return SeriesRequest(series, tuple(occasions), not asked.skip)


@cache
def _hold(name: str, slot: Slot, ends: float, by: str | None) -> Hold:
    holder = holder_of(name, PATIENTS[by].account if by else None)
    ends_at = INSTANTS[0] + timedelta(seconds=ends)
    return Hold(name, slot.doctor, _interval(slot), ends_at, holder)


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

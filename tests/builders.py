"""Short ways to write the values that tests are about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment, Patient
from shared.model.clinic import Clinic
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor, WorkingHours
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.interval import Interval
from shared.model.override import OverrideEntry
from shared.model.patient_schedule import PatientSchedule
from shared.model.time_zones import standard_offset, time_zone
from shared.rules.availability import Booking
from shared.rules.existing_appointment import Sought
from shared.rules.moving import Move
from shared.rules.outcomes import Decision
from shared.rules.requested_time import RequestedTime

Hours = tuple[tuple[str, str], ...]

NEW_YORK = "America/New_York"
NINE_TO_FIVE: Hours = (("09:00", "17:00"),)
ADA = Patient("Ada Lovelace")
FIRST_OF_2026 = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER = "https://issuer.example"
CLINIC = Clinic()


def at(text: str) -> datetime:
    """The instant `2026-11-23T14:00Z`, or with another offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


def span(start: str, end: str) -> Interval:
    """The interval between two instants."""
    return Interval(at(start), at(end))


def doctor(
    hours: Hours = NINE_TO_FIVE,
    zone: str = "UTC",
    days: str = "mon tue wed thu fri",
    doctor_id: str = "strange",
) -> Doctor:
    """A doctor who works these hours on these weekdays."""
    week = tuple(
        tuple(WorkingHours(_minutes(opens), _minutes(closes)) for opens, closes in hours)
        if weekday in days.split()
        else ()
        for weekday in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    zone_, name = time_zone(zone), "Doctor Strange"
    return Doctor(doctor_id, name, zone_, week, standard_offset(zone_, FIRST_OF_2026))


def booking(start: str, end: str, appointment_id: str = "a", of: Doctor | None = None) -> Booking:
    """A request to book the time between two instants."""
    return to_book(appointment_id, of or doctor(), span(start, end))


def to_book(
    appointment_id: str, of: Doctor, interval: Interval, now: datetime = FIRST_OF_2026
) -> Booking:
    """A request of `now` to book an interval with a doctor."""
    return Booking(of, Appointment(appointment_id, of.id, interval, ADA, now, now), ANYBODY)


def patient(name: str) -> Caller:
    """A patient who is signed in."""
    return Caller("patient", ISSUER, name)


def untold(decision: Decision) -> Decision:
    """The same decision, without what others are told of it, which is tested by itself."""
    changes, outcome = decision
    return replace(changes, appointments=()), outcome


def owned(appointment: Appointment, by: Caller) -> Appointment:
    """The same appointment, of a patient's account."""
    return appointment._replace(patient=ADA._replace(id=by.subject), owner=by.patient)


def schedule_of(
    caller: Caller, *appointments: Appointment, changed_at: Iterable[datetime] = ()
) -> PatientSchedule:
    """The schedule of a patient with these appointments, which become theirs."""
    assert caller.patient
    ordered = sorted((owned(a, caller) for a in appointments), key=lambda a: a.position)
    return PatientSchedule(caller.patient, tuple(ordered), tuple(changed_at))


def appointment(
    start: str,
    end: str,
    appointment_id: str = "a",
    *,
    cancelled: bool = False,
    doctor_id: str = "strange",
) -> Appointment:
    """An appointment between two instants, made on the first day of 2026."""
    return Appointment(
        id=appointment_id,
        doctor_id=doctor_id,
        interval=span(start, end),
        patient=ADA,
        created_at=FIRST_OF_2026,
        updated_at=FIRST_OF_2026,
        cancelled_at=FIRST_OF_2026 if cancelled else None,
    )


def key(day: str, doctor_id: str = "strange") -> DayKey:
    """The doctor-day of a date."""
    return DayKey(doctor_id, date.fromisoformat(day))


def schedule(day: str, *appointments: Appointment, doctor_id: str = "strange") -> DaySchedule:
    """A doctor-day with these appointments, in any order."""
    ordered = sorted(appointments, key=lambda a: a.position)
    return DaySchedule(key(day, doctor_id), tuple(ordered))


def with_overrides(day: DaySchedule, *overrides: OverrideEntry) -> DaySchedule:
    """The same day, with these overrides."""
    for override in overrides:
        day = day.with_override(override)
    return day


def off(start: str, end: str, name: str = "off") -> OverrideEntry:
    """Time off between two instants."""
    return OverrideEntry(f"strange.override.{name}", "time_off", span(start, end))


def extra(start: str, end: str, name: str = "extra") -> OverrideEntry:
    """Extra hours between two instants."""
    return OverrideEntry(f"strange.override.{name}", "extra_hours", span(start, end))


def documents(
    *days: DaySchedule,
    elsewhere: Mapping[ElsewhereKey, Whereabouts | None] | None = None,
    patients: Iterable[PatientSchedule] = (),
) -> Documents:
    """What a decision is given."""
    schedules = {schedule.key: schedule for schedule in patients}
    return Documents({day.key: day for day in days}, elsewhere or {}, schedules)


def to_move(  # noqa: PLR0913 - what a move is made of
    appointment_id: str,
    home: DayKey,
    to: Doctor,
    interval: Interval,
    by: Caller = ANYBODY,
    *,
    clinic: Clinic = CLINIC,
) -> Move:
    """A request to move an appointment to an interval with a doctor."""
    time = RequestedTime(interval.start, interval.end)
    return Move(Sought(appointment_id, home, {to.id: to}, by, clinic), time, to.id)


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)

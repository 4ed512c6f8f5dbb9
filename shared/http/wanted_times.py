"""What the request for a time with a doctor means here: whose time, when, and of which service."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from shared.http.accounts import account_to_book
from shared.http.call import Call
from shared.http.lookups import find_doctor
from shared.http.schemas.appointment import WantedAppointment
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id
from shared.model.clinic import Clinic
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of
from shared.model.documents import Documents
from shared.model.ids import random_part
from shared.model.interval import Interval
from shared.model.policy import Policy
from shared.model.service import Service
from shared.rules.allowed_starts import Rule
from shared.rules.availability import Booking, Terms
from shared.rules.outcomes import Decision
from shared.rules.refusals import Refusal, UnclearTime
from shared.rules.requested_service import RequestedService
from shared.rules.requested_time import RequestedTime
from shared.transactions.idempotency_keys import Idempotency


class AsksForTime(Protocol):
    """A request for a time with a doctor, and maybe for a service."""

    @property
    def doctor_id(self) -> str:
        """The doctor."""

    @property
    def service_id(self) -> str | None:
        """The service; None: no particular one."""

    def time(self) -> RequestedTime:
        """Return the time."""


class AskedTime(Struct, frozen=True):
    """A time as the request names it, and as it is with its service.

    `named` is empty if the request leaves the length to the service. Two requests are the same if
    they name the same, however it is spelled, and whatever a service is by now. `found` is a
    refusal if the clinic offers no such thing.
    """

    doctor: Doctor
    clinic: Clinic
    named: Interval
    service_id: str | None
    found: tuple[Interval, Service | None] | Refusal

    @property
    def home(self) -> DayKey:
        """The doctor-day of its start."""
        return DayKey(self.doctor.id, day_of(self.doctor, self.named.start))

    @property
    def policy(self) -> Policy:
        """The policy of its service."""
        return self.clinic.policy_of(self.service_id)


async def read_time(call: Call[Any], asked: AsksForTime) -> AskedTime | UnclearTime:
    """Return what a request for a time means: 404 if there is no such doctor."""
    dependencies = call.dependencies
    doctor = await find_doctor(dependencies, asked.doctor_id)
    named = asked.time().on_clock_of(doctor.zone)
    if isinstance(named, UnclearTime):
        return named
    clinic = await dependencies.clinic_cache.clinic()
    found = RequestedService(doctor, clinic, asked.time(), asked.service_id).resolved(named)
    return AskedTime(doctor, clinic, named, asked.service_id, found)


def identity(call: Call[Any], request: Sequence[str | None]) -> Idempotency | None:
    """Return the caller's key and what makes two requests the same; None without a key."""
    return None if call.key is None else Idempotency.of(call.key, request, call.caller)


def refuse(_documents: Documents, refusal: Refusal) -> Decision:
    """Decide on a request whose time the clinic does not offer.

    What was granted with its key before is answered, whatever the clinic offers by now.
    """
    return Documents(), refusal


def wanted_appointment(call: Call[Any], asked: WantedAppointment, time: AskedTime) -> Appointment:
    """Return the appointment as the request names it, maybe without a length."""
    new_id = appointment_id(time.home, random_part())
    appointment = asked.appointment(new_id, time.doctor, time.named, call.now)
    if account := account_to_book(call, asked.patient.id):
        patient = appointment.patient._replace(id=account.id)
        return appointment._replace(patient=patient, owner=account.key)
    return appointment


def wanted_booking(  # noqa: PLR0913 - what a booking is made of
    call: Call[Any],
    time: AskedTime,
    wanted: Appointment,
    found: tuple[Interval, Service | None],
    *,
    broken: Sequence[Rule] | None = None,
    hold_id: str | None = None,
) -> Booking:
    """Return the booking of an appointment as the request names it, with what its service adds.

    It may break these rules.
    """
    interval, service = found
    appointment = wanted._replace(interval=interval)
    if service:
        appointment = appointment._replace(before=service.before, after=service.after)
    terms = Terms(time.policy, time.clinic.closed, frozenset(broken or ()))
    return Booking(time.doctor, appointment, call.caller, terms, call.arrived_at, hold_id)


def broken_rules(allow: Sequence[Rule] | None) -> list[str]:
    """Return how the rules that a booking may break tell it from another request."""
    broken = sorted(set(allow or ()))
    return ["allow", *broken] if broken else []

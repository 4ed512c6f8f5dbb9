"""The decision to move an appointment."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.interval import Interval
from shared.model.placement import Placement, placed, placement
from shared.rules.availability import TERMS, Booking, Terms, why_unavailable
from shared.rules.existing_appointment import Sought, find, why_fixed
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments
from shared.rules.patient_limits import counted, why_not_changed
from shared.rules.refusals import Refusal, RetiredDoctor, UnclearTime, UnknownService
from shared.rules.requested_time import RequestedTime
from shared.rules.wall_clock import local_time


class Move(Struct, frozen=True):
    """A request to move an appointment to another time, day or doctor.

    Without `doctor_id` the doctor stays; without an end or a length, the length stays. The policy
    in `terms` is the clinic's; that of the appointment's service applies.
    """

    sought: Sought
    time: RequestedTime
    doctor_id: str | None = None
    terms: Terms = TERMS

    def terms_for(self, appointment: Appointment) -> Terms:
        """Return the terms that an appointment keeps to: those of its service."""
        return replace(self.terms, policy=self.sought.policy_of(appointment))

    def target(self, appointment: Appointment) -> tuple[Doctor, Interval] | Refusal:
        """Return where the appointment, as it is, is to be moved to.

        Its doctor is among those of `sought`; if the one of `doctor_id` is not, there is none.
        """
        doctor_id, service_id = self.doctor_id or appointment.doctor_id, appointment.service_id
        doctor = self.sought.doctors.get(doctor_id)
        if doctor is None or doctor.retired:
            return RetiredDoctor()
        if service_id is not None and not self._offers(doctor, service_id, appointment):
            return UnknownService()
        interval = self.time.on_clock_of(doctor.zone, appointment.interval.length)
        if isinstance(interval, UnclearTime):
            return interval
        wrong = self._wrong_length(appointment, doctor, interval)
        return wrong or (doctor, interval)

    def _offers(self, doctor: Doctor, service_id: str, appointment: Appointment) -> bool:
        """Whether a doctor offers a service; of the clinic, too, unless the doctor stays."""
        there = doctor.id == appointment.doctor_id or service_id in self.sought.clinic.services
        return there and doctor.offers(service_id)

    def _wrong_length(
        self, appointment: Appointment, doctor: Doctor, interval: Interval
    ) -> UnclearTime | None:
        """Return why an appointment cannot get another length, or None.

        The one that it has can stay, and that of its service is right, whatever the policy.
        """
        service = self.sought.clinic.services.get(appointment.service_id or "")
        usual = service.length if service else None
        if interval.length in (appointment.interval.length, usual):
            return None
        if usual and self.sought.caller.kind == "patient":
            return self.time.wrong_length("length_of_service", doctor.zone)
        longest = self.sought.policy_of(appointment).longest
        if interval.length > longest:
            return self.time.wrong_length("too_long", doctor.zone, longest)
        return None


def move(documents: Documents, request: Move, now: datetime) -> Decision:
    """Decide a move on the days that the appointment touches or would, and its owner's schedule."""
    sought = request.sought
    documents = documents.tidied(min(now, sought.arrived_at or now))
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    if fixed := why_fixed(found.appointment, sought, now):
        return Documents(), fixed
    target = request.target(found.appointment)
    if not isinstance(target, tuple):
        return Documents(), target
    return _move_to(documents, request, found, target, now)


def _move_to(
    documents: Documents,
    request: Move,
    found: Placement,
    target: tuple[Doctor, Interval],
    now: datetime,
) -> Decision:
    sought, (doctor, interval) = request.sought, target
    moved = found.appointment.changed(
        now,
        doctor_id=doctor.id,
        interval=interval,
        told_start=local_time(interval.start, doctor.zone),
    )
    schedule, arrived_at = documents.schedule_of(moved), sought.arrived_at or now
    terms = request.terms_for(moved)
    if refusal := why_not_changed(schedule, sought.caller, arrived_at, terms.policy):
        return Documents(), refusal
    after = placement(moved, sought.home, doctor)
    needed = {sought.home, *found.days, *after.days}
    if not needed <= documents.days.keys():
        return Documents(), NeedsDocuments(frozenset(needed), frozenset(documents.elsewhere))
    days = [documents.days[key] for key in after.days]
    wanted = Booking(doctor, moved, sought.caller, terms)
    if unavailable := why_unavailable(days, schedule, wanted, now, moving=moved.id):
        return Documents(), unavailable
    if moved.place == found.appointment.place:
        return _told_anew(documents, found, moved)
    return counted(placed(documents, found, after), sought.caller, arrived_at), Accepted(moved)


def _told_anew(documents: Documents, found: Placement, moved: Appointment) -> Decision:
    """Decide a move to where the appointment is: no new version of it, and nobody is told.

    Only the start as it was told is that of the doctor's clock now. The days are written even if it
    was before, and with them the record of the request: sent again, it must not undo the move of
    somebody else.
    """
    stays = found.appointment._replace(told_start=moved.told_start)
    changes = placed(documents, found, replace(found, appointment=stays))
    return replace(changes, appointments=()), Accepted(stays)

"""Messages of events: with whom an appointment is, and how it stands when a reminder is due."""

from datetime import datetime

from msgspec import Struct

from shared.access.caller import ANYBODY
from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment import Appointment
from shared.model.event import Event
from shared.notifications.sink import DeliveryFailed, Message
from shared.queries.look_ups import look_up
from shared.store.port import Store


class Messages(Struct, frozen=True):
    """Makes messages of events, with what is known of doctors and of the clinic."""

    store: Store
    doctors: DoctorCache
    clinic: ClinicCache

    async def of(self, event: Event, now: datetime) -> Message | None:
        """Return the message of an event; None for a reminder of what is not so any more.

        Raises StoreError, and DeliveryFailed if a doctor is not known.
        """
        appointment = event.appointment or await self._as_it_is(event)
        if appointment is None:
            return None
        previous = event.previous.doctor_id if event.previous else appointment.doctor_id
        doctors = await self.doctors.find({appointment.doctor_id, previous})
        if appointment.doctor_id not in doctors or previous not in doctors:
            raise DeliveryFailed("the doctor of the appointment is not known any more")
        services = (await self.clinic.clinic()).services
        return Message(
            event,
            appointment,
            doctors[appointment.doctor_id],
            now,
            doctors[previous] if event.previous else None,
            services.get(appointment.service_id or ""),
        )

    async def _as_it_is(self, event: Event) -> Appointment | None:
        """Return the appointment that a reminder is of, unless it has changed since."""
        found = await look_up(self.store, event.appointment_id, ANYBODY)
        as_then = found and found.version == event.version and found.status == "booked"
        return found if as_then else None

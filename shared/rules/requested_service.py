"""The service that a client asks for, and how long an appointment of it takes."""

from msgspec import Struct

from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.service import Service
from shared.rules.refusals import (
    Refusal,
    RetiredDoctor,
    ServiceRequired,
    UnclearTime,
    UnknownService,
)
from shared.rules.requested_time import RequestedTime


class RequestedService(Struct, frozen=True):
    """A time with a doctor that a client asks for, and maybe a service of the clinic.

    A service that has a length is asked for without one, and any other with one.
    """

    doctor: Doctor
    clinic: Clinic
    time: RequestedTime
    service_id: str | None = None

    def resolved(self, interval: Interval) -> tuple[Interval, Service | None] | Refusal:
        """Return when the appointment would be, and of which service, or why there is none.

        `interval` is the time on the doctor's clock, empty if the request names no length.
        """
        if self.doctor.retired:
            return RetiredDoctor()
        service = self._service()
        if isinstance(service, Refusal):
            return service
        if wrong := self._wrong_length(interval, service):
            return wrong
        if service and service.length:
            interval = Interval(interval.start, interval.start + service.length)
        return interval, service

    def _service(self) -> Service | Refusal | None:
        if self.service_id is None:
            return ServiceRequired() if self.clinic.policy.service_required else None
        service = self.clinic.services.get(self.service_id)
        if service is None or not self.doctor.offers(service.id):
            return UnknownService()
        return service

    def _wrong_length(self, interval: Interval, service: Service | None) -> UnclearTime | None:
        """Return what is wrong with the length that is asked for; the interval is empty if none is.

        That of a service is the clinic's own, and may be longer than any other.
        """
        zone = self.doctor.zone
        if service and service.length:
            is_asked = bool(interval.length)
            return self.time.wrong_length("length_of_service", zone) if is_asked else None
        if not interval.length:
            return self.time.wrong_length("missing", zone)
        longest = self.clinic.policy_of(self.service_id).longest
        if interval.length > longest:
            return self.time.wrong_length("too_long", zone, longest)
        return None

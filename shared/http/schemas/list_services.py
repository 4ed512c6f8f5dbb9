"""The response of list_services."""

from typing import Self

from shared.http.schemas.fields import ResponseModel, absent
from shared.model.service import Service
from shared.model.time_zones import MINUTE


class ServiceResponse(ResponseModel):
    """A kind of appointment; without `duration_minutes`, one of any length."""

    id: str
    name: str
    duration_minutes: int | None = absent()
    description: str | None = absent()

    @classmethod
    def of_service(cls, service: Service) -> Self:
        """Return a service."""
        return cls(
            id=service.id,
            name=service.name,
            duration_minutes=service.length and service.length // MINUTE,
            description=service.description,
        )


class ServiceList(ResponseModel):
    """The services of the clinic, in the order of its file."""

    services: list[ServiceResponse]

"""A sink: somebody who is told of events."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.event import Event
from shared.model.service import Service

SECONDS = 10.0
"""How long one try may take."""


class DeliveryFailed(Exception):
    """A try failed. The message says why to an operator, and nothing about a patient."""


class Message(Struct, frozen=True):
    """An event, with all that there is to tell of it.

    `appointment` is as it was after the change or, for a reminder, as it is now. `previous_doctor`
    is whom it was with before it was moved. `service` is None without one, or if it is gone.
    """

    event: Event
    appointment: Appointment
    doctor: Doctor
    now: datetime
    previous_doctor: Doctor | None = None
    service: Service | None = None


class Sink(Protocol):
    """Somebody who is told of events, one after the other for each appointment.

    `name` tells it apart from all others, also when the process starts again.
    """

    name: str

    def wants(self, message: Message) -> bool:
        """Whether there is anybody to be told."""

    async def send(self, message: Message) -> None:
        """Deliver a message, within `SECONDS`. Raises DeliveryFailed, or what it did not expect.

        The same message may come again, with the same event id.
        """

    async def close(self) -> None:
        """Release connections."""

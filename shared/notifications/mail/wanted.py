"""Of which events patients get mail."""

from shared.model.event import EventType
from shared.notifications.sink import Message

MAILED: tuple[EventType, ...] = ("booked", "moved", "updated", "cancelled", "reminder", "affected")
"""Not the marks: the patient was there."""
_BEFORE_START = ("reminder", "affected")


def is_wanted(message: Message) -> bool:
    """Whether the patient has an address, and can still use what the mail says."""
    event, appointment = message.event, message.appointment
    if event.type not in MAILED or not appointment.patient.email:
        return False
    start, end = appointment.interval
    return message.now < (start if event.type in _BEFORE_START else end)

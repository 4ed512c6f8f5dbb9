"""A mail to a patient, written but not sent."""

from datetime import datetime

from msgspec import Struct

from shared.calendar.ics import Method
from shared.notifications.mail.addresses import Mailbox

FILE_NAME = "appointment.ics"


class Invitation(Struct, frozen=True):
    """A calendar file that adds, changes or cancels the appointment in the patient's calendar."""

    method: Method
    file: bytes


class Mail(Struct, frozen=True):
    """A mail, whole.

    `id` is its Message-ID, the same whenever the same event is told. `answers` is that of the mail
    of the booking, which all later ones follow in one thread; None for the booking's own.
    """

    id: str
    answers: str | None
    sender: Mailbox
    to: Mailbox
    written_at: datetime
    subject: str
    text: str
    html: str
    invitation: Invitation | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What tells programs about it: its thread, and that no person wrote it."""
        thread = {"In-Reply-To": self.answers, "References": self.answers} if self.answers else {}
        return {"Message-ID": self.id, **thread, "Auto-Submitted": "auto-generated"}

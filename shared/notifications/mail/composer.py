"""Writing the mail of an event."""

from hashlib import sha256

from email_validator import EmailNotValidError
from msgspec.structs import replace

from shared.calendar.ics import Method, calendar_of, event_of, invite
from shared.model.event import Event, EventType
from shared.notifications.mail.addresses import Mailbox, receiver_of, sender_of
from shared.notifications.mail.facts import Facts, facts_of
from shared.notifications.mail.mail import Invitation, Mail
from shared.notifications.mail.sample_events import samples
from shared.notifications.mail.templates import Templates, mistake
from shared.notifications.sink import DeliveryFailed, Message
from shared.settings import MailSettings, SettingsError

_METHODS: dict[EventType, Method] = {
    "booked": "REQUEST",
    "moved": "REQUEST",
    "updated": "REQUEST",
    "cancelled": "CANCEL",
}
"""Other events change nothing in a calendar, and another invitation would only puzzle people."""


class Composer:
    """Writes mails, all in one language and from one sender."""

    def __init__(self, settings: MailSettings) -> None:
        """Try every template, so that none fails at night. Raises SettingsError."""
        self._templates = Templates(settings.language, settings.templates)
        self.sender = sender_of(settings.sender)
        self._link = settings.link
        self._try_templates()

    def compose(self, message: Message) -> Mail:
        """Write the mail of an event. Raises DeliveryFailed if it cannot be addressed."""
        return self._written(message, self._link)

    def _written(self, message: Message, link: str | None) -> Mail:
        event, to = message.event, _receiver(message)
        facts = {
            **facts_of(message, self._templates.locale, self.sender.name, link),
            "invites": _METHODS.get(event.type) == "REQUEST",
        }
        words = self._templates.words(f"{event.type}.txt", facts)
        facts |= {
            "subject": words.subject,
            "heading": words.heading,
            "paragraphs": words.paragraphs,
        }
        own, first = self._message_id(event), self._message_id(_booking_of(event))
        return Mail(
            id=own,
            answers=first if first != own else None,
            sender=self.sender,
            to=to,
            written_at=message.now,
            subject=words.subject,
            text=self._templates.render("layout.txt", facts),
            html=self._templates.render("layout.html", facts),
            invitation=self._invitation(message, to, facts),
        )

    def _invitation(self, message: Message, to: Mailbox, facts: Facts) -> Invitation | None:
        method = _METHODS.get(message.event.type)
        if method is None:
            return None
        title, description = self._templates.entry(facts)
        entry = event_of(message.appointment, title, message.now, description)
        invite(entry, self.sender.address, to.address, to.name)
        return Invitation(method, calendar_of([entry], method))

    def _message_id(self, event: Event) -> str:
        """Return the same id for the same event, without what the event's own id tells."""
        return f"<{sha256(event.id.encode()).hexdigest()[:32]}@{self.sender.domain}>"

    def _try_templates(self) -> None:
        try:
            for message in samples():
                self._written(message, "https://clinic.example/" if message.service else None)
        except Exception as error:
            # Whatever a template may do wrong.
            raise SettingsError(f"MAIL_TEMPLATES: {mistake(error)}") from error


def _receiver(message: Message) -> Mailbox:
    patient = message.appointment.patient
    try:
        return receiver_of(patient.email or "", patient.name)
    except EmailNotValidError:
        # The error quotes the address.
        raise DeliveryFailed("the patient's e-mail address is not well-formed") from None


def _booking_of(event: Event) -> Event:
    """Return an event that has the name of the one which booked the same appointment."""
    return replace(event, type="booked", version=1, detail="")

"""Mail as documents, which Firebase's extension *Trigger Email* sends by a server of its own.

A mail counts as delivered once its document is there. What becomes of it then, the extension writes
into it.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from shared.notifications.mail.composer import Composer
from shared.notifications.mail.mail import FILE_NAME, Invitation, Mail
from shared.notifications.mail.wanted import is_wanted
from shared.notifications.sink import DeliveryFailed, Message
from shared.store.port import StoreError


@runtime_checkable
class MailStore(Protocol):
    """A store that the extension reads."""

    async def add_mail(
        self, event_id: str, appointment_id: str, fields: Mapping[str, object]
    ) -> None:
        """Create the document of an event's mail, unless there is one, or the event is erased.

        Raises StoreError.
        """


class DocumentSink:
    """Writes the documents of mails to patients."""

    name = "mail"

    def __init__(self, store: MailStore, composer: Composer) -> None:
        self._store = store
        self._composer = composer

    def wants(self, message: Message) -> bool:
        """Whether the patient is to be told."""
        return is_wanted(message)

    async def send(self, message: Message) -> None:
        """Write the document of an event's mail. Raises DeliveryFailed."""
        event = message.event
        fields = fields_of(self._composer.compose(message))
        try:
            await self._store.add_mail(event.id, event.appointment_id, fields)
        except StoreError as error:
            raise DeliveryFailed(str(error)) from error

    async def close(self) -> None:
        """Nothing stays open but the store, which others use."""


def fields_of(mail: Mail) -> dict[str, Any]:
    """Return a mail as the extension reads it.

    The receiver is a bare address: the extension parses a text with a name, which somebody else has
    chosen.
    """
    return {
        "to": [mail.to.address],
        "from": str(mail.sender.header),
        "headers": mail.headers,
        "message": {
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "attachments": [_attachment(mail.invitation)] if mail.invitation else [],
        },
    }


def _attachment(invitation: Invitation) -> dict[str, str]:
    """Return the calendar file: in base64, the only form that all servers of the extension take."""
    return {
        "filename": FILE_NAME,
        "content": b64encode(invitation.file).decode(),
        "encoding": "base64",
        "contentType": f"text/calendar; charset=utf-8; method={invitation.method}",
    }

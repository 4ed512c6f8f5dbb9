"""Mail by a server (SMTP), one connection for each.

A mail counts as delivered once the server has taken it; what becomes of it then is the server's.
"""

import asyncio
import re
import ssl
from contextlib import suppress

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from shared.notifications.mail.composer import Composer
from shared.notifications.mail.mime import mime_of
from shared.notifications.mail.wanted import is_wanted
from shared.notifications.sink import SECONDS, DeliveryFailed, Message
from shared.settings import SmtpServer
from shared.settings.addresses import is_loopback

_GOODBYE_SECONDS = 1.0
DEADLINE_SECONDS = SECONDS - _GOODBYE_SECONDS - 1
"""For the whole mail: it ends, with a reason, before whoever waits for it gives up."""
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
"""A status of RFC 3463, which a server's words begin with."""

_REFUSALS: dict[type[SMTPResponseException], str] = {
    SMTPRecipientRefused: "the server refused the patient's address",
    SMTPSenderRefused: "the server refused the address of MAIL_FROM",
    SMTPAuthenticationError: "the server refused the user or the password of MAIL",
}


class SmtpSink:
    """Sends mail to patients by a server."""

    name = "mail"

    def __init__(
        self,
        server: SmtpServer,
        composer: Composer,
        seconds: float = DEADLINE_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._composer = composer
        self._seconds = seconds
        self._tls = tls or tls_of(server)

    def wants(self, message: Message) -> bool:
        """Whether the patient is to be told."""
        return is_wanted(message)

    async def send(self, message: Message) -> None:
        """Give the mail of an event to the server. Raises DeliveryFailed."""
        mail = self._composer.compose(message)
        client = self._client()
        try:
            async with asyncio.timeout(self._seconds):
                await client.connect()
                await client.send_message(
                    mime_of(mail), sender=mail.sender.address, recipients=[mail.to.address]
                )
            # The mail is taken, whatever the answer to this.
            with suppress(SMTPException):
                await client.quit(timeout=_GOODBYE_SECONDS)
        except (SMTPException, OSError) as error:
            # What the server says may quote the patient's address.
            raise DeliveryFailed(_reason(error, self._seconds)) from None
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing stays open."""

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=self._seconds,
            use_tls=server.tls,
            start_tls=must_start_tls(server),
            tls_context=self._tls,
            # Relays know their customers by it; the library would ask the resolver for a name.
            local_hostname=self._composer.sender.domain,
        )


def must_start_tls(server: SmtpServer) -> bool | None:
    """Whether to change to TLS (STARTTLS): True is always, None if the server offers it.

    A password is sent in clear to nobody but this machine.
    """
    if server.tls:
        return False
    return True if server.password is not None and not is_loopback(server.host) else None


def tls_of(server: SmtpServer) -> ssl.SSLContext:
    """Return how TLS is spoken. A server of this machine need not prove who it is.

    Mail servers greet their own machine with a certificate that they have made themselves.
    """
    if not is_loopback(server.host):
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: Exception, seconds: float) -> str:
    """Return why a mail was not taken, without what the server says of the patient."""
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        return f"{_REFUSALS.get(type(error), 'the server refused')}: {_status(error)}"
    if isinstance(error, TimeoutError):
        return f"the server did not answer within {seconds:g} s"
    if isinstance(error, SMTPServerDisconnected):
        return "the server closed the connection"
    return str(error)


def _status(refusal: SMTPResponseException) -> str:
    enhanced = _ENHANCED.match(refusal.message)
    return f"{refusal.code} {enhanced[0]}" if enhanced else str(refusal.code)

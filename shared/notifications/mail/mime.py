"""Mails in the form of the internet (MIME).

multipart/mixed
  multipart/alternative
    text/plain
    text/html
    text/calendar; method=REQUEST   what Gmail, Outlook and Apple Mail show as an invitation
  application/ics                   the same as a file, for all others
"""

from email.message import EmailMessage
from email.policy import SMTP

from shared.notifications.mail.addresses import literal
from shared.notifications.mail.mail import FILE_NAME, Invitation, Mail


def mime_of(mail: Mail) -> EmailMessage:
    """Return a mail with all its parts, each in an encoding that every server passes on."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender.header
    message["To"] = mail.to.header
    message["Subject"] = literal(mail.subject)
    message["Date"] = mail.written_at
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.invitation:
        _add(message, mail.invitation)
    return message


def _add(message: EmailMessage, invitation: Invitation) -> None:
    message.add_alternative(
        invitation.file.decode(),
        subtype="calendar",
        cte="base64",
        params={"method": invitation.method},
    )
    message.add_attachment(
        invitation.file, maintype="application", subtype="ics", filename=FILE_NAME
    )

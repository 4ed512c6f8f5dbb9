from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.notifications.mail.addresses import one_line, receiver_of
from shared.notifications.mail.mail import Mail
from shared.notifications.mail.mime import mime_of
from shared.notifications.sink import Message
from tests.examples import examples
from tests.notifications.mail.messages import NOW, composer, message, named

ADDRESS = "ada@mail.example"


def sent(mail: Mail) -> EmailMessage:
    """A mail as whoever gets it reads it."""
    read = message_from_bytes(bytes(mime_of(mail)), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def composed(told: Message) -> EmailMessage:
    return sent(composer().compose(told))


def test_a_mail_has_the_headers_that_it_needs() -> None:
    read = composed(message())
    assert dict(read.items()) == {
        "From": "Riverside Clinic <appointments@clinic.example>",
        "To": "Ada Lovelace <ada@mail.example>",
        "Subject": "Your appointment on Monday, November 23, 2026, 9:00 AM",
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "Message-ID": "<f17426cdb664718d140aa7d8a4151cd7@clinic.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": read["Content-Type"],
    }
    assert read["Date"].datetime == NOW
    assert read.defects == []


def test_a_later_mail_follows_the_first_one() -> None:
    read = composed(message("moved"))
    first = "<f17426cdb664718d140aa7d8a4151cd7@clinic.example>"
    assert (read["In-Reply-To"], read["References"]) == (first, first)


def test_an_invitation_stands_where_calendars_look_for_it() -> None:
    mail = composer().compose(message())
    read = sent(mail)
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    _, _, text, html, calendar, file = read.walk()
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n") == mail.html
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert file.get_filename() == "appointment.ics"
    assert mail.invitation
    for part in (calendar, file):
        assert part.get_payload(decode=True) == mail.invitation.file
    assert icalendar.Calendar.from_ical(mail.invitation.file)["method"] == "REQUEST"


def test_a_cancellation_says_so_to_calendars() -> None:
    parts = {part.get_content_type(): part for part in composed(message("cancelled")).walk()}
    assert parts["text/calendar"]["Content-Type"].params["method"] == "CANCEL"


def test_a_mail_without_an_invitation_is_text_and_html() -> None:
    read = composed(message("reminder"))
    types = [part.get_content_type() for part in read.walk()]
    assert types == ["multipart/alternative", "text/plain", "text/html"]


def test_every_server_passes_a_mail_on_as_it_is() -> None:
    for line in bytes(mime_of(composer("de").compose(named("Zoë 蒙 🩺")))).split(b"\r\n"):
        assert line.isascii()
        assert b"\n" not in line
        assert len(line) <= 78


NAMES = [
    "Ada\r\nBcc: all@clinic.example",
    "Ada\nBcc: all@clinic.example\n\nBuy",
    "Ada\r",
    'Ada "the Countess" Lovelace',
    "Lovelace, Ada",
    "Ada <eve@evil.example>",
    "<eve@evil.example>",
    'x" <eve@evil.example>, "y',
    "Ada;:()[]\\@,.",
    "a@b",
    "=?utf-8?q?Bcc=3A?=",
    "=?utf-8?q?eve=40evil.example=2C?=",
    "=?utf-8?q?Ada=0D=0ABcc=3A_all=40clinic.example?=",
    "Zoë Müller",
    "Müller, Zoë <zoe@evil.example>",
    "عدا لوفلايس",
    'עדה "לאבלייס"',
    "蒙蒙蒙 " * 60,
    "🩺" * 200,
    "A" * 200,
    "Ada Lovelace " * 16,
    'ä"' * 100,
    "Ada\u2028\u2029\u0085\x0b\x0cLovelace",
    "\u202eecalevoL adA",
    "क्‍ष",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_a_name(name: str) -> None:
    check(name)


def test_a_subject_is_one_line_and_is_not_decoded() -> None:
    hostile = "=?utf-8?q?a=0D=0ABcc=3A_all=40clinic.example?= \r\nBcc: all@b.example"
    mail = composer().compose(message())
    read = sent(replace(mail, subject=one_line(hostile)))
    expected = "= ?utf-8?q?a=0D=0ABcc=3A_all=40clinic.example?= Bcc: all@b.example"
    assert read["Subject"] == expected
    assert "Bcc" not in read


@examples(50)
@given(st.text(min_size=1, max_size=200))
@example("=?us-ascii?q?a?= =?us-ascii?q?b?=")
def test_any_name_is_a_name(name: str) -> None:
    check(name)


def receiver(content: bytes) -> tuple[str, str]:
    """Who gets a mail: by the older reader, which drops the blanks between encoded words."""
    older = message_from_bytes(content, policy=compat32)
    name, address = parseaddr("".join(older["To"].splitlines()))
    return str(make_header(decode_header(name))), address


def check(name: str) -> None:
    """A mail to somebody of this name goes to them alone, and has no header more than others."""
    short = replace(composer().compose(message()), text="", html="", invitation=None)
    mail = replace(short, to=receiver_of(ADDRESS, name))
    content = bytes(mime_of(mail))
    read = message_from_bytes(content, policy=default)
    assert list(read.keys()) == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    [address] = read["To"].addresses
    assert address.addr_spec == ADDRESS
    assert receiver(content) == (mail.to.name.replace("=?", "= ?"), ADDRESS)
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))

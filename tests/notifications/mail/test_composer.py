from datetime import timedelta
from typing import Any

import icalendar
import pytest
import vobject
from msgspec.structs import replace

from shared.model.appointment import Patient
from shared.model.event import EventType
from shared.notifications.mail.mail import Mail
from shared.notifications.sink import DeliveryFailed
from tests.builders import at
from tests.notifications.mail.messages import (
    APPOINTMENT,
    ID,
    NOW,
    PALMER,
    composer,
    message,
    named,
)

BOOKED_EN = f"""\
Riverside Clinic

Your appointment is booked

Hello Ada Lovelace,

We look forward to seeing you.

  Check-up with Doctor Strange
  Monday, November 23, 2026
  9:00 AM – 9:30 AM
  Eastern Standard Time

Move or cancel your appointment:
https://clinic.example/my-appointment?appointment_id={ID}

The attached file adds the appointment to your calendar.

--{" "}
You get this automatic e-mail because your address was given for the appointment.
"""
MOVED_DE = f"""\
Riverside Clinic

Ihr Termin wurde verschoben

Guten Tag Ada Lovelace,

Ihr Termin wurde verschoben und ist jetzt bei Doctor Strange. Die alte Zeit gilt nicht mehr.

  Check-up bei Doctor Strange
  Montag, 23. November 2026
  09:00 – 09:30 Uhr
  Nordamerikanische Ostküsten-Normalzeit

Bisher: Montag, 23. November 2026, 14:00 – 14:30 Uhr, bei Doctor Palmer

Termin verschieben oder absagen:
https://clinic.example/my-appointment?appointment_id={ID}

Die angehängte Datei trägt den Termin in Ihren Kalender ein.

--{" "}
Sie erhalten diese automatische E-Mail, weil Ihre Adresse zu dem Termin angegeben wurde.
"""


def entry(mail: Mail) -> Any:  # noqa: ANN401 - the parser's own
    """The one entry of the calendar file, as the library reads it that did not write it."""
    assert mail.invitation
    return vobject.readOne(mail.invitation.file.decode()).vevent


def test_a_booking_says_what_with_whom_when_and_how_to_change_it() -> None:
    mail = composer().compose(message())
    assert mail.subject == "Your appointment on Monday, November 23, 2026, 9:00 AM"
    assert mail.text == BOOKED_EN


def test_a_move_says_what_was_before() -> None:
    mail = composer("de").compose(message("moved", from_doctor=PALMER))
    assert mail.subject == ("Ihr Termin wurde verschoben auf Montag, 23. November 2026, 09:00 Uhr")
    assert mail.text == MOVED_DE


@pytest.mark.parametrize(
    ("language", "event_type", "subject", "heading"),
    [
        ("en", "moved", "Your appointment has moved to {}", "Your appointment has moved"),
        ("en", "updated", "Updated: your appointment on {}", "Your details were updated"),
        ("en", "cancelled", "Cancelled: your appointment on {}", "Your appointment is cancelled"),
        ("en", "reminder", "Reminder: your appointment on {}", "Your appointment is coming up"),
        ("en", "affected", "About your appointment on {}", "Doctor Strange will be away"),
        ("de", "booked", "Ihr Termin am {}", "Ihr Termin ist gebucht"),
        ("de", "updated", "Aktualisiert: Ihr Termin am {}", "Ihre Angaben wurden aktualisiert"),
        ("de", "cancelled", "Abgesagt: Ihr Termin am {}", "Ihr Termin ist abgesagt"),
        ("de", "reminder", "Erinnerung: Ihr Termin am {}", "Ihr Termin steht bevor"),
        ("de", "affected", "Zu Ihrem Termin am {}", "Doctor Strange ist nicht da"),
    ],
)
def test_each_event_is_told_in_words_of_its_own(
    language: str, event_type: EventType, subject: str, heading: str
) -> None:
    mail = composer(language).compose(message(event_type))
    when = {
        "en": "Monday, November 23, 2026, 9:00 AM",
        "de": "Montag, 23. November 2026, 09:00 Uhr",
    }
    assert mail.subject == subject.format(when[language])
    assert f"\n{heading}\n" in mail.text
    assert f">{heading}</h1>" in mail.html


def test_no_mail_names_why_somebody_comes_or_how_they_can_be_called() -> None:
    for event_type in ("booked", "moved", "updated", "cancelled", "reminder", "affected"):
        mail = composer().compose(message(event_type))
        file = mail.invitation.file.decode() if mail.invitation else ""
        for told in (mail.subject, mail.text, mail.html, file):
            assert "back pain" not in told
            assert "555" not in told


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Reason: The doctor"), ("de", "Grund: The doctor")]
)
def test_a_cancellation_gives_its_reason_and_offers_no_change(language: str, words: str) -> None:
    cancelled = APPOINTMENT._replace(cancellation_reason="The doctor\nis <ill>.")
    mail = composer(language).compose(message("cancelled", cancelled))
    assert f"{words} is <ill>." in mail.text
    assert f"{words} is &lt;ill&gt;." in mail.html
    assert "appointment_id" not in mail.text + mail.html
    without = composer(language).compose(message("cancelled"))
    assert words.partition(":")[0] not in without.text + without.html


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "If you cannot come, please let us know"), ("de", "Wenn Sie nicht kommen können")],
)
def test_without_a_page_people_are_asked_to_call(language: str, words: str) -> None:
    mail = composer(language, link=None).compose(message("affected"))
    assert words in mail.text
    assert words in mail.html
    assert "<a " not in mail.html


def test_a_page_can_be_opened_from_the_html() -> None:
    page = "https://clinic.example/?a=1"
    mail = composer(link=page).compose(message())
    assert f'<a href="https://clinic.example/?a=1&amp;appointment_id={ID}"' in mail.html


def test_an_appointment_without_a_service_is_called_so() -> None:
    assert "  Appointment with Doctor Strange\n" in composer().compose(message(service=None)).text
    assert "  Termin bei Doctor Strange\n" in composer("de").compose(message(service=None)).text


def test_hostile_names_are_text_and_nothing_else() -> None:
    mail = composer().compose(named("<script>alert('&amp;')</script> {{ 7 * 7 }}"))
    assert "Hello <script>alert('&amp;')</script> {{ 7 * 7 }}," in mail.text
    assert "Hello &lt;script&gt;alert(&#39;&amp;amp;&#39;)&lt;/script&gt; {{ 7 * 7 }}," in mail.html
    assert "<script" not in mail.html


# The calendar file


@pytest.mark.parametrize(
    ("event_type", "method", "status", "sequence"),
    [
        ("booked", "REQUEST", "CONFIRMED", 0),
        ("moved", "REQUEST", "CONFIRMED", 4),
        ("updated", "REQUEST", "CONFIRMED", 4),
        ("cancelled", "CANCEL", "CANCELLED", 4),
    ],
)
def test_a_calendar_learns_what_has_changed(
    event_type: EventType, method: str, status: str, sequence: int
) -> None:
    appointment = APPOINTMENT._replace(version=sequence + 1)
    mail = composer().compose(message(event_type, appointment))
    assert mail.invitation
    calendar = icalendar.Calendar.from_ical(mail.invitation.file)
    assert (mail.invitation.method, calendar["method"]) == (method, method)
    [found] = calendar.walk("VEVENT")
    assert (found["uid"], found["sequence"], found["status"]) == (ID, sequence, status)
    assert found["organizer"] == "mailto:appointments@clinic.example"
    assert found["attendee"] == "mailto:ada@mail.example"
    assert found["attendee"].params["cn"] == "Ada Lovelace"
    read = entry(mail)
    assert read.dtstart.value == at("2026-11-23T14:00Z")
    assert read.dtend.value == at("2026-11-23T14:30Z")
    assert read.summary.value == "Check-up with Doctor Strange"
    assert read.dtstamp.value == NOW


def test_the_entry_of_a_calendar_says_how_to_change_it() -> None:
    page = f"https://clinic.example/my-appointment?appointment_id={ID}"
    assert entry(composer().compose(message())).description.value == f"Move or cancel: {page}"
    german = entry(composer("de").compose(message()))
    assert german.summary.value == "Check-up bei Doctor Strange"
    assert german.description.value == f"Verschieben oder absagen: {page}"
    assert "description" not in entry(composer(link=None).compose(message())).contents


@pytest.mark.parametrize("event_type", ["reminder", "affected"])
def test_what_changes_nothing_invites_nobody_again(event_type: EventType) -> None:
    mail = composer().compose(message(event_type))
    assert mail.invitation is None
    assert "attached file" not in mail.text + mail.html


@pytest.mark.parametrize(
    "name", ['Ada "the Countess" Lovelace', "Lovelace; Ada: x, y", "Zoë 蒙 🩺", "عدا", "^n\\n"]
)
def test_a_calendar_reads_hostile_names(name: str) -> None:
    mail = composer().compose(named(name))
    assert mail.invitation
    lines = mail.invitation.file.decode().split("\r\n")
    assert [line for line in lines if line.startswith("BEGIN:")] == [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
    ]
    assert entry(mail).attendee.value == "mailto:ada@mail.example"


# Headers


def test_a_mail_has_the_same_id_whenever_the_same_event_is_told() -> None:
    again = replace(message(), now=NOW + timedelta(days=2))
    first, second = composer().compose(message()), composer("de").compose(again)
    assert first.id == second.id == "<f17426cdb664718d140aa7d8a4151cd7@clinic.example>"


def test_the_mails_of_an_appointment_are_one_thread_and_have_ids_of_their_own() -> None:
    booked = composer().compose(message())
    assert booked.answers is None
    assert "In-Reply-To" not in booked.headers
    changes: list[tuple[EventType, int]]
    changes = [("updated", 2), ("affected", 2), ("reminder", 2), ("moved", 3)]
    later = [
        composer().compose(message(event_type, APPOINTMENT._replace(version=version)))
        for event_type, version in changes
    ]
    assert len({booked.id, *(mail.id for mail in later)}) == 5
    for mail in later:
        assert mail.headers == {
            "Message-ID": mail.id,
            "In-Reply-To": booked.id,
            "References": booked.id,
            "Auto-Submitted": "auto-generated",
        }
    other = composer().compose(message(appointment=APPOINTMENT._replace(id="other")))
    assert other.id != booked.id


def test_an_id_does_not_tell_the_appointments_own() -> None:
    assert "strange" not in composer().compose(message()).id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ada@mail.example", "ada@mail.example"),
        ("ada@müller.example", "ada@xn--mller-kva.example"),
        ("zoë@müller.example", "zoë@xn--mller-kva.example"),
        ("ada@clinic.local", "ada@clinic.local"),
    ],
)
def test_an_address_is_ascii_as_far_as_it_can_be(given: str, expected: str) -> None:
    assert composer().compose(named("Ada", given)).to.address == expected


def test_an_address_that_is_none_fails_and_is_not_repeated() -> None:
    with pytest.raises(DeliveryFailed) as raised:
        composer().compose(message(appointment=APPOINTMENT._replace(patient=Patient("A", "a b@c"))))
    assert str(raised.value) == "the patient's e-mail address is not well-formed"
    assert raised.value.__cause__ is None


def test_a_sender_need_not_have_a_name() -> None:
    mail = composer(sender="appointments@clinic.example").compose(message())
    assert (mail.sender.address, mail.sender.name) == ("appointments@clinic.example", "")
    assert mail.text.startswith("Your appointment is booked\n")

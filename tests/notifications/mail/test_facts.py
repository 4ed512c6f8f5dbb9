from zoneinfo import available_timezones

import pytest
from babel import Locale

from shared.model.doctor import Doctor
from shared.model.service import Service
from shared.model.time_zones import time_zone
from shared.notifications.mail.facts import facts_of, link_of, zone_name
from tests.builders import at, span
from tests.notifications.mail.messages import APPOINTMENT, ID, PALMER, STRANGE, message, named

EN, DE = Locale("en"), Locale("de")


def when(
    start: str, end: str, zone: str = "America/New_York", locale: Locale = EN
) -> tuple[str, ...]:
    """The date, the time and the name of the zone of an appointment."""
    appointment = APPOINTMENT._replace(interval=span(start, end))
    doctor = Doctor("strange", "Doctor Strange", time_zone(zone), ())
    facts = facts_of(message(appointment=appointment, doctor=doctor), locale, "", None)
    return facts["date"], facts["time"], facts["zone"]


@pytest.mark.parametrize(
    ("zone", "locale", "expected"),
    [
        (
            "America/New_York",
            EN,
            ("Monday, November 23, 2026", "9:00 AM – 9:30 AM", "Eastern Standard Time"),
        ),
        (
            "America/New_York",
            DE,
            (
                "Montag, 23. November 2026",
                "09:00 – 09:30",
                "Nordamerikanische Ostküsten-Normalzeit",
            ),
        ),
        (
            "Europe/Berlin",
            DE,
            ("Montag, 23. November 2026", "15:00 – 15:30", "Mitteleuropäische Normalzeit"),
        ),
        (
            "Asia/Tokyo",
            EN,
            ("Monday, November 23, 2026", "11:00 PM – 11:30 PM", "Japan Standard Time"),
        ),
        (
            "UTC",
            EN,
            ("Monday, November 23, 2026", "2:00 PM – 2:30 PM", "Coordinated Universal Time"),
        ),
        (
            "Europe/London",
            Locale.parse("en-GB", sep="-"),
            ("Monday, 23 November 2026", "14:00 – 14:30", "Greenwich Mean Time"),
        ),
    ],
)
def test_times_are_those_of_the_doctors_clock_in_the_words_of_the_language(
    zone: str, locale: Locale, expected: tuple[str, ...]
) -> None:
    assert when("2026-11-23T14:00Z", "2026-11-23T14:30Z", zone, locale) == expected


def test_what_ends_on_another_day_says_on_which() -> None:
    assert when("2026-11-24T04:30Z", "2026-11-24T05:30Z")[:2] == (
        "Monday, November 23, 2026",
        "11:30 PM – 12:30 AM (Tuesday, November 24, 2026)",
    )


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("America/New_York", "Eastern Standard Time", "Eastern Daylight Time"),
        ("Europe/Berlin", "Central European Standard Time", "Central European Summer Time"),
        ("Europe/Dublin", "Greenwich Mean Time", "Irish Standard Time"),
        (
            "Australia/Sydney",
            "Australian Eastern Daylight Time",
            "Australian Eastern Standard Time",
        ),
        ("Asia/Kolkata", "India Standard Time", "India Standard Time"),
        ("Etc/GMT+5", "GMT-05:00", "GMT-05:00"),
    ],
)
def test_a_zone_has_the_name_that_it_has_at_that_time_of_the_year(
    zone: str, winter: str, summer: str
) -> None:
    instants = at("2026-01-15T12:00Z"), at("2026-07-15T12:00Z")
    names = tuple(zone_name(instant.astimezone(time_zone(zone)), EN) for instant in instants)
    assert names == (winter, summer)


def test_of_two_times_that_the_clock_shows_alike_the_zone_tells_which() -> None:
    first = when("2026-11-01T05:30Z", "2026-11-01T05:45Z")
    second = when("2026-11-01T06:30Z", "2026-11-01T06:45Z")
    assert first == ("Sunday, November 1, 2026", "1:30 AM – 1:45 AM", "Eastern Daylight Time")
    assert second == ("Sunday, November 1, 2026", "1:30 AM – 1:45 AM", "Eastern Standard Time")


@pytest.mark.parametrize("locale", [EN, DE])
def test_every_zone_has_a_name(locale: Locale) -> None:
    instant = at("2026-11-23T14:00Z")
    for zone in available_timezones() - {"localtime", "Factory"}:
        name = zone_name(instant.astimezone(time_zone(zone)), locale)
        assert name.isprintable(), zone
        assert len(name) > 2, zone


def test_a_mail_tells_no_more_than_its_receiver_needs() -> None:
    appointment = APPOINTMENT._replace(cancellation_reason="flu")
    told = message("moved", appointment, from_doctor=PALMER)
    assert facts_of(told, EN, "Clinic", "https://clinic.example/") == {
        "kind": "moved",
        "language": "en",
        "direction": "ltr",
        "clinic": "Clinic",
        "patient": "Ada Lovelace",
        "service": "Check-up",
        "reason": "flu",
        "link": f"https://clinic.example/?appointment_id={ID}",
        "doctor": "Doctor Strange",
        "date": "Monday, November 23, 2026",
        "start": "9:00 AM",
        "time": "9:00 AM – 9:30 AM",
        "zone": "Eastern Standard Time",
        "previous": {
            "doctor": "Doctor Palmer",
            "date": "Monday, November 23, 2026",
            "start": "2:00 PM",
            "time": "2:00 PM – 2:30 PM",
            "zone": "Central European Standard Time",
        },
    }


def test_what_there_is_not_is_none() -> None:
    facts = facts_of(message(service=None), EN, "", None)
    assert [facts[name] for name in ("service", "reason", "link", "previous")] == [None] * 4


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("https://clinic.example", "https://clinic.example?appointment_id=a.b~c"),
        ("https://clinic.example/my", "https://clinic.example/my?appointment_id=a.b~c"),
        ("https://clinic.example/?lang=de", "https://clinic.example/?lang=de&appointment_id=a.b~c"),
        ("https://clinic.example/#/my", "https://clinic.example/?appointment_id=a.b~c#/my"),
    ],
)
def test_a_page_is_told_which_appointment(page: str, expected: str) -> None:
    assert link_of(page, "a.b~c") == expected


def test_names_are_single_lines_whatever_older_versions_have_stored() -> None:
    told = named("Ada\r\nBcc: all@clinic.example\u2028\u202egnirts\u2066 x\x00")
    service = Service("a", "Check\nup")
    doctor = Doctor("strange", "Doctor\tStrange", STRANGE.zone, ())
    facts = facts_of(
        message(appointment=told.appointment, doctor=doctor, service=service), EN, "", None
    )
    assert facts["patient"] == "Ada Bcc: all@clinic.example gnirts x"
    assert (facts["doctor"], facts["service"]) == ("Doctor Strange", "Check up")


def test_a_language_that_is_written_from_right_to_left_says_so() -> None:
    facts = facts_of(message(), Locale("he"), "", None)
    assert (facts["language"], facts["direction"]) == ("he", "rtl")

"""Overrides: their ids, and what a doctor-day knows of them."""

import pytest

from shared.model.appointment_id import appointment_id, home_day
from shared.model.override import (
    Override,
    OverrideEntry,
    OverrideKey,
    override_id,
    override_key,
)
from tests.builders import appointment, at, extra, key, off, schedule, span

OFF = off("2026-11-23T12:00Z", "2026-11-23T13:00Z")
EXTRA = extra("2026-11-23T08:00Z", "2026-11-23T09:00Z")
BOOKED = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z")
LUNCH = span("2026-11-23T12:00Z", "2026-11-23T13:00Z")


def test_an_id_tells_the_doctor() -> None:
    assert override_id("who", "c0ffee") == "who.override.c0ffee"
    assert override_key("who.override.c0ffee") == OverrideKey("who", "who.override.c0ffee")


@pytest.mark.parametrize(
    ("text", "doctor_id"),
    [
        pytest.param("dr.who_2-x.override.a", "dr.who_2-x", id="dots"),
        pytest.param("w.override.override.a", "w.override", id="a-strange-doctor"),
        pytest.param("who.override.", None, id="no-token"),
        pytest.param("who.override", None, id="no-token-and-no-dot"),
        pytest.param(".override.a", None, id="no-doctor"),
        pytest.param("-who.override.a", None, id="no-doctor-of-ours"),
        pytest.param("who.override.a-b", None, id="strange-token"),
        pytest.param("who.override.a\n", None, id="line-end"),
        pytest.param("who.20260109.a", None, id="an-appointment"),
        pytest.param("", None, id="empty"),
    ],
)
def test_only_an_id_of_ours_leads_to_a_doctor(text: str, doctor_id: str | None) -> None:
    assert override_key(text) == (doctor_id and OverrideKey(doctor_id, text))


@pytest.mark.parametrize("doctor_id", ["who", "w.override", "override.20260109"])
def test_no_id_is_that_of_an_override_and_of_an_appointment(doctor_id: str) -> None:
    home = key("2026-01-09", doctor_id)
    booked, override = appointment_id(home, "a1"), override_id(doctor_id, "a1")
    assert (home_day(booked), override_key(booked)) == (home, None)
    assert (home_day(override), override_key(override)) == (None, OverrideKey(doctor_id, override))


def test_a_day_knows_kind_and_time_alone() -> None:
    override = Override(
        "strange.override.a",
        "strange",
        "time_off",
        LUNCH,
        at("2026-01-01T00:00Z"),
        note="the dentist",
    )
    assert override.entry == OverrideEntry("strange.override.a", "time_off", LUNCH)
    assert override.key == OverrideKey("strange", "strange.override.a")
    assert override.position == (at("2026-11-23T12:00Z"), "strange.override.a")


def test_overrides_of_a_day_are_in_order_of_start_and_each_is_there_once() -> None:
    day = schedule("2026-11-23", BOOKED).with_override(OFF).with_override(EXTRA)
    assert day.overrides == (EXTRA, OFF)
    assert day.entries == {"a": BOOKED, OFF.id: OFF, EXTRA.id: EXTRA}
    later = OverrideEntry(EXTRA.id, "extra_hours", span("2026-11-23T18:00Z", "2026-11-23T19:00Z"))
    assert day.with_override(later).overrides == (OFF, later)
    assert day.without_override(OFF.id).overrides == (EXTRA,)
    assert day.without_override("unknown") == day


def test_appointments_come_and_go_and_overrides_stay() -> None:
    day = schedule("2026-11-23").with_override(OFF)
    assert day.with_appointment(BOOKED).overrides == (OFF,)
    assert day.with_appointment(BOOKED).without("a") == day

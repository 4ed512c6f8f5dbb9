"""The front desk, as the staff of a clinic use it. It is in UTC; each test has its own day."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.end_to_end.processes import CLINIC, Server, local_runner
from tests.pages.accessibility import assert_accessible, assert_accessible_and_shown
from tests.pages.reading import assert_in_line
from tests.pages.visits import Visit, Visits, visits_of

ADA = "Ada Lovelace"
STRANGE, WHO = 0, 1
"""The columns of the doctors."""


def booked_with(
    server: Server, start: str, doctor: str = "strange", name: str = ADA, minutes: int = 30
) -> dict[str, object]:
    """An appointment that somebody made elsewhere."""
    times = {"doctor_id": doctor, "start": start, "duration_minutes": minutes}
    who = {"name": name, "phone": "+49 30 1234567", "email": "someone@example.com"}
    answer = server.post("/create_appointment", {**times, "patient": who})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def now_of(server: Server, appointment: dict[str, object]) -> dict[str, object]:
    """What an appointment is by now."""
    asked = {"appointment_id": str(appointment["id"])}
    return dict(server.get("/get_appointment", **asked).json())


def booked_on(server: Server, day: str) -> list[tuple[str, str, int]]:
    """Doctor, start and length of everything that is booked on a day."""
    window = {"doctor_id": "*", "start": day, "end": day}
    found = server.get("/list_appointments", **window).json()["appointments"]
    return [(it["doctor_id"], it["start"][11:16], it["duration_minutes"]) for it in found]


def open_day(visits: Visits, day: str, at: str = "07:30", locale: str = "en-GB") -> Visit:
    """Open the desk in the morning of a day, and wait until it shows it."""
    size = ViewportSize(width=1280, height=1300)
    visit = visits.open("/desk", f"{day}T{at}:00Z", viewport=size, locale=locale)
    expect(visit.page.locator(".list")).to_have_attribute("aria-busy", "false")
    return visit


def block(page: Page, name: str = ADA) -> Locator:
    """An appointment in the grid."""
    return page.locator(".ec-event", has_text=name)


def point(page: Page, column: int, time: str) -> tuple[float, float]:
    """Where a time is in the window: a little below the line at which it begins."""
    hours, minutes = map(int, time.split(":"))
    day = page.locator(".ec-body .ec-day").nth(column)
    box = day.bounding_box()
    assert box
    pixels_a_minute = box["height"] / (11 * 60)  # The grid begins at 7:00 and ends at 18:00.
    return box["x"] + 40, box["y"] + (hours * 60 + minutes - 7 * 60) * pixels_a_minute + 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def test_all_doctors_stand_side_by_side_and_in_a_list(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-07T09:00:00Z")
    booked_with(server, "2030-01-07T10:00:00Z", "who", "Grace Hopper")
    page = open_day(visits, "2030-01-07").page
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("7 January 2030"))
    assert page.locator(".ec-header .ec-col-head").all_inner_texts() == [
        "Doctor Strange",
        "Doctor Who",
    ]
    expect(block(page).get_by_role("button")).to_have_accessible_name(
        "09:00 Ada Lovelace Doctor Strange"
    )
    table = page.get_by_role("table", name="Doctor Who")
    expect(table.get_by_role("row").nth(1)).to_contain_text(re.compile("10:00.10:30"))
    expect(page.locator(".is-closed")).to_have_count(4)
    expect(page.locator(".is-now")).to_have_count(2)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("8 January 2030"))
    expect(block(page)).to_have_count(0)
    page.get_by_role("combobox", name="Show").select_option("Week of Doctor Strange")
    expect(block(page)).to_have_count(1)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Doctor Strange, .*7 Jan to .*13 Jan")
    )
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("8 January 2030"))
    expect(page.get_by_role("combobox", name="Show")).to_have_value("")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("7 January 2030"))
    expect(block(page)).to_have_count(1)


def test_dragging_over_free_time_books_it(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-01-08").page
    drag(page, point(page, WHO, "10:00"), point(page, WHO, "10:40"))
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("Ada Lovelace is booked with Doctor Who, ")).to_be_visible()
    expect(block(page)).to_be_visible()
    assert booked_on(server, "2030-01-08") == [("who", "10:00", 45)]


def test_a_click_on_a_time_asks_who_comes(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-01-09").page
    page.mouse.click(*point(page, STRANGE, "11:20"))
    page.get_by_label("Name").fill(ADA)
    page.keyboard.press("Enter")
    expect(page.get_by_text("is booked")).to_be_visible()
    assert booked_on(server, "2030-01-09") == [("strange", "11:15", 30)]


def test_a_refusal_keeps_what_is_typed_and_offers_openings(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-10T09:00:00Z")
    visit = open_day(visits, "2030-01-10")
    visit.guard.expect("409 /create_appointment")
    page = visit.page
    page.get_by_role("button", name="New appointment").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Time").fill("09:15")
    page.get_by_label("Name").fill("Grace Hopper")
    book = page.get_by_role("button", name="Book", exact=True)
    before = book.bounding_box()
    book.dblclick()
    expect(page.get_by_role("alert").filter(has_text="This time is taken.")).to_be_visible()
    assert book.bounding_box() == before
    expect(page.get_by_label("Name")).to_have_value("Grace Hopper")
    expect(page.get_by_role("button", name="Book anyway")).to_have_count(0)
    page.locator("[data-opening]").first.click()
    expect(page.get_by_role("textbox", name="Time")).to_have_value("09:30")
    expect(page.get_by_text("09:15 is not free; 09:30 is chosen now.")).to_be_visible()
    book.click()
    expect(page.get_by_text("Grace Hopper is booked")).to_be_visible()
    assert booked_on(server, "2030-01-10")[1] == ("strange", "09:30", 30)


def test_staff_may_break_the_rules_that_they_name(visits: Visits, server: Server) -> None:
    visit = open_day(visits, "2030-01-11", locale="en-US")
    visit.guard.expect("422 /create_appointment")
    page = visit.page
    page.get_by_role("button", name="New appointment").click()
    page.get_by_role("textbox", name="Time").fill("17:30")
    page.get_by_label("Name").fill(ADA)
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"works 9:00\sAM.5:00\sPM on that day"))).to_be_visible()
    expect(page.locator(".problem")).to_be_focused()
    page.get_by_role("button", name="Book anyway").click()
    expect(page.get_by_text("is booked")).to_be_visible()
    assert booked_on(server, "2030-01-11") == [("strange", "17:30", 30)]


def test_who_walks_in_is_booked_in_the_running_minute_and_has_arrived(
    visits: Visits, server: Server
) -> None:
    page = open_day(visits, "2030-01-14", "10:07").page
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Walk-in").click()
    expect(page.get_by_text("Today, from now (10:07)")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("^Doctor")).select_option("Doctor Who")
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book now").click()
    expect(page.get_by_text("Ada Lovelace has arrived.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("14 January 2030"))
    expect(block(page)).to_be_visible()
    assert booked_on(server, "2030-01-14") == [("who", "10:07", 30)]


def test_a_year_that_is_still_being_typed_shows_no_other_day(visits: Visits) -> None:
    page = open_day(visits, "2030-01-14").page
    for year in ("0002", "0020", "0203"):
        page.get_by_label("Date").fill(f"{year}-01-15")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("14 January 2030"))
    page.get_by_label("Date").fill("2030-01-15")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("15 January 2030"))


def test_a_day_without_hours_says_so_and_a_time_is_asked_for(visits: Visits) -> None:
    page = visits.open("/desk?date=2030-01-12", "2030-01-11T10:07:00Z").page
    expect(page.get_by_text("Nobody works on this day.")).to_be_visible()
    page.get_by_role("button", name="New appointment").click()
    expect(page.get_by_role("textbox", name="Time")).to_be_focused()
    expect(page.get_by_role("textbox", name="Time")).to_have_value("")


def test_a_lost_answer_and_a_second_click_book_once(visits: Visits, server: Server) -> None:
    visit = open_day(visits, "2030-01-15", "09:25")
    visit.guard.expect("failed /create_appointment")
    page = visit.page
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    page.route("**/create_appointment", lose)
    page.get_by_role("button", name="New appointment").click()
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book", exact=True).dblclick()
    expect(page.get_by_text("nothing is booked twice")).to_be_visible()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("is booked")).to_be_visible()
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert booked_on(server, "2030-01-15") == [("strange", "09:30", 30)]


def test_an_appointment_is_dragged_to_another_doctor_and_made_longer(
    visits: Visits, server: Server
) -> None:
    made = booked_with(server, "2030-01-16T10:00:00Z")
    page = open_day(visits, "2030-01-16").page
    drag(page, point(page, STRANGE, "10:05"), point(page, WHO, "11:05"))
    expect(page.get_by_text("Ada Lovelace was moved to")).to_be_visible()
    assert booked_on(server, "2030-01-16") == [("who", "11:00", 30)]
    drag(page, point(page, WHO, "11:28"), point(page, WHO, "11:58"))
    expect(page.get_by_role("table", name="Doctor Who")).to_contain_text(re.compile("11:00.12:00"))
    assert booked_on(server, "2030-01-16") == [("who", "11:00", 60)]
    assert now_of(server, made)["version"] == 3


def test_what_may_not_move_goes_back_and_says_why(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-17T10:00:00Z")
    booked_with(server, "2030-01-17T11:00:00Z", "who", "Grace Hopper")
    visit = open_day(visits, "2030-01-17")
    visit.guard.expect("409 /reschedule_appointment", "422 /reschedule_appointment")
    page = visit.page
    before = block(page).bounding_box()
    drag(page, point(page, STRANGE, "10:05"), (1250, point(page, WHO, "11:05")[1]))
    refusal = page.get_by_role("alert").filter(has_text="Ada Lovelace was not moved.")
    expect(refusal).to_contain_text("This time is taken.")
    assert block(page).bounding_box() == before
    said = page.locator(".refusal").bounding_box()
    assert said
    assert said["x"] + said["width"] < 1280
    page.get_by_role("button", name="Choose another time").click()
    expect(page.locator("[data-opening]").first).to_contain_text("11:30")
    page.get_by_role("button", name="Cancel").click()
    drag(page, point(page, STRANGE, "10:05"), point(page, STRANGE, "08:05"))
    expect(refusal).to_contain_text("The doctor does not work at this time.")
    assert block(page).bounding_box() == before
    page.get_by_role("button", name="Move anyway").click()
    expect(page.get_by_text("Ada Lovelace was moved to")).to_be_visible()
    assert booked_on(server, "2030-01-17")[0] == ("strange", "08:00", 30)


def test_what_changed_elsewhere_is_not_overwritten(visits: Visits, server: Server) -> None:
    made = booked_with(server, "2030-01-18T10:00:00Z")
    visit = open_day(visits, "2030-01-18")
    visit.guard.expect("412 /reschedule_appointment")
    elsewhere = {"appointment_id": made["id"], "start": "2030-01-18T15:00:00Z"}
    assert server.post("/reschedule_appointment", elsewhere).status_code == 200
    page = visit.page
    drag(page, point(page, STRANGE, "10:05"), point(page, STRANGE, "11:05"))
    expect(page.get_by_text("was changed meanwhile")).to_be_visible()
    expect(block(page)).to_contain_text("15:00")
    assert booked_on(server, "2030-01-18") == [("strange", "15:00", 30)]


def test_a_correction_keeps_what_a_colleague_changed_meanwhile(
    visits: Visits, server: Server
) -> None:
    made = booked_with(server, "2030-03-08T10:00:00Z")
    visit = open_day(visits, "2030-03-08")
    visit.guard.expect("412 /update_appointment")
    page = visit.page
    block(page).click()
    page.get_by_role("button", name="Edit patient and reason").click()
    page.get_by_role("textbox", name="Reason").fill("check-up")
    theirs = {"name": ADA, "phone": "+49 30 7654321"}
    corrected = server.post(
        "/update_appointment", {"appointment_id": made["id"], "patient": theirs}
    )
    assert corrected.status_code == 200
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("textbox", name="Telephone")).to_have_value("+49 30 7654321")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    after = now_of(server, made)
    assert (after["patient"], after["reason"]) == (theirs, "check-up")
    block(page).click()
    page.get_by_role("button", name="Edit patient and reason").click()
    cancelled = server.post("/cancel_appointment", {"appointment_id": made["id"]})
    assert cancelled.status_code == 200
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_role("alert").filter(has_text="The appointment is: Cancelled.")
    ).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button")).to_have_text(
        ["Add to calendar", "Close"]
    )


def test_an_appointment_is_moved_by_keyboard(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-21T10:00:00Z")
    page = open_day(visits, "2030-01-21").page
    block(page).get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("+49 30 1234567")
    page.get_by_role("button", name="Move").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Move")).to_be_focused()
    page.get_by_role("combobox", name=re.compile("^Doctor")).select_option("Doctor Who")
    page.get_by_role("textbox", name="Time").fill("14:10")
    page.get_by_label("Length").fill("20")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada Lovelace was moved to")).to_be_visible()
    expect(block(page).get_by_role("button")).to_be_focused()
    assert booked_on(server, "2030-01-21") == [("who", "14:10", 20)]


def test_what_happens_at_the_clinic_is_recorded(visits: Visits, server: Server) -> None:
    made = booked_with(server, "2030-01-22T10:00:00Z")
    page = open_day(visits, "2030-01-22", "09:50").page
    block(page).click()
    expect(page.get_by_text("Can be marked as missed from 10:00.")).to_be_visible()
    expect(page.get_by_role("button", name="Missed")).to_have_count(0)
    page.get_by_role("button", name="Edit patient and reason").click()
    page.get_by_role("textbox", name="Reason").fill("check-up")
    page.get_by_role("button", name="Save").click()
    block(page).click()
    page.get_by_role("button", name="Arrived").click()
    expect(page.get_by_text("Ada Lovelace has arrived.")).to_be_visible()
    expect(block(page)).to_contain_text("Arrived")
    block(page).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Add to calendar").click()
    assert download.value.suggested_filename == "appointment.ics"
    page.get_by_role("button", name="Seen").dblclick()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    assert now_of(server, made)["status"] == "arrived"
    page.get_by_role("button", name="Seen").click()
    expect(block(page)).to_contain_text("Seen")
    after = now_of(server, made)
    assert (after["status"], after["reason"]) == ("fulfilled", "check-up")


def test_a_cancelled_appointment_leaves_the_day(visits: Visits, server: Server) -> None:
    made = booked_with(server, "2030-01-23T10:00:00Z")
    page = open_day(visits, "2030-01-23").page
    block(page).click()
    page.get_by_role("button", name="Cancel appointment").click()
    page.get_by_role("textbox", name="Reason").fill("the patient called")
    page.get_by_role("button", name="Cancel the appointment").click()
    expect(page.get_by_text("The appointment of Ada Lovelace is cancelled.")).to_be_visible()
    expect(block(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert now_of(server, made)["cancellation_reason"] == "the patient called"


def test_time_off_tells_who_must_move_and_can_be_deleted(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-24T10:00:00Z")
    booked_with(server, "2030-01-24T11:00:00Z", name="Grace Hopper")
    page = open_day(visits, "2030-01-24").page
    page.get_by_role("button", name="Time off or extra hours").click()
    page.get_by_label("From").fill("09:30")
    page.get_by_label("Until").fill("12:00")
    page.get_by_label("Note").fill("a conference")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 patients are booked in this time.")
    expect(dialog.get_by_role("link", name="+49 30 1234567")).to_have_count(2)
    link = page.get_by_role("link", name=ADA)
    assert "date=2030-01-24" in (link.get_attribute("href") or "")
    link.click()
    page.get_by_role("button", name="Move").click()
    page.get_by_role("textbox", name="Time").fill("14:00")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Ada Lovelace was moved to Doctor Strange, ")
    expect(dialog).to_contain_text("1 patient is booked in this time.")
    page.get_by_role("link", name="Grace Hopper").click()
    page.keyboard.press("Escape")
    expect(dialog).to_contain_text("1 patient is booked in this time.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(block(page, "Grace Hopper")).to_contain_text("Doctor is off")
    expect(block(page)).not_to_contain_text("Doctor is off")
    expect(page.get_by_text(re.compile("Time off · 09:30.12:00 · a conf"))).to_be_visible()
    expect(page.locator(".is-off")).to_have_count(1)
    page.get_by_role("button", name="Delete: Time off").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(
        page.get_by_text(re.compile("Time off deleted: Doctor Strange, .*09:30.12:00"))
    ).to_be_visible()
    expect(page.locator(".is-off")).to_have_count(0)


def test_a_patient_is_found_by_name_or_number(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-25T10:00:00Z")
    booked_with(server, "2030-01-25T10:00:00Z", "who", "Zoëlla Hopper")
    page = open_day(visits, "2030-01-25").page
    page.get_by_label("Find on this day").fill("zoella")
    expect(page.get_by_text("1 appointment found")).to_be_visible()
    expect(block(page)).to_have_class(re.compile("is-faded"))
    expect(page.get_by_role("table")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text("Zoëlla Hopper")
    page.keyboard.press("Escape")
    page.get_by_label("Find on this day").fill("301234567")
    expect(page.get_by_text("2 appointments found")).to_be_visible()


def test_the_list_is_what_is_printed(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-28T10:00:00Z")
    page = open_day(visits, "2030-01-28").page
    page.get_by_label("Find on this day").fill("somebody else")
    expect(page.get_by_text("Nobody found on this day.")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.get_by_role("table", name="Doctor Strange")).to_be_visible()
    expect(page.locator(".grid")).to_be_hidden()
    expect(page.get_by_role("button", name="New appointment")).to_be_hidden()
    assert_in_line(
        page.get_by_role("banner").locator(".clinic"), page.get_by_role("heading", level=1)
    )


def test_a_change_elsewhere_is_shown_within_ten_seconds(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-01-29").page
    page.get_by_role("button", name="New appointment").click()
    page.get_by_label("Name").fill("Grace")
    booked_with(server, "2030-01-29T10:00:00Z")
    page.clock.run_for(8_000)
    expect(page.locator(".ec-event", has_text=ADA)).to_have_count(1)
    page.keyboard.press("Escape")  # It asks whether to discard what is typed; the browser says no.
    expect(page.get_by_label("Name")).to_have_value("Grace")


def test_nothing_changes_under_the_hand_that_drags(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-01-30T10:00:00Z")
    page = open_day(visits, "2030-01-30").page
    page.mouse.move(*point(page, STRANGE, "10:05"))
    page.mouse.down()
    page.mouse.move(*point(page, STRANGE, "11:05"), steps=5)
    expect(page.locator(".ec-preview")).to_contain_text("11:00")
    booked_with(server, "2030-01-30T14:00:00Z", name="Grace Hopper")
    with page.expect_response("**/list_appointments*"):
        page.clock.run_for(8_000)
    expect(page.get_by_role("table")).to_contain_text("Grace Hopper")
    expect(block(page, "Grace Hopper")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_text("Ada Lovelace was moved to")).to_be_visible()
    expect(block(page, "Grace Hopper")).to_have_count(1)
    assert booked_on(server, "2030-01-30")[0] == ("strange", "11:00", 30)


def test_a_failed_poll_says_since_when_and_goes_on(visits: Visits) -> None:
    visit = open_day(visits, "2030-01-31")
    visit.guard.expect("failed /list_appointments")
    page = visit.page
    page.route("**/list_appointments*", lambda route: route.abort())
    page.clock.run_for(8_000)
    expect(page.get_by_text("Not up to date since 07:30.")).to_be_visible()
    page.unroute_all()
    page.clock.run_for(8_000)
    expect(page.get_by_text("Not up to date")).to_have_count(0)


def test_time_off_elsewhere_is_shown_within_ten_seconds(visits: Visits, server: Server) -> None:
    visit = open_day(visits, "2030-02-01")
    page = visit.page
    off = {"start": "2030-02-01T12:00:00", "end": "2030-02-01T13:00:00", "note": "dentist"}
    made = server.post("/create_override", {"doctor_id": "who", "kind": "time_off", **off})
    assert made.status_code == 201
    visit.travel("2030-02-01T07:30:08Z")
    page.clock.run_for(8_000)
    expect(page.get_by_text("dentist")).to_be_visible()


def test_an_unchanged_day_costs_two_reads_at_most(browser: Browser, tmp_path: Path) -> None:
    """One request a poll, answered by 304."""
    (tmp_path / "doctors.json").write_text(Path(CLINIC).read_text("utf-8"))
    with (
        local_runner(tmp_path, {"TEST_CLOCK": "on"}) as server,
        visits_of(browser, server.url) as own,
    ):
        page = own.open("/desk?doctor_id=who", "2030-02-04T07:30:00Z").page
        expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
        with page.expect_response("**/list_appointments*") as polled:
            page.clock.run_for(8_000)
        assert polled.value.status == 304
    lines = server.errors.read_text().splitlines()
    *_, unchanged = [line for line in lines if "list_appointments" in line]
    assert " 304 " in unchanged
    reads = re.search(r"; (\d+) read, ", unchanged)
    assert reads
    assert int(reads[1]) <= 2


def test_the_desk_is_accessible_and_looked_at(
    visits: Visits, server: Server, screenshot: Callable[[Page, str], None]
) -> None:
    booked_with(server, "2030-02-05T10:00:00Z")
    booked_with(server, "2030-02-05T13:00:00Z", "who", "Grace Hopper", 15)
    booked_with(server, "2030-02-05T14:00:00Z", "who", "Mary Shelley", 10)
    booked_with(server, "2030-02-05T14:20:00Z", "who", "Alan Turing", 5)
    page = open_day(visits, "2030-02-05", "12:10", "en-US").page  # Its times are the longest.

    look = partial(assert_accessible_and_shown, page, screenshot)

    look("desk")
    expect(block(page, "Alan").get_by_role("button")).to_have_accessible_name(re.compile("Alan T"))
    texts = page.locator(".appointment button > :not(.unseen)")
    cut = texts.evaluate_all(
        """all => all.filter(it => getComputedStyle(it).clipPath === "none")
            .filter(it => it.offsetHeight > it.parentElement.clientHeight)
            .map(it => it.textContent)"""
    )
    assert cut == []
    for width in (320, 600):
        page.set_viewport_size({"width": width, "height": 800})
        assert_accessible(page)
        cells = page.locator(".list :is(th, td):visible")
        assert cells.evaluate_all("all => all.every(it => it.scrollWidth <= it.clientWidth)")
        contacts = page.locator(".contact a")
        assert contacts.evaluate_all("all => all.every(it => it.offsetHeight >= 24)")
    page.set_viewport_size({"width": 1280, "height": 1300})
    block(page).click()
    look("desk-appointment")
    page.get_by_role("button", name="Move").click()
    look("desk-move")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New appointment").click()
    look("desk-book")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Time off or extra hours").click()
    look("desk-time-off")
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Show").select_option("Week of Doctor Who")
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    look("desk-week")


def test_a_day_that_is_asked_for_once_more_is_shown_again(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-03-05T10:00:00Z")
    page = open_day(visits, "2030-03-05").page
    expect(block(page)).to_be_visible()
    page.get_by_role("button", name="Today").click()
    expect(block(page)).to_be_visible()


def test_a_move_without_an_answer_is_not_shown_as_made(visits: Visits, server: Server) -> None:
    booked_with(server, "2030-03-06T10:00:00Z")
    visit = open_day(visits, "2030-03-06")
    page = visit.page
    page.route("**/reschedule_appointment", lambda route: route.abort())
    visit.guard.expect("failed /reschedule_appointment")
    drag(page, point(page, 0, "10:00"), point(page, 0, "14:00"))
    expect(page.get_by_text("The clinic cannot be reached.")).to_be_visible()
    page.unroute_all()
    page.reload()
    expect(page.get_by_text("Ada Lovelace was moved to Doctor Strange, ")).to_be_visible()
    assert booked_on(server, "2030-03-06") == [("strange", "14:00", 30)]


def test_a_change_without_an_answer_goes_on_when_the_page_is_loaded_again(
    visits: Visits, server: Server
) -> None:
    visit = open_day(visits, "2030-03-11", "10:07")
    visit.guard.expect("failed /create_appointment")
    page = visit.page

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/create_appointment", lose)
    page.get_by_role("button", name="Walk-in").click()
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book now").click()
    expect(page.get_by_text("nothing is booked twice")).to_be_visible()
    page.reload()
    expect(page.get_by_text("nothing is booked twice")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value(ADA)
    page.unroute_all()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Ada Lovelace has arrived.")).to_be_visible()
    page.reload()
    expect(block(page)).to_be_visible()
    assert booked_on(server, "2030-03-11") == [("strange", "10:07", 30)]


@pytest.mark.parametrize("date", ["2027-13-45", "2030-02-31", "9999-12-31", "yesterday"])
def test_an_address_with_a_wrong_date_or_id_shows_today(visits: Visits, date: str) -> None:
    visit = visits.open(f"/desk?date={date}&appointment_id=x%20y", "2030-03-07T07:30:00Z")
    visit.guard.expect("400 /get_appointment")
    page = visit.page
    expect(page.get_by_role("alert").first).to_have_text(
        "There is no such appointment, or it is not of your calendar."
    )
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("7 March 2030"))

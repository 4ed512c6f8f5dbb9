"""The booking page, as patients use it. The clinic is in UTC."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from tests.end_to_end.processes import Server
from tests.pages.accessibility import assert_accessible_and_shown
from tests.pages.visits import Visit, Visits

ADA = "Ada Lovelace"
KEPT = re.compile(r"^Kept for you for \d:\d\d$")


def said(text: str) -> re.Pattern[str]:
    """A text in which a weekday may have a comma: the data of languages differ in it by version."""
    days = "Monday|Tuesday|Wednesday|Friday|Sunday"
    return re.compile(re.sub(f"({days}) ", r"\1,? ", text))


def choose_first(page: Page) -> str:
    """Choose the first opening; return its start."""
    first = page.locator("[data-opening]").first
    start = first.get_attribute("data-opening") or ""
    first.click()
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    return start


def book(page: Page, name: str = ADA) -> str:
    """Book the first opening; return its start."""
    start = choose_first(page)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    return start


def open_mine(visit: Visit) -> Page:
    visit.page.get_by_role("button", name="My appointments").click()
    expect(visit.page.get_by_text("1 upcoming appointment")).to_be_visible()
    return visit.page


def booked(server: Server, day: str) -> list[dict[str, object]]:
    """Everything that is booked on a day."""
    window = {"doctor_id": "*", "start": day, "end": day}
    return list(server.get("/list_appointments", **window).json()["appointments"])


def answers_lost(page: Page, function: str, count: int) -> list[str]:
    """Let the server do what it is asked, but lose its first answers; return the keys it saw."""
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > count:
            return route.continue_()
        route.fetch()
        return route.abort()

    page.route(f"**/{function}", lose)
    return keys


def test_the_first_opening_is_booked_in_one_tap_and_a_name(visits: Visits, server: Server) -> None:
    page = visits.open("/").page
    start = choose_first(page)
    expect(page.get_by_text("Kept for you for 5:00")).to_be_visible()
    page.get_by_label("Name").fill(ADA)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Reason").fill("check-up")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text(said("Monday 7 January 2030"))
    (appointment,) = booked(server, "2030-01-07")
    assert appointment["start"] == start
    assert appointment["patient"] == {"name": ADA, "email": "ada@example.com"}
    assert appointment["reason"] == "check-up"


def test_a_day_and_a_time_are_chosen_by_keyboard_alone(visits: Visits, server: Server) -> None:
    page = visits.open("/", "2030-02-04T07:30:00Z").page
    page.get_by_label("Length").select_option("45 minutes")
    today = page.get_by_role("button", name=said("Monday 4 February 2030, 34 free times"))
    today.focus()
    for key, day in [
        ("ArrowRight", "Tuesday 5 February"),
        ("ArrowDown", "Tuesday 12 February"),
        ("Home", "Monday 11 February"),
        ("End", "Sunday 17 February"),
        ("PageDown", "Sunday 17 March"),
        ("PageUp", "Sunday 17 February"),
        ("ArrowUp", "Sunday 10 February"),
        ("ArrowRight", "Monday 11 February"),
    ]:
        page.keyboard.press(key)
        expect(page.locator(":focus")).to_have_accessible_name(said(f"{day} 2030, "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=said("Monday 11 February 2030"))).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_accessible_name(
        said("^Monday 11 February 2030, 08:00, Doctor Who$")
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(ADA)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    (appointment,) = booked(server, "2030-02-11")
    assert appointment["duration_minutes"] == 45


def test_a_day_without_free_times_says_so_and_cannot_be_chosen(visits: Visits) -> None:
    page = visits.open("/").page
    sunday = page.get_by_role("button", name=said("Sunday 13 January 2030, no free times"))
    expect(sunday).to_have_attribute("aria-disabled", "true")
    sunday.click(force=True)
    expect(page.get_by_role("heading", name="Choose a day")).to_be_visible()


def test_who_moves_an_appointment_sees_both_times_and_keeps_its_id(
    visits: Visits, server: Server
) -> None:
    visit = visits.open("/", "2030-03-04T07:30:00Z")
    page = visit.page
    book(page)
    (before,) = booked(server, "2030-03-04")
    page = open_mine(visit)
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("You are moving your appointment with Doctor Who")).to_be_visible()
    page.get_by_role("button", name=said("Tuesday 5 March 2030, \\d+ free")).click()
    page.get_by_role("button", name=said("Tuesday 5 March 2030, 10:15, Doctor Who")).click()
    expect(page.get_by_text(said("Monday 4 March 2030, 08:00 to 08:30")).first).to_be_visible()
    page.get_by_role("button", name="Move to this time").click()
    expect(page.get_by_text("Your appointment has been moved.")).to_be_visible()
    assert booked(server, "2030-03-04") == []
    (after,) = booked(server, "2030-03-05")
    assert (after["id"], after["start"]) == (before["id"], "2030-03-05T10:15:00Z")


def test_who_goes_back_after_booking_is_told_of_it_and_moves_it(visits: Visits) -> None:
    now, small = "2030-03-05T07:30:00Z", ViewportSize(width=390, height=600)
    page = visits.open("/", now, viewport=small).page
    page.get_by_role("button", name=said("Wednesday 6 March 2030")).click()
    expect(page.locator("[data-time]").first).to_be_in_viewport()
    page.locator("[data-time]").first.click()
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Book an appointment")).to_be_focused()
    told = page.get_by_text(said("with Doctor Who on Wednesday 6 March 2030, 08:00"))
    expect(told).to_be_in_viewport()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_role("heading", name="Move your appointment")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="Book an appointment")).to_be_focused()
    expect(told).to_be_visible()


def test_who_has_booked_here_before_is_led_to_it(visits: Visits) -> None:
    visit = visits.open("/", "2030-03-07T07:30:00Z")
    book(visit.page)
    page = visit.page.context.new_page()
    page.goto("/")
    page.get_by_role("main").get_by_role("button", name="My appointments").click()
    expect(page.get_by_text("1 upcoming appointment")).to_be_visible()


def test_who_has_booked_nothing_here_is_told_so(visits: Visits) -> None:
    page = visits.open("/").page
    page.get_by_role("button", name="My appointments").click()
    expect(page.get_by_text("You have no upcoming appointments.")).to_be_visible()


def test_an_appointment_that_has_begun_stays_in_view_until_it_ends(visits: Visits) -> None:
    visit = visits.open("/", "2030-03-08T07:30:00Z")
    book(visit.page)
    visit.travel("2030-03-08T08:29:00Z")
    page = open_mine(visit)
    expect(page.get_by_role("article")).to_contain_text("Has begun")
    expect(page.get_by_role("article").get_by_role("button")).to_have_count(0)
    visit.travel("2030-03-08T08:30:00Z")
    page.reload()
    page.get_by_text("1 past or cancelled appointment").click()
    expect(page.get_by_role("article")).to_contain_text("Past")


def test_a_cancelled_appointment_is_free_again_and_still_told(
    visits: Visits, server: Server
) -> None:
    visit = visits.open("/", "2030-03-11T07:30:00Z")
    book(visit.page)
    page = open_mine(visit)
    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog", name="Cancel this appointment?")
    dialog.get_by_label("Reason").fill("travelling")
    dialog.get_by_role("button", name="Cancel the appointment").click()
    expect(page.get_by_text("is cancelled.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_text("1 past or cancelled appointment").click()
    expect(page.get_by_role("article")).to_contain_text("Cancelled")
    assert booked(server, "2030-03-11") == []


def test_escape_keeps_an_appointment(visits: Visits, server: Server) -> None:
    visit = visits.open("/", "2030-03-12T07:30:00Z")
    book(visit.page)
    page = open_mine(visit)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(booked(server, "2030-03-12")) == 1


def test_of_two_pages_that_book_one_time_one_is_offered_others_and_loses_nothing(
    visits: Visits, server: Server
) -> None:
    now = "2030-03-18T07:30:00Z"
    first, second = visits.open("/", now), visits.open("/", now)
    expect(second.page.locator("[data-opening]").first).to_be_visible()
    book(first.page, "Grace Hopper")
    page = second.page
    second.guard.expect("409 /hold_time")
    choose_first(page)
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has just taken this time.")
    page.get_by_label("Name").fill(ADA)
    offered = page.get_by_role("region", name="These times are free").get_by_role("button")
    expect(offered).to_have_count(3)
    offered.first.click()
    expect(page.get_by_label("Name")).to_have_value(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    starts = [appointment["start"] for appointment in booked(server, "2030-03-18")]
    assert starts == ["2030-03-18T08:00:00Z", "2030-03-18T08:30:00Z"]


def test_a_time_whose_hold_ended_and_which_somebody_took_is_told_in_the_form(
    visits: Visits,
) -> None:
    visit = visits.open("/", "2030-03-19T07:30:00Z")
    page = visit.page
    start = choose_first(page)
    page.get_by_label("Name").fill(ADA)
    expect(page.get_by_text(KEPT)).to_be_visible()
    visit.travel("2030-03-19T07:36:00Z")
    page.clock.run_for(300_000)
    expect(page.get_by_text("This time is no longer kept for you")).to_be_visible()
    taken = {"doctor_id": "who", "start": start, "duration_minutes": 30}
    body = {**taken, "patient": {"name": "Grace Hopper"}}
    assert page.request.post("/create_appointment", data=body).status == 201
    visit.guard.expect("404 /create_appointment", "409 /create_appointment")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has just taken this time.")
    expect(page.get_by_label("Name")).to_have_value(ADA)
    page.get_by_role("button", name="Choose another time").click()
    expect(page.locator("[data-opening]").first).to_contain_text("08:30")


def test_a_time_that_has_passed_is_shown_no_more_and_others_are_offered_for_it(
    visits: Visits,
) -> None:
    visit = visits.open("/", "2030-03-20T09:00:00Z")
    page = visit.page
    choose_first(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    page.get_by_label("Name").fill(ADA)
    visit.travel("2030-03-20T09:20:00Z")
    visit.guard.expect("404 /create_appointment", "422 /create_appointment")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_contain_text("This time has passed.")
    offered = page.get_by_role("region", name="These times are free").get_by_role("button")
    expect(offered.first).to_contain_text("09:30")
    page.get_by_role("button", name="Choose another time").click()
    first = page.locator("[data-opening]").first
    expect(first).to_contain_text("09:30")
    visit.travel("2030-03-20T09:31:00Z")
    expect(first).to_contain_text("09:45")


def test_another_doctor_is_shown_on_the_day_that_is_chosen(visits: Visits) -> None:
    page = visits.open("/", "2030-03-21T07:30:00Z").page
    page.get_by_role("button", name="Next month").click()
    page.get_by_role("button", name=said("Tuesday 16 April 2030")).click()
    page.get_by_label("Doctor").select_option("Doctor Strange")
    expect(page.locator("[data-time]").first).to_have_accessible_name(
        said("^Tuesday 16 April 2030, 09:00, Doctor Strange$")
    )
    page.reload()
    expect(page.get_by_label("Doctor")).to_have_value("strange")
    expect(page.get_by_role("heading", name=said("Tuesday 16 April 2030"))).to_be_visible()
    page.get_by_role("button", name="Next month").click()
    page.reload()
    expect(page.get_by_role("heading", name="May 2030")).to_be_visible()


@pytest.mark.parametrize("lost", [1, 3])
def test_a_lost_answer_is_asked_for_again_and_nothing_is_booked_twice(
    visits: Visits, server: Server, lost: int
) -> None:
    day = f"2030-03-{19 + lost}"
    visit = visits.open("/", f"{day}T07:30:00Z")
    page = visit.page
    keys = answers_lost(page, "create_appointment", lost)
    visit.guard.expect("failed /create_appointment")
    choose_first(page)
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    for _ in range(lost):
        expect(page.get_by_text("nothing is booked twice")).to_be_visible()
        page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert len(keys) == lost + 1
    assert len(set(keys)) == 1
    assert len(booked(server, day)) == 1


def test_a_page_that_is_loaded_again_in_mid_booking_finishes_it(
    visits: Visits, server: Server
) -> None:
    visit = visits.open("/", "2030-03-25T07:30:00Z")
    page = visit.page
    keys = answers_lost(page, "create_appointment", 1)
    visit.guard.expect("failed /create_appointment")
    choose_first(page)
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("nothing is booked twice")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert len(set(keys)) == 1
    assert len(booked(server, "2030-03-25")) == 1


def test_a_booking_without_an_answer_is_settled_before_another_time_is_chosen(
    visits: Visits, server: Server
) -> None:
    visit = visits.open("/", "2030-05-06T07:30:00Z")
    page = visit.page
    page.route("**/create_appointment", lambda route: route.abort(), times=1)
    visit.guard.expect("failed /create_appointment")
    start = choose_first(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("nothing is booked twice")).to_be_visible()
    page.go_back()
    page.locator("[data-opening]").last.click()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert [each["start"] for each in booked(server, "2030-05-06")] == [start]


def test_an_answer_that_is_cut_off_is_asked_for_again(visits: Visits, server: Server) -> None:
    visit = visits.open("/", "2030-05-07T07:30:00Z")
    page = visit.page
    answers: list[str] = []

    def cut(route: Route) -> None:
        answers.append(route.fetch().text())
        whole = answers[-1] if len(answers) > 1 else answers[-1][:40]
        route.fulfill(status=201, body=whole, content_type="application/json")

    page.route("**/create_appointment", cut)
    choose_first(page)
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert len(booked(server, "2030-05-07")) == 1


def test_a_late_refusal_of_one_time_is_not_told_of_another(visits: Visits) -> None:
    visit = visits.open("/", "2030-05-08T07:30:00Z")
    visit.guard.expect("409 /hold_time")
    page = visit.page
    held: list[Route] = []

    def hold_up(route: Route) -> None:
        if not held:
            return held.append(route)
        return route.continue_()

    page.route("**/hold_time", hold_up)
    choose_first(page)
    page.go_back()
    page.locator("[data-opening]").last.click()
    expect(page.get_by_text(KEPT)).to_be_visible()
    problem = {"code": "slot_taken", "status": 409, "title": "", "detail": "", "type": ""}
    with page.expect_request_finished(lambda it: it == held[0].request):
        held[0].fulfill(status=409, json=problem)
    expect(page.get_by_text(KEPT)).to_be_visible()
    expect(page.get_by_role("button", name="Book this time")).to_be_enabled()


def test_two_clicks_on_one_time_choose_it_once(visits: Visits) -> None:
    page = visits.open("/", "2030-05-09T07:30:00Z").page
    page.locator("[data-opening]").first.evaluate("it => { it.click(); it.click(); }")
    expect(page.get_by_text(KEPT)).to_be_visible()


def test_a_confirmation_that_is_loaded_again_shows_the_appointment(visits: Visits) -> None:
    page = visits.open("/", "2030-05-10T07:30:00Z").page
    book(page)
    page.reload()
    expect(page.get_by_role("article")).to_contain_text(said("Friday 10 May 2030"))


def test_a_page_that_is_loaded_again_keeps_what_is_typed_and_held(visits: Visits) -> None:
    page = visits.open("/", "2030-03-26T07:30:00Z").page
    choose_first(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    page.get_by_label("Name").fill(ADA)
    page.reload()
    expect(page.get_by_label("Name")).to_have_value(ADA)
    expect(page.get_by_text(KEPT)).to_be_visible()


def test_who_is_offline_is_told_and_books_when_the_network_is_back(
    visits: Visits, server: Server
) -> None:
    visit = visits.open("/", "2030-03-27T07:30:00Z")
    page = visit.page
    choose_first(page)
    page.get_by_label("Name").fill(ADA)
    expect(page.get_by_text(KEPT)).to_be_visible()
    visit.guard.expect("failed /create_appointment")
    page.context.set_offline(True)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.context.set_offline(False)  # The page hears of it, and waits no longer.
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert len(booked(server, "2030-03-27")) == 1


@pytest.mark.parametrize(
    ("status", "code", "day"),
    [(503, "try_again", "2030-04-03"), (429, "too_many_requests", "2030-04-04")],
)
def test_a_busy_clinic_is_asked_again_with_the_same_key(
    visits: Visits, server: Server, status: int, code: str, day: str
) -> None:
    visit = visits.open("/", f"{day}T07:30:00Z")
    page = visit.page
    keys: list[str] = []

    def refuse_once(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            return route.continue_()
        problem = {"code": code, "status": status, "title": "", "detail": "", "type": ""}
        return route.fulfill(status=status, json=problem, headers={"Retry-After": "2"})

    page.route("**/create_appointment", refuse_once)
    visit.guard.expect(f"{status} /create_appointment")
    choose_first(page)
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Many people are booking right now.")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    assert len(set(keys)) == 1
    assert len(booked(server, day)) == 1


def test_a_name_full_of_markup_is_shown_as_it_was_typed(visits: Visits) -> None:
    name = "<img src=x onerror=alert(1)> & \"Ada\" '<script>' {{7*7}} ${7*7}"
    visit = visits.open("/", "2030-04-08T07:30:00Z")
    book(visit.page, name)
    expect(visit.page.get_by_text(name, exact=True)).to_be_visible()
    expect(open_mine(visit).get_by_text(name, exact=True)).to_be_visible()


def test_a_wrong_field_is_marked_and_explained(visits: Visits) -> None:
    visit = visits.open("/", "2030-04-09T07:30:00Z")
    page = visit.page
    visit.guard.expect("400 /create_appointment")
    choose_first(page)
    phone, name = page.get_by_label("Telephone"), page.get_by_label("Name")
    phone.fill("call me")
    page.get_by_role("button", name="Book this time").click()
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Please enter your name.")
    expect(phone).to_have_accessible_description("Enter a telephone number of 5 to 15 digits.")
    expect(phone).to_have_attribute("aria-invalid", "true")
    name.press_sequentially(ADA)
    expect(name).to_have_attribute("aria-invalid", "false")
    expect(phone).to_have_attribute("aria-invalid", "true")
    phone.fill("555 0100")
    expect(page.get_by_role("alert")).to_be_empty()


def test_the_back_button_gives_the_time_up_and_leads_to_the_choice(
    visits: Visits, server: Server
) -> None:
    page = visits.open("/", "2030-04-10T07:30:00Z").page
    start = choose_first(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    with page.expect_response("**/release_hold"):
        page.go_back()
    expect(page.get_by_role("heading", name="Book an appointment")).to_be_visible()
    asked = {"after": start, "doctor_id": "who"}
    (opening,) = server.get("/first_available", **asked).json()["openings"]
    assert opening["start"] == start


def test_a_calendar_file_is_saved(visits: Visits) -> None:
    page = visits.open("/", "2030-04-11T07:30:00Z").page
    book(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Add to calendar").click()
    assert download.value.suggested_filename == "appointment.ics"
    assert "BEGIN:VEVENT" in download.value.path().read_text("utf-8")


def test_a_mail_leads_to_its_appointment(visits: Visits, server: Server) -> None:
    asked = {"doctor_id": "who", "start": "2030-04-12T12:00:00Z", "duration_minutes": 30}
    made = server.post("/create_appointment", {**asked, "patient": {"name": ADA}}).json()
    visit = visits.open(f"/?appointment_id={made['id']}", "2030-04-11T07:30:00Z")
    page = visit.page
    expect(page.get_by_role("article")).to_contain_text(
        said("Friday 12 April 2030, 12:00 to 12:30")
    )
    assert server.post("/cancel_appointment", {"appointment_id": made["id"]}).status_code == 200
    page.reload()
    expect(page.get_by_role("article")).to_contain_text("Cancelled")
    expect(page.get_by_text("12:30 is cancelled.")).to_be_visible()
    visit.guard.expect("400 /get_appointment")
    for wrong in ("", f"{made['id']}>"):
        page.goto(f"/?appointment_id={wrong}")
        expect(page.get_by_role("alert")).to_have_text(
            "There is no such appointment, or it is not yours."
        )


def test_a_visitor_elsewhere_sees_both_clocks_and_their_own_days(visits: Visits) -> None:
    now = "2030-04-15T07:30:00Z"
    page = visits.open("/", now, locale="en-US", timezone_id="Asia/Tokyo").page
    first = page.locator("[data-opening]").first
    expect(first).to_contain_text(re.compile(r"5:00\sPM"))
    expect(first).to_contain_text(re.compile(r"8:00\sAM at the clinic"))
    # What begins at 15:00 and later at the clinic is a Tuesday in Japan.
    tuesday = page.get_by_role("button", name=re.compile("^Tuesday, April 16, 2030"))
    tuesday.click()
    expect(page.locator("[data-time]").first).to_have_accessible_name(
        re.compile(r"^Tuesday, April 16, 2030, 12:00\sAM \(3:00\sPM at the clinic\), Doctor")
    )
    expect(page.get_by_role("grid").get_by_role("columnheader").first).to_have_text(
        re.compile("Sun")
    )


@pytest.mark.parametrize(
    ("now", "shown"),
    [("2030-03-29T05:30:00Z", "09:00"), ("2030-04-01T05:30:00Z", "10:00")],
)
def test_a_clock_change_of_the_visitor_changes_what_is_shown_and_not_what_is_free(
    visits: Visits, now: str, shown: str
) -> None:
    """Berlin's clocks go forward on 31 March 2030; those of the clinic do not."""
    page = visits.open("/", now, timezone_id="Europe/Berlin").page
    first = page.locator("[data-opening]").first
    expect(first).to_contain_text("08:00 at the clinic")
    expect(first.locator("strong")).to_have_text(shown)


def test_every_view_is_accessible_and_looked_at(
    visits: Visits, screenshot: Callable[[Page, str], None]
) -> None:
    visit = visits.open("/", "2030-04-22T07:30:00Z")
    page = visit.page
    expect(page.locator("[data-opening]").first).to_be_visible()
    page.get_by_role("button", name=said("Tuesday 23 April 2030")).click()

    look = partial(assert_accessible_and_shown, page, screenshot)

    look("choose")
    page.locator("[data-time]").first.click()
    expect(page.get_by_text(KEPT)).to_be_visible()
    look("details")
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    look("done")
    open_mine(visit)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").wait_for()
    look("cancel")
    page.keyboard.press("Escape")
    look("mine")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("[data-opening]").first).to_be_visible()
    look("move")


@pytest.mark.parametrize(
    ("language", "title", "direction"),
    [("en", "Book an appointment", "ltr"), ("de", "Termin buchen", "ltr")],
)
def test_the_page_speaks_the_language_of_the_browser(
    visits: Visits, language: str, title: str, direction: str
) -> None:
    page = visits.open("/", locale=language).page
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    other = {"en": "de", "de": "en"}[language]
    page.get_by_role("contentinfo").get_by_role("combobox").select_option(other)
    expect(page.locator("html")).to_have_attribute("lang", other)

"""Who may use the front desk, with Firebase's SDK and its emulator of accounts."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.auth_emulator import PROJECT, VARIABLE, sign_up
from tests.end_to_end.processes import run_module
from tests.pages.firebase import Firebase
from tests.pages.visits import Visit, Visits

PASSWORD = "secret-1"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def settings(auth_emulator: str) -> Mapping[str, str]:
    return {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": PROJECT, VARIABLE: auth_emulator}


def desk_of(
    visits: Visits, settings: Mapping[str, str], folder: Path, role: tuple[str, ...] = ()
) -> Page:
    """The desk, after somebody new signed in, with a role or without one."""
    return desk_and_email(visits, settings, folder, role)[0].page


def desk_and_email(
    visits: Visits, settings: Mapping[str, str], folder: Path, role: tuple[str, ...]
) -> tuple[Visit, str]:
    account = sign_up(settings[VARIABLE])
    if role:
        ended = run_module("shared.runtime.set_role", folder, settings, [account.email, *role])
        assert ended.returncode == 0, ended.stderr
    visit = Firebase(settings[VARIABLE]).serve(visits.prepare())
    visit.guard.expect("401 /list_appointments")
    visit.page.goto("/desk")
    sign_in(visit.page, account.email)
    return visit, account.email


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_staff_see_all_doctors(
    visits: Visits, settings: Mapping[str, str], tmp_path: Path
) -> None:
    page = desk_of(visits, settings, tmp_path, ("staff",))
    expect(page.locator(".ec-col-head")).to_have_text(["Doctor Strange", "Doctor Who"])
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    page.reload()
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_doctor_sees_their_own_column(
    visits: Visits, settings: Mapping[str, str], tmp_path: Path
) -> None:
    page = desk_of(visits, settings, tmp_path, ("doctor", "--doctor", "who"))
    expect(page.locator(".ec-col-head")).to_have_text(["Doctor Who"])
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="New appointment").click()
    page.get_by_role("textbox", name="Time").fill("14:00")
    page.get_by_label("Name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada is booked with Doctor Who, ")).to_be_visible()


def test_a_change_without_an_answer_goes_on_after_signing_in_again(
    visits: Visits, settings: Mapping[str, str], tmp_path: Path
) -> None:
    visit, email = desk_and_email(visits, settings, tmp_path, ("staff",))
    visit.guard.expect("failed /create_appointment", "401 /create_appointment")
    page = visit.page
    keys: list[str] = []

    def lose_then_refuse(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            return route.abort()
        if len(keys) <= 3:  # Also with a fresh token.
            return route.fulfill(status=401, json={"code": "unauthenticated", "status": 401})
        return route.continue_()

    page.route("**/create_appointment", lose_then_refuse)
    page.get_by_role("button", name="New appointment").click()
    page.get_by_role("textbox", name="Time").fill("15:00")
    page.get_by_label("Name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, email)
    expect(page.get_by_text("Ada is booked with ")).to_be_visible()
    assert len(set(keys)) == 1


def test_a_patient_is_told_that_the_page_is_for_the_staff(
    visits: Visits, settings: Mapping[str, str], tmp_path: Path
) -> None:
    page = desk_of(visits, settings, tmp_path)
    expect(page.get_by_text("This page is for the clinic's staff.")).to_be_visible()
    expect(page.locator(".ec")).to_have_count(0)

"""Who may use the front desk, with Firebase's SDK and its emulator of accounts."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.auth_emulator import PROJECT, VARIABLE, sign_up
from tests.end_to_end.processes import run_module
from tests.pages.firebase import Firebase
from tests.pages.visits import Visits

PASSWORD = "secret-1"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def settings(auth_emulator: str) -> Mapping[str, str]:
    return {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": PROJECT, VARIABLE: auth_emulator}


def desk_of(
    visits: Visits, settings: Mapping[str, str], folder: Path, role: tuple[str, ...] = ()
) -> Page:
    """The desk, after somebody new signed in, with a role or without one."""
    account = sign_up(settings[VARIABLE])
    if role:
        ended = run_module("shared.runtime.set_role", folder, settings, [account.email, *role])
        assert ended.returncode == 0, ended.stderr
    visit = Firebase(settings[VARIABLE]).serve(visits.prepare())
    visit.guard.expect("401 /list_appointments", "401 /list_overrides")
    visit.page.goto("/desk")
    visit.page.get_by_label("E-mail").fill(account.email)
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()
    return visit.page


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


def test_a_patient_is_told_that_the_page_is_for_the_staff(
    visits: Visits, settings: Mapping[str, str], tmp_path: Path
) -> None:
    page = desk_of(visits, settings, tmp_path)
    expect(page.get_by_text("This page is for the clinic's staff.")).to_be_visible()
    expect(page.locator(".ec")).to_have_count(0)

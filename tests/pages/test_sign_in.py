"""Signing in to the booking page, with Firebase's SDK, its emulator of accounts, and Firestore."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tests.auth_emulator import PROJECT, VARIABLE, sign_up
from tests.firestore_emulator import VARIABLE as FIRESTORE
from tests.pages.accessibility import assert_accessible
from tests.pages.firebase import ACCOUNTS, Firebase
from tests.pages.test_booking import ADA, KEPT, answers_lost, said
from tests.pages.visits import Visit, Visits

PASSWORD = "secret-1"  # noqa: S105 - of nobody
VERBS = "/identitytoolkit.googleapis.com/v1/accounts:"
UNSIGNED = "401 /hold_time"
"""How the server tells the page that this is for those only who are signed in."""

GOOGLE = """
const send = (type, message, answer) => {
  try { answer([{ webStorageSupport: true }]); } catch {} // Firebase always throws after it.
};
const [restyle, register, ping] = [async () => {}, () => {}, async (done) => done()];
const iframe = { restyle, register, ping, send };
const context = { open: (options, then) => then(iframe) };
globalThis.gapi = { iframes: { Iframe: class {}, getContext: () => context } };
"""
"""Instead of the script of Google that tells the page what happens in its window."""


class Refusal(NamedTuple):
    """What somebody tries who has an account, or has none, and what they are told."""

    button: str
    password: str
    verb: str
    sentence: str
    new_to: str = ""


REFUSALS = [
    Refusal(
        "Sign in",
        "another",
        "signInWithPassword",
        "E-mail address and password do not match.",
    ),
    Refusal(
        "Create an account",
        PASSWORD,
        "signUp",
        "There is an account with this address. Sign in, or have a link e-mailed.",
    ),
    Refusal(
        "Create an account",
        "short",
        "signUp",
        "Choose a password of at least 6 characters.",
        new_to="new-",
    ),
]


@pytest.fixture(scope="module")
def settings(auth_emulator: str, emulator: str) -> Mapping[str, str]:
    firebase = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": PROJECT, VARIABLE: auth_emulator}
    return {**firebase, "STORE": "firestore", FIRESTORE: emulator}


@pytest.fixture
def firebase(auth_emulator: str) -> Firebase:
    return Firebase(auth_emulator)


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@clinic.example"


def opened(visits: Visits, firebase: Firebase, day: str, path: str = "/") -> Visit:
    """A visit in the morning of a day."""
    visit = firebase.serve(visits.prepare(f"{day}T07:30:00Z"))
    visit.page.goto(path)
    return visit


def asked_to_sign_in(visit: Visit) -> str:
    """Choose the first opening, and be asked to sign in for it; return its start."""
    visit.guard.expect(UNSIGNED)
    first = visit.page.locator("[data-opening]").first
    start = first.get_attribute("data-opening") or ""
    first.click()
    expect(visit.page.get_by_role("heading", name="Sign in")).to_be_focused()
    return start


def enter(page: Page, email: str, button: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=button, exact=True).click()


def registered(visits: Visits, firebase: Firebase, day: str, email: str) -> Visit:
    """A visit of a new patient, who has chosen the first opening."""
    visit = opened(visits, firebase, day)
    asked_to_sign_in(visit)
    enter(visit.page, email, "Create an account")
    expect(visit.page.get_by_text(KEPT)).to_be_visible()
    return visit


def offered_google(visits: Visits, firebase: Firebase) -> Page:
    """A page that asks to sign in, and can open a window of Google, which is empty."""
    visit = firebase.serve(visits.prepare("2031-01-31T07:30:00Z"))
    visit.page.context.add_init_script(GOOGLE)
    visit.page.context.route(f"{ACCOUNTS}/emulator/auth/handler*", lambda it: it.fulfill(body=""))
    visit.page.goto("/")
    asked_to_sign_in(visit)
    return visit.page


def expired(authorization: str) -> str:
    """The same, of an hour ago; nothing signs the emulator's tokens."""
    head, claims, signature = authorization.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=="))
    old = json.dumps({**known, "iat": known["iat"] - 7200, "exp": known["exp"] - 7200}).encode()
    return ".".join([head, base64.urlsafe_b64encode(old).decode().rstrip("="), signature])


def expiring_once(visit: Visit) -> list[str]:
    """Let the token of a booking have expired the first time; return those that are sent."""
    tokens: list[str] = []

    def expire_first(route: Route) -> None:
        headers = route.request.headers
        tokens.append(headers.get("authorization", ""))
        if len(tokens) == 1:
            headers["authorization"] = expired(tokens[0])
        route.continue_(headers=headers)

    visit.page.route("**/create_appointment", expire_first)
    visit.guard.expect("401 /create_appointment")
    return tokens


def book(page: Page) -> None:
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()


def open_mine(page: Page) -> Page:
    page.get_by_role("button", name="My appointments").click()
    return page


def in_another_tab(visit: Visit, path: str) -> Page:
    page = visit.page.context.new_page()
    page.goto(path)
    return page


def link_sent(visit: Visit, firebase: Firebase, email: str) -> str:
    """Have a link mailed to sign in; return the address in the page that it leads to."""
    visit.page.get_by_label("E-mail").fill(email)
    visit.page.get_by_role("button", name="E-mail me a link to sign in").click()
    expect(visit.page.get_by_text("The link is on its way.")).to_be_visible()
    return firebase.link_for(email)


def test_who_registers_comes_back_to_the_form_and_the_time_that_is_kept(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-01-06")
    page = visit.page
    start = asked_to_sign_in(visit)
    assert start == "2031-01-06T08:00:00Z"
    enter(page, email, "Create an account")
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    expect(page.get_by_text(KEPT)).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(email)
    page.get_by_label("Name").fill(ADA)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text("08:00 to 08:30")
    expect(page.get_by_text("in this browser")).to_have_count(0)


def test_a_patient_moves_and_cancels_what_the_account_has_until_they_sign_out(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = registered(visits, firebase, "2031-01-13", email)
    page = visit.page
    book(page)
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    open_mine(page).get_by_role("button", name="Move").click()
    page.get_by_role("button", name=said("Tuesday 14 January 2031")).click()
    page.get_by_role("button", name=said("Tuesday 14 January 2031, 10:15, Doctor Who")).click()
    page.get_by_role("button", name="Move to this time").click()
    expect(page.get_by_text("Your appointment has been moved.")).to_be_visible()
    open_mine(page).get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the appointment").click()
    expect(page.get_by_text("is cancelled.")).to_be_visible()
    visit.guard.expect("401 /release_hold")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Book an appointment")).to_be_visible()
    expect(page.get_by_text(email)).to_have_count(0)
    expect(open_mine(page).get_by_role("heading", name="Sign in")).to_be_visible()
    enter(page, email, "Sign in")
    expect(page.get_by_text("1 past or cancelled appointment")).to_be_visible()


def test_a_mailed_link_goes_on_with_the_time_in_its_tab_and_in_the_one_that_waits(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-01-20")
    asked_to_sign_in(visit)
    other = in_another_tab(visit, link_sent(visit, firebase, email))
    expect(other.get_by_role("heading", name="Your details")).to_be_visible()
    expect(other.get_by_text(KEPT)).to_be_visible()
    assert urlsplit(other.url)[2:] == ("/", "", "")
    expect(visit.page.get_by_role("heading", name="Your details")).to_be_visible()
    expect(visit.page.get_by_text(KEPT)).to_be_visible()
    assert email not in visit.page.evaluate("JSON.stringify(localStorage)")
    assert visit.page.evaluate("localStorage.getItem('unfinished')") is None
    book(other)


def test_a_link_that_is_opened_in_the_same_tab_leads_back_to_the_form(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-01-21")
    asked_to_sign_in(visit)
    visit.page.goto(link_sent(visit, firebase, email))
    expect(visit.page.get_by_text(KEPT)).to_be_visible()
    book(visit.page)


def test_a_link_that_is_opened_elsewhere_asks_for_the_address_it_was_sent_to(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-01-22")
    asked_to_sign_in(visit)
    link = link_sent(visit, firebase, email)
    elsewhere = firebase.serve(visits.prepare("2031-01-22T07:30:00Z"))
    elsewhere.guard.expect(f"400 {VERBS}signInWithEmailLink")
    given = ["grace@clinic.example", email]
    elsewhere.page.on("dialog", lambda dialog: dialog.accept(given.pop(0)))
    elsewhere.page.goto(link)
    alert = elsewhere.page.get_by_role("alert")
    expect(alert).to_have_text(
        "The link was sent to another e-mail address. Open it again, and enter that one."
    )
    elsewhere.page.goto(link)
    expect(elsewhere.page.get_by_text(email)).to_be_visible()


def test_a_link_leads_nowhere_else_and_is_good_once(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-01-23")
    asked_to_sign_in(visit)
    link = link_sent(visit, firebase, email) + "&continueUrl=https://elsewhere.example/"
    page = in_another_tab(visit, link)
    expect(page.get_by_text(email)).to_be_visible()
    page.goto(link)  # Opened once more by who is signed in, it does no harm.
    expect(page.get_by_text(email)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text(email)).to_have_count(0)
    visit.guard.expect(f"400 {VERBS}signInWithEmailLink")
    page.on("dialog", lambda dialog: dialog.accept(email))
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("This link was used before or has expired.")
    assert urlsplit(page.url)[2:] == ("/", "", "")


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda it: it.sentence)
def test_a_refusal_is_a_sentence_and_leaves_what_was_typed(
    visits: Visits, firebase: Firebase, auth_emulator: str, refusal: Refusal
) -> None:
    email = refusal.new_to + sign_up(auth_emulator).email
    visit = opened(visits, firebase, "2031-01-24")
    asked_to_sign_in(visit)
    visit.guard.expect(f"400 {VERBS}{refusal.verb}")
    enter(visit.page, email, refusal.button, refusal.password)
    expect(visit.page.get_by_role("alert")).to_have_text(refusal.sentence)
    expect(visit.page.get_by_label("E-mail")).to_have_value(email)
    expect(visit.page.get_by_role("button", name=refusal.button, exact=True)).to_be_focused()


def test_who_forgot_the_password_chooses_another(
    visits: Visits, firebase: Firebase, auth_emulator: str
) -> None:
    account = sign_up(auth_emulator)
    visit = opened(visits, firebase, "2031-01-24")
    asked_to_sign_in(visit)
    visit.page.get_by_label("E-mail").fill(account.email)
    visit.page.get_by_role("button", name="Forgot your password?").click()
    expect(visit.page.get_by_text("If there is an account with this address")).to_be_visible()
    firebase.choose_password(account.email, "secret-2")
    enter(visit.page, account.email, "Sign in", "secret-2")
    expect(visit.page.get_by_text(KEPT)).to_be_visible()


def test_a_token_that_expired_meanwhile_is_replaced_and_nobody_notices(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = registered(visits, firebase, "2031-01-27", email)
    tokens = expiring_once(visit)
    with visit.page.expect_request(f"{ACCOUNTS}/securetoken.googleapis.com/v1/token*"):
        book(visit.page)
    assert len(tokens) == 2


def test_what_is_another_patients_is_no_appointment_to_this_one(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    first = registered(visits, firebase, "2031-01-28", email)
    book(first.page)
    theirs = first.page.get_by_role("article").get_attribute("data-appointment")
    second = opened(visits, firebase, "2031-01-28", f"/?appointment_id={theirs}")
    second.guard.expect("401 /get_appointment", "404 /get_appointment")
    enter(second.page, f"other-{email}", "Create an account")
    expect(second.page.get_by_role("alert")).to_contain_text("There is no such appointment")
    expect(second.page.get_by_role("article")).to_have_count(0)


def test_signing_out_in_one_tab_takes_what_is_shown_from_the_other(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = registered(visits, firebase, "2031-01-29", email)
    book(visit.page)
    other = in_another_tab(visit, "/")
    expect(other.get_by_text(email)).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text(email)).to_have_count(0)
    expect(visit.page.get_by_text(email)).to_have_count(0)
    expect(visit.page.get_by_text(ADA)).to_have_count(0)


def test_an_account_that_is_deleted_meanwhile_is_asked_to_sign_in_and_loses_nothing(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = registered(visits, firebase, "2031-01-30", email)
    page = visit.page
    page.get_by_label("Name").fill(ADA)
    firebase.delete(email)
    expiring_once(visit)
    visit.guard.expect("400 /securetoken.googleapis.com/v1/token")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    expect(page.get_by_text(email)).to_have_count(0)
    # The hold is of the account that is gone, and stands in the way of the new one.
    visit.guard.expect("404 /create_appointment", "409 /create_appointment")
    enter(page, email, "Create an account")
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has just taken this time.")
    expect(page.get_by_label("Name")).to_have_value(ADA)


def test_an_account_that_is_gone_is_forgotten(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = registered(visits, firebase, "2031-01-30", email)
    page = visit.page
    page.get_by_role("button", name="Choose another time").click()
    firebase.delete(email)
    visit.guard.expect(f"400 {VERBS}lookup")
    with page.expect_response(f"**{VERBS}lookup*"):
        page.reload()
    asked_to_sign_in(visit)
    expect(page.get_by_text(email)).to_have_count(0)
    assert page.evaluate("localStorage.getItem('signed-in')") is None


def test_a_window_of_google_that_is_blocked_is_told(visits: Visits, firebase: Firebase) -> None:
    page = offered_google(visits, firebase)
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name="Sign in with Google").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser blocked the window")


def test_a_window_of_google_that_is_closed_is_told(visits: Visits, firebase: Firebase) -> None:
    page = offered_google(visits, firebase)
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Sign in with Google").click()
    popup.value.close()
    page.clock.run_for(20_000)  # Firebase waits for a while whether it was closed after all.
    expect(page.get_by_role("alert")).to_contain_text("was closed too early")


def test_where_google_cannot_be_reached_it_is_told(visits: Visits, firebase: Firebase) -> None:
    visit = opened(visits, firebase, "2031-01-31")
    asked_to_sign_in(visit)
    visit.page.route("https://apis.google.com/**", lambda route: route.abort())
    visit.guard.allow("https://apis.google.com")
    visit.guard.expect("failed /js/api.js")
    visit.page.get_by_role("button", name="Sign in with Google").click()
    expect(visit.page.get_by_role("alert")).to_have_text(
        "Signing in failed. Try again, or another way."
    )


def test_an_address_without_firebase_says_so_and_lets_everybody_look(
    visits: Visits, email: str
) -> None:
    visit = visits.open("/", "2031-02-03T07:30:00Z")
    visit.page.evaluate("localStorage.setItem('signed-in', 'yes')")
    visit.guard.expect("404 /__/firebase/13.2.0/firebase-app-compat.js")
    visit.page.reload()
    asked_to_sign_in(visit)
    enter(visit.page, email, "Sign in")
    expect(visit.page.get_by_role("alert")).to_contain_text("Signing in is not possible here")


def test_a_visitor_who_is_quicker_than_the_page_is_asked_to_sign_in_all_the_same(
    visits: Visits,
) -> None:
    visit = visits.prepare("2031-02-03T07:30:00Z")
    page = visit.page
    page.add_init_script("localStorage.setItem('signed-in', 'yes')")
    page.route("**/__/firebase/**", lambda route: route.abort())
    visit.guard.expect(UNSIGNED, "failed /__/firebase/13.2.0/firebase-app-compat.js")
    late: list[Route] = []
    page.route("**/booking/entrance.js", lambda it: late.append(it))  # noqa: PLW0108 - Playwright marks it
    page.goto("/", wait_until="commit")
    with page.expect_response("**/hold_time"):
        page.locator("[data-opening]").first.click()
    late[0].continue_()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_firebase_that_never_answers_is_not_waited_for(visits: Visits, email: str) -> None:
    visit = visits.open("/", "2031-02-03T07:30:00Z")
    asked_to_sign_in(visit)
    visit.page.route("**/__/firebase/**", lambda _: None)
    with visit.page.expect_request("**/__/firebase/**"):
        enter(visit.page, email, "Sign in")
    visit.page.clock.run_for(20_000)
    expect(visit.page.get_by_role("alert")).to_contain_text("Signing in is not possible here")


def test_a_project_without_a_web_app_says_so(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = firebase.serve(visits.prepare("2031-02-03T07:30:00Z"))
    visit.page.context.route("**/__/firebase/init.js*", lambda it: it.fulfill(body=""))
    visit.page.goto("/")
    asked_to_sign_in(visit)
    enter(visit.page, email, "Sign in")
    expect(visit.page.get_by_role("alert")).to_contain_text("Signing in is not possible here")


def test_who_is_offline_is_told_and_signs_in_when_the_network_is_back(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    visit = opened(visits, firebase, "2031-02-04")
    asked_to_sign_in(visit)
    lost = ["firebase-auth-compat.js"]

    def lose_once(route: Route) -> None:
        return route.abort() if lost and lost.pop() else route.fallback()

    visit.page.route("**/firebase-auth-compat.js", lose_once)
    visit.guard.expect("failed /__/firebase/13.2.0/firebase-auth-compat.js")
    visit.page.context.set_offline(True)
    enter(visit.page, email, "Create an account")
    expect(visit.page.get_by_role("alert")).to_contain_text("You are offline.")
    visit.page.context.set_offline(False)
    enter(visit.page, email, "Create an account")
    expect(visit.page.get_by_text(KEPT)).to_be_visible()


def test_two_patients_who_want_one_time_and_a_lost_answer_make_two_appointments(
    visits: Visits, firebase: Firebase, email: str
) -> None:
    second = opened(visits, firebase, "2031-02-05")
    expect(second.page.locator("[data-opening]").first).to_contain_text("08:00")
    first = registered(visits, firebase, "2031-02-05", email)
    keys = answers_lost(first.page, "create_appointment", 1)
    first.guard.expect("failed /create_appointment")
    first.page.get_by_label("Name").fill(ADA)
    first.page.get_by_role("button", name="Book this time").click()
    first.page.get_by_role("button", name="Try now").click()
    expect(first.page.get_by_text("Your appointment is booked.")).to_be_visible()
    expect(open_mine(first.page).get_by_role("article")).to_have_count(1)
    assert len(keys) == 2
    assert len(set(keys)) == 1
    second.guard.expect("409 /hold_time")
    asked_to_sign_in(second)
    enter(second.page, f"other-{email}", "Create an account")
    expect(second.page.get_by_role("alert")).to_contain_text("Somebody else has just taken")
    free = second.page.get_by_role("region", name="These times are free")
    free.get_by_role("button").first.click()
    book(second.page)
    expect(second.page.get_by_role("article")).to_contain_text("08:30 to 09:00")


def test_the_form_to_sign_in_is_accessible_beside_the_emulators_warning(
    visits: Visits, firebase: Firebase, email: str, screenshot: Callable[[Page, str], None]
) -> None:
    visit = opened(visits, firebase, "2031-02-06")
    asked_to_sign_in(visit)
    link_sent(visit, firebase, email)
    expect(visit.page.get_by_text("Running in emulator mode.")).to_be_visible()
    assert_accessible(visit.page)
    screenshot(visit.page, "sign-in")
    visit.page.emulate_media(color_scheme="dark")
    assert_accessible(visit.page)

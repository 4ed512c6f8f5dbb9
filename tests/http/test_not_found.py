"""What helps who mistypes a path."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from shared.runtime.combined_application import application_of_all
from shared.runtime.endpoints import endpoints
from tests.functions.api import problem
from tests.http_messages import dependencies

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
APP = "https://app.example"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(
        application_of_all(dependencies(ALLOWED_ORIGINS=APP), lambda: None)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        yield client


class Links(HTMLParser):
    """The addresses of a page's links, and its scripts."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


async def test_a_browser_gets_a_small_page_with_every_function(client: httpx.AsyncClient) -> None:
    page = await client.get("/admin", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.text.endswith("\n")
    assert len(page.content) < 8_000
    links = Links(page)
    assert links.scripts == 0
    functions = [f"/docs#/{each.group}/{name}" for name, each in endpoints().items()]
    assert sorted(links.found) == sorted(["/", "/docs", "/openapi.json", *functions])
    assert '<a href="/">Book an appointment</a>' in page.text
    assert page.text.count("<main>") == page.text.count("</main>") == 1
    booking = '<code>POST</code> <a href="/docs#/Appointments/create_appointment"><code>'
    assert f"{booking}/create_appointment</code></a><br>Book an appointment" in page.text


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/create_apointment", "create_appointment"),
        ("/create-appointment", "create_appointment"),
        ("/createAppointment", "create_appointment"),
        ("/create_appointment/", "create_appointment"),
        ("/api/v1/list_openings", "list_openings"),
        ("/doc", "docs"),
    ],
)
async def test_a_path_that_is_nearly_right_is_told_what_may_be_meant(
    client: httpx.AsyncClient, path: str, meant: str
) -> None:
    answer = await client.post(path, json={})
    expected = f'there is no function at "{path}"; did you mean "/{meant}"?'
    assert problem(answer, 404, "not_found") == {"detail": expected}
    page = await client.get(path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<strong>404 not_found</strong>" in page.text
    assert f"<code>/{meant}</code></a>?</p>" in page.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html", ""])
async def test_a_program_gets_a_problem(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/admin", headers={"Accept": accept})
    detail = 'there is no function at "/admin"; /docs describes all of them'
    assert problem(answer, 404, "not_found") == {"detail": detail}


async def test_what_of_a_path_cannot_be_seen_is_shown_as_a_code(client: httpx.AsyncClient) -> None:
    for path in ("/a%E2%80%AE%0Ab", "/x" + "%00" * 300):
        detail = problem(await client.get(path), 404, "not_found")["detail"]
        assert detail.startswith('there is no function at "/')
        assert len(detail) < 300
        page = await client.get(path, headers=BROWSER)
        assert "\u202e" not in page.text
        assert "\0" not in page.text


async def test_a_page_shows_a_path_as_text_and_not_all_of_a_long_one(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/<script>alert(1)</script>" + "x" * 1_000, headers=BROWSER)
    assert Links(page).scripts == 0
    assert "<code>/&lt;script&gt;alert(1)&lt;/script&gt;xxx" in page.text
    assert page.text.count("x") < 250


@pytest.mark.parametrize("headers", [BROWSER, {"Accept": "*/*"}], ids=["browser", "program"])
async def test_caches_are_told_that_there_are_two_forms(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/admin", headers=headers)
    assert answer.headers["vary"] == "Accept, Origin"


async def test_no_cache_keeps_that_there_is_no_function(client: httpx.AsyncClient) -> None:
    for headers in (BROWSER, {}):
        answer = await client.get("/admin", headers=headers)
        assert answer.headers["cache-control"] == "no-store"


async def test_a_page_of_an_allowed_origin_can_read_that_its_path_is_wrong(
    client: httpx.AsyncClient,
) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    preflight = await client.options("/create_apointment", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == APP
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert (await client.options("/create_apointment")).status_code == 404


async def test_what_reaches_no_function_is_logged_without_its_path(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appointments")
    wrong = await client.get("/list_openings/lovelace@example.org", headers=BROWSER)
    await client.post("/health")
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == [
        "none 404 not_found",
        "none 405 method_not_allowed",
    ]
    fields = caplog.records[0].__dict__["fields"]
    assert fields["request_id"] == wrong.headers["request-id"]
    assert "lovelace" not in str(fields)  # No request id, in hexadecimal, spells it.

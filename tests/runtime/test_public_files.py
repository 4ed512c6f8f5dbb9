"""The pages and the document, as every server of all functions gives them out."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from shared.public_headers import headers_of
from shared.runtime.combined_application import application_of_all
from shared.runtime.public_files import PUBLIC, Files, rules_of
from shared.settings import read_settings
from tests.functions.api import problem
from tests.http_messages import dependencies

EMULATOR = " http://127.0.0.1:9099"
PAGES = (
    "default-src 'none'; script-src 'self' https://apis.google.com; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self' https://identitytoolkit.googleapis.com "
    f"https://securetoken.googleapis.com{EMULATOR}; frame-src https://*.firebaseapp.com{EMULATOR}; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI sets styles of its own elements, and its icons are data.
API_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    known = dependencies(ALLOWED_ORIGINS="https://app.example")
    transport = httpx.ASGITransport(application_of_all(known, lambda: None))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        yield client


def test_nothing_else_is_public_but_what_pages_are_made_of() -> None:
    for path in PUBLIC.rglob("*"):
        name = path.relative_to(PUBLIC).as_posix()
        if path.is_file() and not name.startswith("vendor/"):
            assert re.fullmatch(r"([a-z_]+/)*[a-z0-9_]+\.(html|css|js|json|svg|png)", name)
        assert not path.is_symlink()


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_page_loads_only_what_is_on_its_own_server(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == API_PAGE
    addresses = re.findall('(?:src|href)="(?!data:,)([^"]*)"', page.text)
    assert addresses == [
        "/vendor/swagger-ui-5.35.0/swagger-ui.css",
        "/docs/page.css",
        "/vendor/swagger-ui-5.35.0/swagger-ui-bundle.js",
        "/docs/page.js",
        "/openapi.json",
    ]
    for address in addresses:
        assert (await client.get(address)).status_code == 200


async def test_a_file_has_what_every_answer_has(client: httpx.AsyncClient) -> None:
    document = await client.get("/openapi.json", headers={"Origin": "https://app.example"})
    assert document.json() == json.loads((PUBLIC / "openapi.json").read_text("utf-8"))
    assert document.headers["content-type"] == "application/json"
    assert document.headers["access-control-allow-origin"] == "https://app.example"
    known = {"If-None-Match": document.headers["etag"]}
    for response in (document, await client.get("/openapi.json", headers=known)):
        assert re.fullmatch("[0-9a-f]{32}", response.headers["request-id"])
        assert response.headers["api-version"] == "1.1"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["content-security-policy"] == PAGES
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-content-type-options"] == "nosniff"
    assert response.status_code == 304


@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=abc", "bytes=99999999-", "pages=1"])
async def test_who_asks_for_a_part_gets_all(client: httpx.AsyncClient, part: str) -> None:
    answer = await client.get("/docs/page.js", headers={"Range": part})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")
    assert answer.content == (PUBLIC / "docs" / "page.js").read_bytes()


async def test_a_file_leaves_no_line_in_the_log_but_a_path_without_one_does(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appointments")
    script = await client.get("/docs/page.js")
    known = {"If-None-Match": script.headers["etag"]}
    assert (await client.get("/docs/page.js", headers=known)).status_code == 304
    missing = await client.get("/docs/no.js")
    (line,) = caplog.records
    assert line.getMessage().startswith("none 404 not_found in ")
    assert line.__dict__["fields"]["request_id"] == missing.headers["request-id"]


@pytest.mark.parametrize("path", ["/", "/index.html", "//"])
async def test_the_first_page_is_that_of_patients(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(f"http://clinic.test{path}", headers={"Accept": "*/*"})
    assert page.status_code == 200
    assert page.content == (PUBLIC / "index.html").read_bytes()
    assert page.headers["content-security-policy"] == PAGES


async def test_a_library_is_kept_for_ever_because_its_path_names_its_version(
    client: httpx.AsyncClient,
) -> None:
    script = await client.get("/vendor/lit-html-3.3.3/lit-html.js")
    assert script.status_code == 200
    assert script.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-security-policy"] == PAGES


async def test_functions_and_health_come_before_files(client: httpx.AsyncClient) -> None:
    answer = await client.options("/list_doctors")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    refused = await client.post("/health")
    problem(refused, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        *("/docs/%2e%2e/%2e%2e/doctors.json", "/%2e%2e/firebase.json", "/docs/no", "/vendor"),
        *("/docs" + "/a" * 30_000, "/a%00b", "/openapi.json/"),
    ],
    ids=lambda path: path[:30],
)
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 404, "not_found")


async def test_hidden_files_and_those_with_a_long_path_are_not_served(tmp_path: Path) -> None:
    seen, long = "b" * 200, "b" * 201
    for name in (seen, long, ".secret", "a/.git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    app = Starlette()
    app.router.default = Files(dependencies().settings, tmp_path)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://clinic.test"
    ) as client:
        paths = (seen, long, ".secret", "a/.git/config")
        statuses = [(await client.get(f"/{path}")).status_code for path in paths]
        assert statuses == [200, 404, 404, 404]


async def test_files_are_only_read(client: httpx.AsyncClient) -> None:
    refused = await client.post("/docs")
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD"
    read = await client.head("/docs")
    assert (read.status_code, read.content) == (200, b"")


def test_the_folder_is_that_of_the_repository() -> None:
    assert Path(__file__).parents[2] / "public" == PUBLIC


async def test_the_booking_page_alone_may_be_shown_in_frames_of_whom_the_clinic_names() -> None:
    ancestors = "https://clinic.example https://*.clinic.example:*"
    rules = rules_of(read_settings({"FRAME_ANCESTORS": ancestors}))
    policies = {
        path: headers_of(path, rules)["Content-Security-Policy"]
        for path in ("/", "/index.html", "/desk/", "/desk/index.html", "/docs/", "/scripts/api.js")
    }
    framed = PAGES.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
    assert policies == {
        "/": framed,
        "/index.html": framed,
        "/desk/": PAGES,
        "/desk/index.html": PAGES,
        "/docs/": API_PAGE,
        "/scripts/api.js": PAGES,
    }


async def test_a_container_in_the_cloud_lets_pages_talk_to_no_emulator() -> None:
    rules = rules_of(read_settings({"K_SERVICE": "appointments", "AUTH": "none"}))
    assert headers_of("/desk/", rules)["Content-Security-Policy"] == PAGES.replace(EMULATOR, "")

"""The API page and its document, as every server of all functions gives them out."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.runtime.all_functions import application_of_all
from shared.runtime.public_files import PUBLIC
from tests.functions.api import problem
from tests.http_messages import dependencies

# As npm's package of this version has them. An update replaces all of them, and the folder's name
# in the page.
SWAGGER_UI = "docs/swagger-ui-5.35.0"
HASHES = {
    "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    "NOTICE": "0d20d1adef18aee3f40dd258172155521ce702ac445cb5f7b7d60ed32dad2fb2",
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui-bundle.js.LICENSE.txt": (
        "37eb6e7e59aed57b2c1acf076574b818ea07b74265717e0bd67b59e0baf9abbb"
    ),
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    known = dependencies(ALLOWED_ORIGINS="https://app.example")
    transport = httpx.ASGITransport(application_of_all(known, lambda: None))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        yield client


def test_what_others_wrote_is_as_they_published_it_with_its_licence() -> None:
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (PUBLIC / SWAGGER_UI).iterdir()
    }
    assert found == HASHES


def test_nothing_else_is_public() -> None:
    files = {str(path.relative_to(PUBLIC)) for path in PUBLIC.rglob("*") if path.is_file()}
    ours = {"404.html", "openapi.json", "docs/index.html", "docs/page.css", "docs/page.js"}
    assert files == ours | {f"{SWAGGER_UI}/{name}" for name in HASHES}


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_page_loads_only_what_is_on_its_own_server(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'; style-src" in page.text
    addresses = re.findall('(?:src|href)="(?!data:,)([^"]*)"', page.text)
    assert addresses == [
        f"/{SWAGGER_UI}/swagger-ui.css",
        "/docs/page.css",
        f"/{SWAGGER_UI}/swagger-ui-bundle.js",
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
        assert response.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert response.status_code == 304


@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=abc", "bytes=99999999-", "pages=1"])
async def test_who_asks_for_a_part_gets_all(client: httpx.AsyncClient, part: str) -> None:
    answer = await client.get("/docs/page.js", headers={"Range": part})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")
    assert answer.content == (PUBLIC / "docs" / "page.js").read_bytes()


async def test_who_reads_a_file_is_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appointments")
    answer = await client.get("/docs/page.js")
    assert caplog.messages[0].startswith("none 200 ok in ")
    assert caplog.records[0].__dict__["fields"]["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize(
    "path", ["/docs/%2e%2e/%2e%2e/doctors.json", "/docs/no", "/docs" + "/a" * 30_000]
)
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 404, "not_found")


async def test_files_are_only_read(client: httpx.AsyncClient) -> None:
    refused = await client.post("/docs")
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD"


def test_the_folder_is_that_of_the_repository() -> None:
    assert Path(__file__).parents[2] / "public" == PUBLIC

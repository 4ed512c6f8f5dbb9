"""Every function on one port, from the settings of the environment to the end."""

import gc
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.functions.bad_requests import GOOD_BODIES, GOOD_QUERIES
from tests.logging_as_it_was import logging_as_it_was

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"
BOOKING = {
    "doctor_id": "who",
    "start": "2050-11-21T09:00",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


async def test_each_function_has_its_name_for_a_path_and_the_store_is_closed_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, log = tmp_path / "appointments.db", tmp_path / "appointments.db-wal"
    monkeypatch.delenv("K_SERVICE", raising=False)
    monkeypatch.setenv("AUTH", "none")
    monkeypatch.setenv("STORE", f"sqlite:{file}")
    monkeypatch.setenv("DOCTORS_FILE", str(DOCTORS_FILE))
    monkeypatch.setenv("TEST_CLOCK", "on")
    with logging_as_it_was():
        from shared.runtime import container  # noqa: PLC0415 - no garbage is collected from here

        app = container.serve()
        assert gc.isenabled()
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client,
        ):
            for name in (*GOOD_BODIES, *GOOD_QUERIES):
                assert (await client.options(f"/{name}")).status_code == 204
            assert (await client.get("/nothing")).json()["code"] == "not_found"
            present = {"Test-Now": "2050-11-18T12:00:00Z"}
            response = await client.post("/create_appointment", json=BOOKING, headers=present)
            assert response.status_code == 201
            assert log.exists()
    assert not log.exists()
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT count(*) FROM entries").fetchone() == (1,)

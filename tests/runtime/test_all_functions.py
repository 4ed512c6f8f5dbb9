"""Every function on one port, from the settings of the environment to the end."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from shared.observability.metrics import Metrics
from shared.runtime.all_functions import serve
from shared.runtime.composition import start
from shared.runtime.endpoints import endpoints
from tests.logging_as_it_was import logging_as_it_was

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of a process that is to keep its appointments in this file."""
    file = tmp_path / "appointments.db"
    monkeypatch.delenv("K_SERVICE", raising=False)
    monkeypatch.setenv("STORE", f"sqlite:{file}")
    monkeypatch.setenv("DOCTORS_FILE", str(DOCTORS_FILE))
    with logging_as_it_was():
        yield file


async def test_each_function_has_its_name_for_a_path_and_the_store_is_closed_in_the_end(
    environment: Path,
) -> None:
    app = serve()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client,
    ):
        for name in endpoints():
            response = await client.options(f"/{name}")
            assert response.status_code == 204
        assert (await client.get("/nothing")).json()["code"] == "not_found"
        body = {"doctor_id": "who", "start": "2050-11-21T09:00", "duration_minutes": 30}
        response = await client.post(
            "/create_appointment", json={**body, "patient": {"name": "Ada Lovelace"}}
        )
        assert response.status_code == 201
        assert environment.with_name("appointments.db-wal").exists()
    assert not environment.with_name("appointments.db-wal").exists()
    with closing(sqlite3.connect(environment)) as store:
        assert store.execute("SELECT count(*) FROM appointments").fetchone() == (1,)


@pytest.mark.usefixtures("environment")
def test_an_unusable_setting_ends_the_start_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEADLINE_SECONDS", "soon")
    with pytest.raises(SystemExit) as ended:
        serve()
    message = 'DEADLINE_SECONDS: must be a number above 0 and at most 300, not "soon"'
    assert ended.value.code == message


async def test_metrics_are_counted_where_somebody_takes_them_and_nowhere_else(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"STORE": f"sqlite:{environment}", "DOCTORS_FILE": str(DOCTORS_FILE)}
    collector = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:1/v1/metrics"}

    def observers(**more: str) -> list[type]:
        dependencies = start({**settings, **more})
        for observer in dependencies.observers:
            observer.close()
        return [type(observer) for observer in dependencies.observers]

    assert Metrics in observers(**collector)
    assert Metrics not in observers()
    assert Metrics not in observers(**collector, OTEL_SDK_DISABLED="true")
    assert Metrics not in observers(**collector, OTEL_METRICS_EXPORTER="none")
    wrong = {"OTEL_PYTHON_EXPORTER_OTLP_HTTP_METRICS_CREDENTIAL_PROVIDER": "nobody"}
    monkeypatch.setenv(*next(iter(wrong.items())))
    with pytest.raises(SystemExit) as ended:
        observers(**collector)
    assert str(ended.value.code).startswith("OTEL_...: cannot send metrics: ")
    assert "\n" not in str(ended.value.code)

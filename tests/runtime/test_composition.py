"""Putting the dependencies together, and one line where that is not possible."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.observability.metrics import Metrics
from shared.runtime.composition import open_dependencies, start
from shared.settings import read_settings
from shared.store.firestore.store import FirestoreStore
from shared.store.postgresql.store import PostgresqlStore
from tests.ports import HOST, free_port
from tests.store.release_1_0 import File

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"
BERLIN = "Europe/Berlin"


def environment(folder: Path, **changes: str) -> dict[str, str]:
    settings = {"STORE": f"sqlite:{folder}/a.db", "DOCTORS_FILE": str(DOCTORS_FILE)}
    return {**settings, "CLINIC_TIME_ZONE": BERLIN, **changes}


async def test_an_empty_store_gets_the_doctors_of_the_file_and_keeps_them(tmp_path: Path) -> None:
    only = {"doctors": [{"id": "doom", "name": "Doctor Doom", "working_hours": []}]}
    (tmp_path / "doctors.json").write_text(json.dumps(only))
    for changes in ({}, {"DOCTORS_FILE": f"{tmp_path}/doctors.json"}):
        dependencies = start(environment(tmp_path, **changes), exposed=False)
        doctors = await dependencies.doctor_cache.offering()
        await dependencies.store.close()
        assert [(d.id, d.name, d.zone.key) for d in doctors] == [
            ("strange", "Doctor Strange", BERLIN),
            ("who", "Doctor Who", BERLIN),
        ]


async def test_an_empty_store_gets_the_whole_clinic_of_the_file_and_keeps_it(
    tmp_path: Path,
) -> None:
    doom = {"id": "doom", "name": "Doctor Doom", "working_hours": []}
    whole = {"doctors": [doom], "policy": {"notice_minutes": 60}}
    (tmp_path / "doctors.json").write_text(json.dumps(whole))
    for changes in ({"DOCTORS_FILE": f"{tmp_path}/doctors.json"}, {}):
        dependencies = start(environment(tmp_path, **changes), exposed=False)
        clinic = await dependencies.clinic_cache.clinic()
        await dependencies.store.close()
        assert clinic.policy.notice == timedelta(minutes=60)


def test_the_clock_is_in_utc(tmp_path: Path) -> None:
    dependencies = start(environment(tmp_path), exposed=False)
    assert abs(dependencies.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert dependencies.now().tzinfo is UTC


def test_firestore_is_only_connected_to_when_it_is_used() -> None:
    settings = read_settings({"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"})
    assert isinstance(open_dependencies(settings).store, FirestoreStore)


def test_a_postgresql_database_is_not_connected_to_before_its_first_use() -> None:
    settings = read_settings({"STORE": f"postgresql://{HOST}:{free_port()}/clinic"})
    assert isinstance(open_dependencies(settings).store, PostgresqlStore)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DEADLINE_SECONDS", "soon", "soon"),
        ("STORE", "sqlite:{}/no/a.db", "unable to open database file"),
        ("STORE", "sqlite:{}", "unable to open database file"),
        ("STORE", "sqlite:{}/text", "file is not a database"),
        ("STORE", "sqlite:{}/old", "the doctor doom is damaged"),
        ("DOCTORS_FILE", "{}/no.json", "No such file or directory"),
        ("DOCTORS_FILE", "{}", "Is a directory"),
        ("DOCTORS_FILE", "{}/text", "invalid JSON"),
        ("DOCTORS_FILE", "{}/none", ": doctors: "),
        ("DOCTORS_FILE", "{}/bad", ": doctors[0].id: "),
    ],
)
def test_what_cannot_be_used_ends_the_start_with_one_line_that_says_why(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    (tmp_path / "text").write_text("no database, but long enough to be looked at " * 100)
    (tmp_path / "none").write_text('{"doctors": []}')
    File(f"{tmp_path}/old").doctor("doom", "Latveria")
    bad = {"id": "a/b", "name": "A", "working_hours": []}
    (tmp_path / "bad").write_text(json.dumps({"doctors": [bad]}))
    value = value.format(tmp_path)
    with pytest.raises(SystemExit) as ended:
        start(environment(tmp_path, **{name: value}), exposed=False)
    message = str(ended.value.code)
    assert message.startswith(f"{name}: ")
    assert f'"{value.removeprefix("sqlite:")}"' in message
    assert words.lower() in message.lower()
    assert "\n" not in message


def test_a_process_that_others_can_reach_does_not_start_unless_it_says_who_may_call(
    tmp_path: Path,
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(environment(tmp_path), exposed=True)
    message = str(ended.value.code)
    assert message.startswith("AUTH: must be set where others than this machine can connect: ")
    assert "\n" not in message
    assert start(environment(tmp_path, AUTH="none"), exposed=True).settings.auth is None


def test_metrics_are_counted_where_somebody_takes_them_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:1/v1/metrics"}

    def observers(**more: str) -> list[type]:
        dependencies = start(environment(tmp_path, **more), exposed=False)
        for observer in dependencies.observers:
            observer.close()
        return [type(observer) for observer in dependencies.observers]

    assert Metrics in observers(**collector)
    assert Metrics not in observers()
    assert Metrics not in observers(**collector, OTEL_SDK_DISABLED="true")
    assert Metrics not in observers(**collector, OTEL_METRICS_EXPORTER="none")
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_METRICS_CREDENTIAL_PROVIDER", "nobody")
    with pytest.raises(SystemExit) as ended:
        observers(**collector)
    assert str(ended.value.code).startswith("OTEL_...: cannot send metrics: ")
    assert "\n" not in str(ended.value.code)

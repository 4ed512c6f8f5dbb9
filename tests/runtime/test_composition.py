"""Putting a clinic together, and one line where that is not possible."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.runtime.composition import open_dependencies, start
from shared.settings import read_settings
from shared.store.firestore.store import FirestoreStore

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"
BERLIN = "Europe/Berlin"


def environment(folder: Path, **changes: str) -> dict[str, str]:
    settings = {"STORE": f"sqlite:{folder}/a.db", "DOCTORS_FILE": str(DOCTORS_FILE)}
    return {**settings, "CLINIC_TIME_ZONE": BERLIN, **changes}


async def test_an_empty_store_gets_the_doctors_of_the_file(tmp_path: Path) -> None:
    dependencies = start(environment(tmp_path))
    doctors = await dependencies.doctor_cache.doctors()
    await dependencies.store.close()
    assert [(d.id, d.name, d.zone.key) for d in doctors.values()] == [
        ("strange", "Doctor Strange", BERLIN),
        ("who", "Doctor Who", BERLIN),
    ]


async def test_a_store_that_has_doctors_keeps_them(tmp_path: Path) -> None:
    await start(environment(tmp_path)).store.close()
    only = {"doctors": [{"id": "doom", "name": "Doctor Doom", "working_hours": []}]}
    (tmp_path / "doctors.json").write_text(json.dumps(only))
    dependencies = start(environment(tmp_path, DOCTORS_FILE=f"{tmp_path}/doctors.json"))
    doctors = await dependencies.doctor_cache.doctors()
    await dependencies.store.close()
    assert list(doctors) == ["strange", "who"]


def test_the_clock_of_a_clinic_is_in_utc(tmp_path: Path) -> None:
    dependencies = start(environment(tmp_path))
    assert abs(dependencies.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert dependencies.now().tzinfo is UTC


def unusable(folder: Path) -> dict[str, tuple[str, str, str]]:
    (folder / "text.db").write_text("no database, but long enough to be looked at " * 100)
    return {
        "no folder": (
            "STORE",
            f"sqlite:{folder}/no/a.db",
            f'STORE: cannot use the file "{folder}/no/a.db": unable to open database file',
        ),
        "a folder": (
            "STORE",
            f"sqlite:{folder}",
            f'STORE: cannot use the file "{folder}": unable to open database file',
        ),
        "no database": (
            "STORE",
            f"sqlite:{folder}/text.db",
            f'STORE: cannot use the file "{folder}/text.db": file is not a database',
        ),
        "no doctors file": (
            "DOCTORS_FILE",
            f"{folder}/no.json",
            f'DOCTORS_FILE: cannot read "{folder}/no.json": No such file or directory',
        ),
        "a doctors folder": (
            "DOCTORS_FILE",
            str(folder),
            f'DOCTORS_FILE: cannot read "{folder}": Is a directory',
        ),
    }


@pytest.mark.parametrize(
    "case", ["no folder", "a folder", "no database", "no doctors file", "a doctors folder"]
)
def test_what_cannot_be_used_is_named_in_one_line(tmp_path: Path, case: str) -> None:
    name, value, message = unusable(tmp_path)[case]
    with pytest.raises(SystemExit) as ended:
        start(environment(tmp_path, **{name: value}))
    assert ended.value.code == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "invalid JSON"),
        ('{"doctors": []}', "doctors: "),
        ('{"doctors": [{"id": "a/b", "name": "A", "working_hours": []}]}', "doctors[0].id: "),
    ],
    ids=["no JSON", "no doctor", "bad doctor"],
)
def test_a_doctors_file_with_a_mistake_is_named_with_the_place(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "doctors.json"
    file.write_text(content)
    with pytest.raises(SystemExit) as ended:
        start(environment(tmp_path, DOCTORS_FILE=str(file)))
    assert str(ended.value.code).lower().startswith(f'DOCTORS_FILE: "{file}": {message}'.lower())
    assert "\n" not in str(ended.value.code)


def test_a_clinic_on_firestore_connects_only_when_it_is_used() -> None:
    settings = read_settings({"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"})
    assert isinstance(open_dependencies(settings).store, FirestoreStore)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"STORE": "sqlite:a.db"}, "a.db"),
        (
            {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"},
            "Firestore, project clinic, database (default)",
        ),
    ],
    ids=["file", "database"],
)
def test_people_are_told_where_appointments_are(environment: dict[str, str], words: str) -> None:
    assert str(read_settings(environment).store) == words

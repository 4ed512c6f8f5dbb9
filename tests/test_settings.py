"""Settings from the environment: good ones, and one line about each bad one."""

import pytest

from shared.model.time_zones import time_zone
from shared.settings import FirestoreDatabase, Settings, SettingsError, SqliteFile, read_settings

DEFAULTS = Settings(
    port=8080,
    store=SqliteFile("appointments.db"),
    clinic_zone=time_zone("UTC"),
    doctors_file="doctors.json",
    allowed_origins=(),
    deadline_seconds=10.0,
    metrics=False,
    service="appointments",
)

NAMES = (
    "PORT",
    "STORE",
    "CLINIC_TIME_ZONE",
    "DOCTORS_FILE",
    "ALLOWED_ORIGINS",
    "DEADLINE_SECONDS",
    "K_SERVICE",
    "GOOGLE_CLOUD_PROJECT",
    "FIRESTORE_DATABASE",
)


@pytest.mark.parametrize(
    "environment",
    [{}, dict.fromkeys(NAMES, ""), {"HOME": "/", "port": "1"}],
    ids=["nothing", "all empty", "others"],
)
def test_without_settings_the_defaults_hold(environment: dict[str, str]) -> None:
    assert read_settings(environment) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("PORT", "1", "port", 1),
        ("PORT", "65535", "port", 65535),
        ("STORE", "sqlite:a.db", "store", SqliteFile("a.db")),
        ("STORE", "sqlite:/var/lib/a:b.db", "store", SqliteFile("/var/lib/a:b.db")),
        ("CLINIC_TIME_ZONE", "Europe/Berlin", "clinic_zone", time_zone("Europe/Berlin")),
        ("DOCTORS_FILE", "/etc/doctors.json", "doctors_file", "/etc/doctors.json"),
        ("ALLOWED_ORIGINS", "*", "allowed_origins", ("*",)),
        ("ALLOWED_ORIGINS", "https://a.example", "allowed_origins", ("https://a.example",)),
        (
            "ALLOWED_ORIGINS",
            " http://localhost:3000 ,, capacitor://localhost,",
            "allowed_origins",
            ("http://localhost:3000", "capacitor://localhost"),
        ),
        ("ALLOWED_ORIGINS", " , ", "allowed_origins", ()),
        ("DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("DEADLINE_SECONDS", "300", "deadline_seconds", 300.0),
    ],
)
def test_a_setting_is_read(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({name: text}), field) == value


def test_where_no_origins_are_set_the_caller_may_choose_them() -> None:
    assert read_settings({}, default_origins="*").allowed_origins == ("*",)
    own = {"ALLOWED_ORIGINS": "https://a.example"}
    assert read_settings(own, default_origins="*").allowed_origins == ("https://a.example",)


PORT = "PORT: must be a whole number from 1 to 65535, not"
STORE = 'STORE: must be "firestore", or "sqlite:" and a file, as in "sqlite:a.db", not'
ZONE = 'is not an IANA time zone; use one such as "America/New_York" or "UTC"'
ORIGINS = (
    'ALLOWED_ORIGINS: must be "*" or origins such as "https://clinic.example",'
    " separated by commas, without a path;"
)
DEADLINE = "DEADLINE_SECONDS: must be a number above 0 and at most 300, not"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        *(
            ("PORT", text, f'{PORT} "{text}"')
            for text in ("0", "65536", "-1", "80.0", "http", " ", "٨٠", "9" * 5000)
        ),
        *(
            ("STORE", text, f'{STORE} "{text}"')
            for text in ("sqlite", "sqlite:", "a.db", "sqlite::memory:", "mysql:a", "Firestore")
        ),
        (
            "STORE",
            "firestore",
            "GOOGLE_CLOUD_PROJECT: must be set for the store firestore",
        ),
        *(
            ("CLINIC_TIME_ZONE", text, f'CLINIC_TIME_ZONE: "{text}" {ZONE}')
            for text in ("Mars/Olympus", "Berlin", "+01:00", "America", "../UTC", "a" * 300)
        ),
        *(
            ("ALLOWED_ORIGINS", text, f'{ORIGINS} "{text}" is not one')
            for text in ("a.example", "https://a.example/", "https://", "null", "https://a b")
        ),
        (
            "ALLOWED_ORIGINS",
            "https://a.example, https://b.example/x",
            f'{ORIGINS} "https://b.example/x" is not one',
        ),
        *(
            ("DEADLINE_SECONDS", text, f'{DEADLINE} "{text}"')
            for text in ("0", "-1", "300.1", "nan", "inf", "ten", "10s")
        ),
    ],
    ids=lambda value: value[:25],
)
def test_a_bad_setting_is_named_in_one_line(name: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: text})
    assert str(refused.value) == message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("store", "message"),
    [
        (
            {"STORE": "sqlite:a.db"},
            "STORE: sqlite would be lost with this instance's disk; use firestore",
        ),
        ({"STORE": "a.db"}, f'{STORE} "a.db"'),
    ],
    ids=["sqlite", "nonsense"],
)
def test_in_the_cloud_appointments_are_not_kept_on_a_disk(
    store: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"K_SERVICE": "create-appointment", **store})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("environment", "database"),
    [
        (
            {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"},
            FirestoreDatabase("clinic", "(default)"),
        ),
        ({"K_SERVICE": "create-appointment"}, FirestoreDatabase(None, "(default)")),
        (
            {"K_SERVICE": "f", "GOOGLE_CLOUD_PROJECT": "clinic", "FIRESTORE_DATABASE": "eu"},
            FirestoreDatabase("clinic", "eu"),
        ),
    ],
    ids=["chosen", "in the cloud, the project of the credentials", "in the cloud, all named"],
)
def test_firestore_is_a_database_of_a_project(
    environment: dict[str, str], database: FirestoreDatabase
) -> None:
    assert read_settings(environment).store == database

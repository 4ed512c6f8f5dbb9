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
    page_token_keys=("stored",),
    metrics=False,
    service="appointments",
)

KEY = "0123456789abcdef0123456789abcdef"

NAMES = (
    *("PORT", "STORE", "CLINIC_TIME_ZONE", "DOCTORS_FILE", "ALLOWED_ORIGINS", "DEADLINE_SECONDS"),
    *("K_SERVICE", "GOOGLE_CLOUD_PROJECT", "FIRESTORE_DATABASE", "PAGE_TOKEN_KEYS"),
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
            " http://a:3000 ,, b://c,",
            "allowed_origins",
            ("http://a:3000", "b://c"),
        ),
        ("ALLOWED_ORIGINS", " , ", "allowed_origins", ()),
        ("DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("DEADLINE_SECONDS", "300", "deadline_seconds", 300.0),
        ("PAGE_TOKEN_KEYS", KEY, "page_token_keys", (KEY,)),
        (
            "PAGE_TOKEN_KEYS",
            f" {KEY} ,stored, {KEY}2",
            "page_token_keys",
            (KEY, "stored", KEY + "2"),
        ),
    ],
)
def test_a_setting_is_read(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({name: text}), field) == value


def test_where_no_origins_are_set_the_caller_may_choose_them() -> None:
    assert read_settings({}, default_origins="*").allowed_origins == ("*",)
    own = {"ALLOWED_ORIGINS": "https://a.example"}
    assert read_settings(own, default_origins="*").allowed_origins == ("https://a.example",)


BAD: dict[str, tuple[str, ...]] = {
    "PORT": ("0", "65536", "-1", "80.0", "http", " ", "٨٠", "9" * 5000),
    "STORE": ("sqlite", "sqlite:", "a.db", "sqlite::memory:", "mysql:a", "Firestore"),
    "CLINIC_TIME_ZONE": ("Mars/Olympus", "Berlin", "+01:00", "America", "../UTC", "a" * 300),
    "ALLOWED_ORIGINS": ("a.example", "https://a.example/", "https://", "null", "https://a b"),
    "DEADLINE_SECONDS": ("0", "-1", "300.1", "nan", "inf", "ten", "10s"),
}
WHAT_IS_RIGHT = {
    "PORT": "1 to 65535",
    "STORE": "sqlite:a.db",
    "CLINIC_TIME_ZONE": "America/New_York",
    "ALLOWED_ORIGINS": "https://clinic.example",
    "DEADLINE_SECONDS": "300",
}


def mistake_in(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, text) for name, texts in BAD.items() for text in texts],
    ids=lambda value: value[:25],
)
def test_a_bad_setting_is_named_with_what_it_says_and_what_would_be_right(
    name: str, text: str
) -> None:
    message = mistake_in({name: text})
    assert message.startswith(f"{name}: ")
    assert f'"{text}"' in message
    assert WHAT_IS_RIGHT[name] in message


@pytest.mark.parametrize(
    ("text", "place", "length"),
    [
        (KEY[1:], 1, 31),
        ("secret", 1, 6),
        ("Stored", 1, 6),
        (f"{KEY},secret", 2, 6),
        (f"{KEY},", 2, 0),
        (",", 1, 0),
        (" " * 40, 1, 0),
        (f"stored, {KEY[1:]} ", 2, 31),
    ],
)
def test_a_key_that_is_too_short_is_named_by_its_place_and_not_shown(
    text: str, place: int, length: int
) -> None:
    message = mistake_in({"PAGE_TOKEN_KEYS": text})
    assert message == (
        "PAGE_TOKEN_KEYS: every key must be at least 32 random characters, or the word"
        f' "stored"; number {place} has {length}'
    )


def test_of_several_origins_the_bad_one_is_named() -> None:
    message = mistake_in({"ALLOWED_ORIGINS": "https://a.example, https://b.example/x"})
    assert message.startswith("ALLOWED_ORIGINS: ")
    assert '"https://b.example/x"' in message
    assert "a.example," not in message


@pytest.mark.parametrize(
    ("environment", "name", "words"),
    [
        ({"STORE": "firestore"}, "GOOGLE_CLOUD_PROJECT", "firestore"),
        ({"K_SERVICE": "f", "STORE": "sqlite:a.db"}, "STORE", "use firestore"),
        ({"K_SERVICE": "f", "STORE": "a.db"}, "STORE", '"a.db"'),
    ],
    ids=["no project", "a disk in the cloud", "nonsense in the cloud"],
)
def test_a_store_that_cannot_be_there_is_refused(
    environment: dict[str, str], name: str, words: str
) -> None:
    message = mistake_in(environment)
    assert message.startswith(f"{name}: ")
    assert words in message


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


def test_people_are_told_where_appointments_are() -> None:
    assert str(SqliteFile("a.db")) == "a.db"
    words = str(FirestoreDatabase("clinic", "eu"))
    assert "clinic" in words
    assert "eu" in words

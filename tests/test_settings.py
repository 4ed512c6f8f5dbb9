"""Settings from the environment: good ones, and one line about each bad one."""

import pytest

from shared.model.time_zones import time_zone
from shared.settings import (
    AuthSettings,
    FirestoreDatabase,
    PostgresqlDatabase,
    Settings,
    SettingsError,
    SqliteFile,
    read_settings,
)

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
    auth=None,
    rate_per_caller=50,
    proxied=False,
)

KEY = "0123456789abcdef0123456789abcdef"

NAMES = (
    *("PORT", "STORE", "CLINIC_TIME_ZONE", "DOCTORS_FILE", "ALLOWED_ORIGINS", "DEADLINE_SECONDS"),
    *("K_SERVICE", "GOOGLE_CLOUD_PROJECT", "FIRESTORE_DATABASE", "PAGE_TOKEN_KEYS"),
    *("AUTH", "AUTH_AUDIENCE", "AUTH_ROLE_CLAIM", "AUTH_TENANT", "AUTH_SERVICES", "APP_CHECK"),
    *("FIREBASE_AUTH_EMULATOR_HOST", "RATE_PER_CALLER", "RETENTION_DAYS", "TEST_CLOCK"),
    *("CALENDAR_NAMES", "FRAME_ANCESTORS"),
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
        ("FRAME_ANCESTORS", "'none'", "frame_ancestors", "'none'"),
        ("FRAME_ANCESTORS", "'self'", "frame_ancestors", "'self'"),
        (
            "FRAME_ANCESTORS",
            "https://clinic.example, https://*.clinic.example http://localhost:*",
            "frame_ancestors",
            "https://clinic.example https://*.clinic.example http://localhost:*",
        ),
        ("DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("DEADLINE_SECONDS", "300", "deadline_seconds", 300.0),
        ("RATE_PER_CALLER", "0", "rate_per_caller", 0),
        ("RATE_PER_CALLER", "10000", "rate_per_caller", 10_000),
        ("RETENTION_DAYS", "1", "retention_days", 1),
        ("TEST_CLOCK", "on", "test_clock", True),
        ("TEST_CLOCK", "off", "test_clock", False),
        ("CALENDAR_NAMES", "on", "calendar_names", True),
        ("CALENDAR_NAMES", "off", "calendar_names", False),
        ("RETENTION_DAYS", "36500", "retention_days", 36_500),
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
    "PORT": ("0", "65536", "008080", "-1", "80.0", "http", " ", "٨٠", "9" * 5000),
    "STORE": ("sqlite", "sqlite:", "a.db", "sqlite::memory:", "mysql:a", "Firestore"),
    "CLINIC_TIME_ZONE": ("Mars/Olympus", "Berlin", "+01:00", "America", "../UTC", "a" * 300),
    "ALLOWED_ORIGINS": ("a.example", "https://a.example/", "https://", "null", "https://a b"),
    "DEADLINE_SECONDS": ("0", "-1", "300.1", "nan", "inf", "ten", "10s"),
    "RATE_PER_CALLER": ("-1", "10001", "50.0", "many", "٨٠", "9" * 5000),
    "RETENTION_DAYS": ("0", "-1", "36501", "1.5", "off"),
    "AUTH": (
        *("None", "Firebase", "clinic.example", "http://clinic.example", "https://", "ftp://a"),
        *("https://a@b", "https://a?b", "https://a#b", "https://a b", "https://a\\b"),
        *("https://a:b", "https://[a", "https://clïnic.example", "http://127.0.0.1.example"),
        "https://login.microsoftonline.com/{tenantid}/v2.0",
    ),
    "APP_CHECK": ("On", "yes", "1"),
    "TEST_CLOCK": ("On", "yes", "1", "2027-01-01"),
    "CALENDAR_NAMES": ("On", "yes", "1", "full"),
    "FRAME_ANCESTORS": (
        *("*", "self", "https:", "https://", "clinic.example", "http://clinic.example"),
        *("'none' 'self'", "https://a; script-src *", "https://a;", "https://a/b", "https://*"),
        *("http://127.0.0.1.example", "https://a:b", "https://a.*.example", ",", "'unsafe-eval'"),
    ),
}
WHAT_IS_RIGHT = {
    "PORT": "1 to 65535",
    "STORE": "sqlite:a.db",
    "CLINIC_TIME_ZONE": "America/New_York",
    "ALLOWED_ORIGINS": "https://clinic.example",
    "DEADLINE_SECONDS": "300",
    "RATE_PER_CALLER": "0 to 10000",
    "RETENTION_DAYS": "1 to 36500",
    "AUTH": '"none", "firebase", or the https:// address',
    "APP_CHECK": '"off" or "on"',
    "TEST_CLOCK": '"off" or "on"',
    "CALENDAR_NAMES": '"off" or "on"',
    "FRAME_ANCESTORS": "https://clinic.example",
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
        ({"K_SERVICE": "f", "AUTH": "none", "TEST_CLOCK": "on"}, "TEST_CLOCK", "cloud"),
    ],
    ids=["no project", "a disk in the cloud", "nonsense in the cloud", "a test clock there"],
)
def test_what_cannot_be_there_is_refused(
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
        (
            {"K_SERVICE": "create-appointment", "AUTH": "none"},
            FirestoreDatabase(None, "(default)"),
        ),
        (
            {
                "K_SERVICE": "f",
                "AUTH": "none",
                "GOOGLE_CLOUD_PROJECT": "clinic",
                "FIRESTORE_DATABASE": "eu",
            },
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


# PostgreSQL

POSTGRESQL = "postgresql://ada:s3cr%40t@db.example:5433/clinic?sslmode=verify-full"
IN_CLOUD_SQL = "postgresql://appointments%40p.iam@/clinic?host=/cloudsql/p:europe-west1:one"


@pytest.mark.parametrize(
    ("environment", "database"),
    [
        ({"STORE": POSTGRESQL}, PostgresqlDatabase(POSTGRESQL, connections=5, iam=False)),
        (
            {"STORE": "postgres:///clinic", "STORE_LOGIN": "password", "STORE_CONNECTIONS": "2"},
            PostgresqlDatabase("postgres:///clinic", connections=2, iam=False),
        ),
        (
            {
                "K_SERVICE": "f",
                "AUTH": "none",
                "STORE": IN_CLOUD_SQL,
                "STORE_LOGIN": "iam",
                "STORE_CONNECTIONS": "100",
            },
            PostgresqlDatabase(IN_CLOUD_SQL, connections=100, iam=True),
        ),
    ],
    ids=["with a password", "of this machine", "in the cloud, by tokens"],
)
def test_an_address_of_postgresql_is_a_database(
    environment: dict[str, str], database: PostgresqlDatabase
) -> None:
    assert read_settings(environment).store == database


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            {"STORE_LOGIN": "token"},
            'STORE_LOGIN: must be "password" or "iam", not "token"',
        ),
        *(
            (
                {"STORE_CONNECTIONS": text},
                f'STORE_CONNECTIONS: must be a whole number from 2 to 100, not "{text}"',
            )
            for text in ("1", "101", "-2", "5.0", "many", "٨٠", "9" * 5000)
        ),
    ],
)
def test_a_bad_setting_of_postgresql_is_named(setting: dict[str, str], said: str) -> None:
    assert mistake_in({"STORE": POSTGRESQL, **setting}) == said


def test_settings_of_postgresql_say_nothing_where_another_store_is_used() -> None:
    other = {"STORE_LOGIN": "token", "STORE_CONNECTIONS": "many"}
    assert read_settings({"STORE": "sqlite:a.db", **other}).store == SqliteFile("a.db")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:s3cret@host:x%zz/clinic",
        "postgresql://ada:s3cret@[::1/clinic",
        "postgresql://ada:%zzs3cret@host/clinic",
        "postgresql://ada@host/clinic?password=s3cret&colour=red",
        "postgresql://ada@host/clinic?s3cret",
        "mysql://ada:s3cret@host/clinic",
        "mysql://ada:@s3cret@host/clinic",
        "mysql://ada:a/s3cret@host/clinic",
        "postgresql+psycopg://ada:s3cret@host/clinic",
        "Postgresql://ada@host/clinic?password=s3cret",
        "jdbc:postgresql://host/clinic?user=ada&password=s3cret",
        "host=db.example user=ada password=s3cret",
        "host=db.example user=ada password = 's3cret and more'",
        "host=db.example sslpassword=a&s3cret",
        "jdbc:postgresql://ada:s3cret@host/clinic",
        "postgresql:ada:s3cret@host/clinic",
        "ada:s3cret@host",
    ],
)
def test_an_address_that_nobody_reads_is_refused_without_its_password(address: str) -> None:
    message = mistake_in({"STORE": address})
    assert message.startswith("STORE: ")
    assert "postgresql://user" in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (POSTGRESQL, "postgresql://ada@db.example:5433/clinic?sslmode=verify-full"),
        (IN_CLOUD_SQL, IN_CLOUD_SQL),
        ("postgresql://ada:p@ss:w@rd@host/clinic", "postgresql://ada@host/clinic"),
        (
            "postgresql://host/clinic?user=ada&password=s3cret&sslpassword=s3cret&sslmode=require",
            "postgresql://host/clinic?user=ada&password=...&sslpassword=...&sslmode=require",
        ),
    ],
)
def test_people_are_told_of_the_database_and_never_its_password(address: str, shown: str) -> None:
    assert str(PostgresqlDatabase(address)) == shown


# Who may call

FIREBASE = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "clinic"}
DEMO = {**FIREBASE, "GOOGLE_CLOUD_PROJECT": "demo-clinic"}
EMULATOR = {"FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099"}
ISSUER = "https://clinic.eu.auth0.com/"
OPENID = {"AUTH": ISSUER, "AUTH_AUDIENCE": "api"}
ROBOT = "robot@clinic.iam.gserviceaccount.com"
ENTRA = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("environment", "auth"),
    [
        (
            FIREBASE,
            AuthSettings(
                issuer="https://securetoken.google.com/clinic",
                audiences=("clinic",),
                project="clinic",
                service_audiences=("clinic",),
            ),
        ),
        (
            {
                **FIREBASE,
                "AUTH_TENANT": "north",
                "AUTH_ROLE_CLAIM": "access.role",
                "AUTH_SERVICES": f" {ROBOT}, b@c.example ",
                "AUTH_AUDIENCE": "appointments",
                "APP_CHECK": "on",
            },
            AuthSettings(
                issuer="https://securetoken.google.com/clinic",
                audiences=("clinic",),
                role_claim="access.role",
                project="clinic",
                tenant="north",
                services=frozenset({ROBOT, "b@c.example"}),
                service_audiences=("appointments",),
                app_check=True,
            ),
        ),
        (
            {**DEMO, **EMULATOR},
            AuthSettings(
                issuer="https://securetoken.google.com/demo-clinic",
                audiences=("demo-clinic",),
                project="demo-clinic",
                service_audiences=("demo-clinic",),
                emulator="127.0.0.1:9099",
            ),
        ),
        (
            {**OPENID, "AUTH_AUDIENCE": "api, app", "AUTH_SERVICES": ROBOT},
            AuthSettings(
                issuer=ISSUER,
                audiences=("api", "app"),
                services=frozenset({ROBOT}),
                service_audiences=("api", "app"),
            ),
        ),
    ],
    ids=["Firebase", "Firebase with everything", "Firebase's emulator", "an issuer"],
)
def test_whose_tokens_are_accepted_is_read(environment: dict[str, str], auth: AuthSettings) -> None:
    assert read_settings(environment, exposed=True).auth == auth


@pytest.mark.parametrize(
    "issuer",
    [
        "http://127.0.0.1:8080/realms/clinic",
        "http://[::1]:8080",
        "http://localhost",
        "https://localhost",
        f"{ENTRA}/9f1c/v2.0",
        f"{ENTRA}/commons/v2.0",
    ],
)
def test_an_issuer_on_this_machine_or_of_one_tenant_is_accepted(issuer: str) -> None:
    auth = read_settings({**OPENID, "AUTH": issuer}).auth
    assert auth
    assert auth.issuer == issuer


def test_only_on_loopback_everybody_may_call_by_default() -> None:
    assert read_settings({}, exposed=False).auth is None
    for environment in ({"AUTH": "none"}, {"AUTH": "none", "K_SERVICE": "f"}):
        assert read_settings(environment, exposed=True).auth is None
    with pytest.raises(SettingsError, match=r"^AUTH: must be set where others .* connect: .none"):
        read_settings({}, exposed=True)
    for exposed in (False, True):
        with pytest.raises(SettingsError, match=r"^AUTH: must be set in the cloud: "):
            read_settings({"K_SERVICE": "f"}, exposed=exposed)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AUTH": "firebase"}, "GOOGLE_CLOUD_PROJECT: must be set for AUTH=firebase"),
        ({"AUTH": ISSUER}, "AUTH_AUDIENCE: must be set: whom the tokens of the issuer are for"),
        (
            {"AUTH": ISSUER, "AUTH_AUDIENCE": " , "},
            "AUTH_AUDIENCE: must be set: whom the tokens of the issuer are for",
        ),
        ({**OPENID, "AUTH_TENANT": "north"}, "AUTH_TENANT: needs AUTH=firebase"),
        ({**OPENID, "APP_CHECK": "on"}, "APP_CHECK: needs AUTH=firebase"),
        ({"APP_CHECK": "on"}, "APP_CHECK: needs AUTH=firebase"),
        (
            {"AUTH_SERVICES": ROBOT},
            "AUTH_SERVICES: means nothing with AUTH=none; set AUTH, or remove it",
        ),
        (
            {"AUTH": "none", "AUTH_AUDIENCE": "api"},
            "AUTH_AUDIENCE: means nothing with AUTH=none; set AUTH, or remove it",
        ),
        (
            {**OPENID, "AUTH_SERVICES": f"{ROBOT},robot"},
            (
                "AUTH_SERVICES: must be e-mail addresses of service accounts, separated by commas;"
                ' "robot" is not one'
            ),
        ),
        (
            {**OPENID, "AUTH": "https://securetoken.google.com/clinic"},
            'AUTH: must be "firebase", not "https://securetoken.google.com/clinic"',
        ),
        *(
            (
                {**OPENID, "AUTH": f"{ENTRA}/{many}"},
                (
                    'AUTH: must name one tenant, as in "https://login.microsoftonline.com/TENANT/v2.0"'
                    f', not "{ENTRA}/{many}"'
                ),
            )
            for many in ("common/v2.0", "organizations/v2.0", "consumers", "common/")
        ),
        (
            {**OPENID, "AUTH": "http://127.0.0.1", "K_SERVICE": "f"},
            (
                'AUTH: must be "none", "firebase", or the https:// address of an issuer, not'
                ' "http://127.0.0.1"'
            ),
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    environment: dict[str, str], message: str
) -> None:
    assert mistake_in(environment) == message


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {**FIREBASE, **EMULATOR},
            (
                "FIREBASE_AUTH_EMULATOR_HOST: with it, GOOGLE_CLOUD_PROJECT must begin with"
                ' "demo-", unlike "clinic"'
            ),
        ),
        (
            {**DEMO, **EMULATOR, "K_SERVICE": "f"},
            "FIREBASE_AUTH_EMULATOR_HOST: must not be set in the cloud",
        ),
    ],
    ids=["a real project", "in the cloud"],
)
def test_tokens_that_nobody_signed_are_refused_where_people_rely_on_them(
    environment: dict[str, str], message: str
) -> None:
    assert mistake_in(environment) == message

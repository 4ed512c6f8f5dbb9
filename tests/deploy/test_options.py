from pathlib import Path

import pytest

from deploy.options import Options, parsed

PROJECT = ["--project", "my-clinic", "--region", "europe-west1"]
SOMEBODY = 'somebody such as "user:me@clinic.example"; never everybody, who would see all patients'
AUTH = '"firebase", the https:// address of an issuer, or "none": only --invoker may call then'
DEPLOY = "functions --project my-clinic --region us-east4 --auth"
ADDRESSES = 'e-mail addresses such as "backend@my-clinic.iam.gserviceaccount.com"'
FRAMES = "'none', 'self', or addresses such as https://clinic.example or https://*.clinic.example"
KEPT = 'a name and a secret, such as "WEBHOOK_SECRET=webhook" or "WEBHOOK_SECRET=webhook:2"'
CHANNEL = 'the name of one, such as "projects/my-clinic/notificationChannels/1"'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("functions", "--project: is required"),
        ("smoke", "--project: is required"),
        ("watch --project my-clinic", "--region: is required"),
        ("watch --zone b", "unrecognized arguments: --zone b"),
        (
            "watch --region us-east4 --project my-clinic --min-instances 9 --max-instances 8",
            "--min-instances: must not be above --max-instances",
        ),
        ("functions --project my-clinic --region us-east4", f"--auth: is required: {AUTH}"),
        ("container --project my-clinic --region us-east4", f"--auth: is required: {AUTH}"),
        (
            f"{DEPLOY} none --auth-services=a@b.example",
            "--auth-services: means nothing without tokens; set --auth, or remove it",
        ),
        (
            f"{DEPLOY} https://id.example",
            "--auth-audience: is required with an issuer: whom its tokens are for",
        ),
        (
            f"{DEPLOY} https://id.example --auth-audience=app --app-check=on",
            "--app-check: needs --auth firebase",
        ),
        (
            f"{DEPLOY} https://id.example --auth-audience=app --auth-tenant=one",
            "--auth-tenant: needs --auth firebase",
        ),
        (f"{DEPLOY} firebase --env AUTH=none", "--env: must not set AUTH; use --auth"),
        (
            f"{DEPLOY} firebase --env FRAME_ANCESTORS='self'",
            "--env: must not set FRAME_ANCESTORS; use --frame-ancestors",
        ),
        (
            f"{DEPLOY} firebase --env=AUTH_SERVICES=",
            "--env: must not set AUTH_SERVICES; use --auth-services",
        ),
        (
            f"{DEPLOY} firebase --secret AUTH_AUDIENCE=secret",
            "--secret: must not set AUTH_AUDIENCE; use --auth-audience",
        ),
        (
            f"{DEPLOY} firebase --env=MAIL=firestore --secret MAIL=mail",
            "--secret: MAIL has a value already; name it once",
        ),
        (
            f"{DEPLOY} firebase --secret CLINIC_TIME_ZONE=zone",
            "--secret: CLINIC_TIME_ZONE has a value already; name it once",
        ),
        (
            f"{DEPLOY} firebase --sql-instance clinic --database other",
            "--database: is of Firestore; remove it, or --sql-instance",
        ),
        (
            f"{DEPLOY} firebase --sql-instance clinic --location eur3",
            "--location: is of Firestore; remove it, or --sql-instance",
        ),
        (
            f"{DEPLOY} firebase --sql-instance clinic --env STORE_LOGIN=password",
            "--env: must not set STORE_LOGIN; --sql-instance does",
        ),
        (
            f"{DEPLOY} firebase --sql-instance clinic --secret STORE=store",
            "--secret: STORE has a value already; name it once",
        ),
        (
            "smoke --auth firebase --url https://a.example",
            "--project: is required",
        ),
        ("functions @no/such.txt", "[Errno 2] No such file or directory: 'no/such.txt'"),
    ],
)
def test_a_bad_choice_ends_with_one_line(arguments: str, said: str) -> None:
    assert refusal(arguments.split()) == said


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("project", "My Clinic", 'an id such as "my-clinic"'),
        ("region", "Belgium", 'one such as "europe-west1"'),
        ("database", "X", '"(default)", or 4 to 63 lower-case letters, digits and hyphens'),
        ("location", "EU", 'one such as "eur3"'),
        ("sql-instance", "Clinic", 'a name such as "clinic"'),
        ("sql-tier", "large", 'one such as "db-custom-2-7680"'),
        ("clinic-time-zone", "Berlin time", 'an IANA time zone such as "Europe/Berlin"'),
        ("doctors-file", "my doctors", 'a file such as "doctors.json"'),
        ("allowed-origins", "a;STORE=b", 'like "https://clinic.example,https://other.example"'),
        ("frame-ancestors", "https://a.example;script-src", FRAMES),
        ("frame-ancestors", "https://a.example https://b.example", FRAMES),
        ("frame-ancestors", "'none','self'", FRAMES),
        ("auth", "everybody", AUTH),
        ("auth", "http://id.example", AUTH),
        ("auth-audience", "", "names separated by commas"),
        ("auth-role-claim", "my role", 'a name such as "realm_access.roles"'),
        ("auth-tenant", "a/b", 'the id of one, such as "clinic-x7k2p"'),
        ("auth-services", "allUsers", ADDRESSES),
        ("app-check", "yes", '"off" or "on"'),
        ("concurrency", "1001", "1 to 1000"),
        ("cpu", "0.5", "1, 2, 4, 6 or 8"),
        ("memory", "512", 'one such as "512Mi" or "1Gi"'),
        ("min-instances", "-1", "0 to 999"),
        ("max-instances", "0", "1 to 999"),
        ("invoker", "allUsers", SOMEBODY),
        ("env", "deadline_seconds=5", 'a name and a value, such as "DEADLINE_SECONDS=5"'),
        ("secret", "MAIL=smtp://user:password@mail.example", KEPT),
        ("secret", "MAIL=mail:0", KEPT),
        ("notification-channel", "a,b", CHANNEL),
        ("url", "http://localhost/docs", 'one without a path, such as "http://localhost:8080"'),
    ],
)
def test_a_bad_value_ends_with_what_would_be_right(option: str, value: str, right: str) -> None:
    said = refusal(["functions", *PROJECT, f"--{option}={value}"])
    assert said == f'argument --{option}: must be {right}, not "{value}"'


def refusal(arguments: list[str]) -> object:
    with pytest.raises(SystemExit) as ended:
        parsed(arguments)
    return ended.value.code


def test_an_option_that_is_not_given_has_a_default() -> None:
    assert parsed(["functions", *PROJECT, "--auth=none"]) == (
        "functions",
        Options(project="my-clinic", region="europe-west1", auth="none"),
        False,
    )


def test_a_secret_is_the_latest_version_unless_one_is_named() -> None:
    given = ["--secret=A=one", "--secret=B=two:2", "--secret=C=three:latest"]
    options = parsed(["functions", *PROJECT, "--auth=none", *given])[1]
    assert options.secrets() == {"A": "one:latest", "B": "two:2", "C": "three:latest"}


def test_all_instances_may_be_kept_warm() -> None:
    assert parsed(["watch", *PROJECT, "--min-instances=20"])[1].min_instances == "20"


def test_a_file_may_hold_the_options_of_every_verb(tmp_path: Path) -> None:
    file = tmp_path / "production.txt"
    callers = "--invoker user:a@clinic.example\n--invoker group:b@clinic.example\n"
    auth = "--auth firebase\n--app-check on\n"
    file.write_text(f"--project my-clinic\n--region=us-east4\n\n{callers}{auth}")
    for verb in ("functions", "container", "watch", "smoke", "remove"):
        _, options, dry_run = parsed([verb, f"@{file}", "--dry-run"])
        assert (options.project, options.region) == ("my-clinic", "us-east4")
        assert options.invoker == ("user:a@clinic.example", "group:b@clinic.example")
        assert dry_run

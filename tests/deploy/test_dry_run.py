import re
import shlex

import pytest

from deploy.options import Options
from deploy.table import TABLE
from shared.runtime.endpoints import endpoints
from tests.deploy.deployments import deploy

NOWHERE = "/nonexistent"  # No program can run: no gcloud, no firebase, no make.
CHOICES = ["--project", "hospital-42", "--region", "us-east4", "--database", "clinic"]
CALLER = ["--invoker", "user:me@clinic.example"]
TARGET = "--project hospital-42 --region us-east4"
CLOSED, OPEN = ["--auth", "none"], ["--auth", "firebase"]
PROJECT = [
    "gcloud services enable",
    *["gcloud iam service-accounts create"] * 2,
    *["gcloud projects add-iam-policy-binding"] * 2,
]
SERVICE = [
    "gcloud services enable iamcredentials.googleapis.com",
    "gcloud iam service-accounts create appointments-caller",
    "gcloud iam service-accounts add-iam-policy-binding appointments-caller@",
]
DATABASE = [
    "gcloud firestore databases create",
    "gcloud firestore backups schedules create",
    "bash -c",
]
# Last, because an older version of the functions refuses a doctor that a newer one wrote.
AFTER = [
    "env -u FIRESTORE_EMULATOR_HOST -u FIREBASE_AUTH_EMULATOR_HOST STORE=firestore ",
    "python3 -m deploy",
]
IMAGE = ["gcloud artifacts repositories create", "gcloud builds submit"]
CONTAINER = ["gcloud run deploy", "gcloud run services update-traffic"]
SHUT = 'test -z "$(gcloud run services get-iam-policy'
LET_IN = "gcloud run services add-iam-policy-binding"
NAMES = (
    "appointment_calendar",
    "cancel_appointment",
    "cancel_series",
    "create_appointment",
    "create_calendar_link",
    "create_override",
    "create_series",
    "delete_override",
    "deliver_events",
    "doctor_calendar",
    "erase_patient",
    "export_patient",
    "first_available",
    "get_appointment",
    "hold_time",
    "list_appointments",
    "list_doctors",
    "list_openings",
    "list_overrides",
    "list_services",
    "mark_appointment",
    "release_hold",
    "reschedule_appointment",
    "update_appointment",
    "validate_appointment",
)


def dry_run(*arguments: str) -> list[str]:
    shown = deploy(*arguments, "--dry-run", path=NOWHERE)
    assert (shown.stderr, shown.returncode) == ("", 0)
    return shown.stdout.splitlines()


def commands(lines: list[str], start: str = "") -> list[str]:
    return [it for it in lines if it and not it.startswith("#") and it.startswith(start)]


FUNCTION = ["gcloud functions deploy"]


@pytest.mark.parametrize(
    ("verb", "auth", "after"),
    [
        ("functions", CLOSED, [SHUT, *FUNCTION, LET_IN] * len(NAMES)),
        ("functions", OPEN, [*FUNCTION, LET_IN] * len(NAMES)),
        ("container", CLOSED, [*IMAGE, SHUT, *CONTAINER, LET_IN]),
        ("container", OPEN, [*IMAGE, *CONTAINER, LET_IN]),
    ],
)
def test_every_resource_comes_after_all_that_it_needs(
    verb: str, auth: list[str], after: list[str]
) -> None:
    """What asks for no token is never reachable by everybody, even while --auth changes."""
    service = SERVICE if auth is OPEN else []
    expected = [*PROJECT, *service, *DATABASE, *after, *AFTER]
    lines = commands(dry_run(verb, *CHOICES, *CALLER, *auth))
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize("verb", ["functions", "container"])
def test_without_tokens_nothing_is_opened_to_everybody(verb: str) -> None:
    lines = commands(dry_run(verb, *CHOICES, *CALLER, *CLOSED))
    named = [line for line in lines if "allUsers" in line]
    assert all(line.startswith(SHUT) for line in named)
    shuts = '" || gcloud run services remove-iam-policy-binding '
    assert all(shuts in line and "add-iam" not in line for line in named)
    deployed = [line for line in lines if " deploy " in line and line.startswith("gcloud")]
    assert all(" --no-allow-unauthenticated " in line for line in deployed)
    permitted = [line for line in lines if line.startswith(LET_IN)]
    assert all(
        " --member=user:me@clinic.example --role=roles/run.invoker " in it for it in permitted
    )


@pytest.mark.parametrize("verb", ["functions", "container"])
def test_with_tokens_everybody_reaches_the_functions_and_callers_get_tokens_of_a_service(
    verb: str,
) -> None:
    lines = commands(dry_run(verb, *CHOICES, *CALLER, *OPEN))
    opened = [line for line in lines if line.startswith(LET_IN)]
    assert len(opened) == (len(NAMES) if verb == "functions" else 1)
    assert all(" --member=allUsers --role=roles/run.invoker " in line for line in opened)
    # gcloud's flag opens a container before the new revision asks for tokens.
    assert not any("allow-unauthenticated" in line for line in lines)
    (permitted,) = [line for line in lines if "user:me@clinic.example" in line]
    assert permitted.startswith(SERVICE[2])
    assert " --role=roles/iam.serviceAccountOpenIdTokenCreator " in permitted
    services = (
        ";AUTH=firebase;AUTH_SERVICES=appointments-caller@hospital-42.iam.gserviceaccount.com"
    )
    deployed = [line for line in lines if " deploy " in line and line.startswith("gcloud")]
    assert all("PROJECT=hospital-42;FIRESTORE_DATABASE=clinic;" in line for line in deployed)
    assert all(services in line for line in deployed)


@pytest.mark.parametrize("auth", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize("verb", ["functions", "container", "watch", "remove"])
def test_no_command_concerns_another_project_region_or_database(verb: str, auth: list[str]) -> None:
    lines = dry_run(verb, *CHOICES, *auth)
    text = "\n".join(lines)
    projects = re.findall(
        r"--project[= ]([\w-]+)|PROJECT=([\w-]+)|@([\w-]+)\.iam|projects/([\w-]+)"
        r"|docker\.pkg\.dev/([\w-]+)|us-east4-([\w-]+)\.cloudfunctions",
        text,
    )
    assert {name for found in projects for name in found if name} == {"hospital-42"}
    assert all("hospital-42" in line for line in commands(lines))
    assert set(re.findall(r"[a-z]+-[a-z]+[1-9]\b", text)) <= {"us-east4"}
    assert "(default)" not in text
    databases = re.findall(r'(?:DATABASE=|--database=|"database": ")([\w-]+)', text)
    assert set(databases) == (set() if verb == "watch" else {"clinic"})


def test_firebase_deploys_rules_and_indexes_without_questions_and_without_deletions() -> None:
    (command,) = commands(
        dry_run("functions", *CHOICES[:4], *OPEN), "env GOOGLE_CLOUD_QUOTA_PROJECT"
    )
    assert command == (
        "env GOOGLE_CLOUD_QUOTA_PROJECT=hospital-42 npx --yes firebase-tools@15 deploy"
        " --only firestore:rules,firestore:indexes --non-interactive --project hospital-42"
    )
    (command,) = commands(dry_run("functions", *CHOICES, *OPEN), "bash -c")
    assert command.endswith(" --project hospital-42 --config firebase.deploy.json")
    assert "--force" not in command


def test_every_setting_reaches_every_function_the_database_and_the_doctors() -> None:
    settings = ["--concurrency=7", "--cpu=2", "--memory=1Gi", "--min-instances=3"]
    settings.append("--max-instances=9")
    origins = "https://a.example,https://b.example"
    more = ["--env=DEADLINE_SECONDS=5", "--env=OTEL_RESOURCE_ATTRIBUTES=a=1,b=2"]
    more += ["--clinic-time-zone=Asia/Tokyo", f"--allowed-origins={origins}", "--location=nam5"]
    more += ["--auth=https://id.example", "--auth-audience=app,web", "--auth-role-claim=roles"]
    more += ["--auth-services=cron@b.example,work@b.example"]
    lines = dry_run("functions", *CHOICES, *settings, *more)
    for name, line in zip(NAMES, commands(lines, "gcloud functions deploy"), strict=True):
        words = shlex.split(line)
        assert words[3] == name.replace("_", "-")
        flags = {"--quiet", "--serve-all-traffic-latest-revision"}
        assert {*settings, *flags, f"--entry-point={name}"} <= set(words)
        assert (
            "--set-env-vars=^;^GOOGLE_CLOUD_PROJECT=hospital-42;FIRESTORE_DATABASE=clinic"
            f";CLINIC_TIME_ZONE=Asia/Tokyo;ALLOWED_ORIGINS={origins}"
            ";AUTH=https://id.example;AUTH_AUDIENCE=app,web;AUTH_ROLE_CLAIM=roles"
            ";AUTH_SERVICES=appointments-caller@hospital-42.iam.gserviceaccount.com"
            ",cron@b.example,work@b.example"
            ";DEADLINE_SECONDS=5;OTEL_RESOURCE_ATTRIBUTES=a=1,b=2"
        ) in words
    (database,) = commands(lines, "gcloud firestore databases")
    protection = {"--delete-protection", "--enable-pitr"}
    assert protection | {"--database=clinic", "--location=nam5"} <= set(database.split())
    (doctors,) = commands(lines, "env -u FIRESTORE_EMULATOR_HOST ")
    variables = {"FIRESTORE_DATABASE=clinic", "STORE=firestore", "DEADLINE_SECONDS=5"}
    assert variables | {"DOCTORS_FILE=doctors.json"} <= set(doctors.split())


def test_settings_of_firebase_reach_the_container() -> None:
    firebase = ["--auth-tenant=clinic-x7k2p", "--app-check=on", *OPEN]
    (line,) = commands(dry_run("container", *CHOICES, *firebase), "gcloud run deploy")
    assert ";AUTH_TENANT=clinic-x7k2p;" in line
    assert ";APP_CHECK=on' " in line


@pytest.mark.parametrize(
    ("verb", "more", "target"),
    [
        ("functions", CLOSED, TARGET),
        ("functions", OPEN, f"{TARGET} --auth firebase"),
        ("container", CLOSED, '--url "$(gcloud run'),
        (
            "container",
            ["--auth=https://id.example", "--auth-audience=app"],
            f'{TARGET} --auth https://id.example --auth-audience app --url "$(gcloud run',
        ),
    ],
)
def test_a_script_ends_with_the_smoke_test_of_what_it_deploys(
    verb: str, more: list[str], target: str
) -> None:
    last = dry_run(verb, *CHOICES, *more)[-1]
    assert last.startswith(f"python3 -m deploy smoke {target}")


def test_every_function_is_in_the_table() -> None:
    assert list(endpoints()) == list(NAMES)


def test_alerts_go_to_the_channels_that_are_named() -> None:
    channels = ["--notification-channel", "one", "--notification-channel", "two"]
    text = "\n".join(dry_run("watch", *CHOICES, *channels))
    assert text.count(" --notification-channels=one,two ") == 4
    assert text.count(" --set-notification-channels=one,two ") == 4


def test_removal_goes_backwards_spares_the_data_and_says_how_to_delete_them() -> None:
    lines = dry_run("remove", *CHOICES)
    assert re.findall(r"\ngcloud ([a-z -]+) delete (\S+)", "\n".join(commands(lines)))[13:] == [
        ("run services", "appointments"),
        ("artifacts repositories", "appointments"),
        *(("functions", name.replace("_", "-")) for name in reversed(NAMES)),
        ("iam service-accounts", "appointments-caller@hospital-42.iam.gserviceaccount.com"),
    ]
    assert len(commands(lines)) == 42
    assert all(" --quiet " in line for line in commands(lines)[1:])
    assert not any("firestore" in line for line in commands(lines))
    notes = "\n".join(line for line in lines if line.startswith("#"))
    off = "gcloud firestore databases update --database=clinic --no-delete-protection"
    delete = "gcloud firestore databases delete --database=clinic"
    assert 0 < notes.index(off) < notes.index(delete)


@pytest.mark.parametrize("auth", ["none", "firebase"])
def test_only_data_accounts_and_permissions_outlive_a_removal(auth: str) -> None:
    options = Options("hospital-42", "us-east4", auth=auth, invoker=("user:me@clinic.example",))
    remaining = {
        resource.title.split()[0]
        for make in TABLE.values()
        for resource in make(options)
        if not resource.delete
    }
    assert remaining == {
        *("Google", "Service", "Firestore", "Daily", "Rules,", "Doctors", "Image", "All"),
        *("roles/datastore.user", "roles/cloudbuild.builds.builder", "roles/run.invoker"),
        "roles/iam.serviceAccountOpenIdTokenCreator",
    }

import re
import shlex

import pytest

from deploy.events import Target, delivery
from deploy.options import Options, parsed
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
SINK = ["--env=WEBHOOK_URLS=https://a.example/hook", "--secret=WEBHOOK_SECRET=hook"]
SECRETS = [
    "gcloud services enable secretmanager.googleapis.com",
    "gcloud secrets add-iam-policy-binding hook ",
]
EVENTS = [
    "gcloud services enable cloudscheduler.googleapis.com eventarc.googleapis.com ",
    "gcloud iam service-accounts create appointments-events ",
    "gcloud projects add-iam-policy-binding ",
]
NO_EVENTS = ['test -z "$(gcloud iam service-accounts describe appointments-events@']
CALLED = [
    "gcloud run services add-iam-policy-binding deliver-events ",
    "gcloud scheduler jobs create http deliver-events ",
    "gcloud eventarc triggers create deliver-events ",
    "bash -c ",
]
CONTAINER_CALLED = [
    "gcloud run services add-iam-policy-binding appointments ",
    "bash -c ",
    "gcloud eventarc triggers create appointments ",
    "bash -c ",
]
NOT_CALLED = [
    'test -z "$(gcloud scheduler jobs describe ',
    'test -z "$(gcloud eventarc triggers describe ',
]
HOSTING = [
    "gcloud services enable firebase.googleapis.com firebasehosting.googleapis.com ",
    "bash -c ",
    "env GOOGLE_CLOUD_QUOTA_PROJECT=hospital-42 npx --yes firebase-tools@15 apps:create WEB ",
    *["bash -c "] * 2,
]
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


FUNCTIONS = {
    "closed": [SHUT, *FUNCTION, LET_IN] * len(NAMES),
    "open": [*FUNCTION, LET_IN] * len(NAMES),
}
IN_ONE = {"closed": [*IMAGE, SHUT, *CONTAINER, LET_IN], "open": [*IMAGE, *CONTAINER, LET_IN]}


@pytest.mark.parametrize("door", ["closed", "open"])
@pytest.mark.parametrize("verb", ["functions", "container"])
@pytest.mark.parametrize("sink", [[], SINK], ids=["no-sink", "sink"])
def test_every_resource_comes_after_all_that_it_needs(
    verb: str, door: str, sink: list[str]
) -> None:
    """What asks for no token is never reachable by everybody, even while --auth changes."""
    auth, service = (OPEN, SERVICE) if door == "open" else (CLOSED, [])
    after = (FUNCTIONS if verb == "functions" else IN_ONE)[door]
    called = CALLED if verb == "functions" else CONTAINER_CALLED
    secrets, events = (SECRETS, EVENTS) if sink else ([], NO_EVENTS)
    delivery = called if sink else NOT_CALLED
    last = [*HOSTING, *AFTER] if (verb, door) == ("functions", "open") else AFTER
    expected = [*PROJECT, *service, *secrets, *DATABASE, *events, *after, *delivery, *last]
    lines = commands(dry_run(verb, *CHOICES, *CALLER, *auth, *sink))
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


@pytest.mark.parametrize("auth", [CLOSED, OPEN, [*OPEN, *SINK]], ids=["closed", "open", "sink"])
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
        dry_run("functions", *CHOICES[:4], *OPEN),
        "env GOOGLE_CLOUD_QUOTA_PROJECT=hospital-42 npx --yes firebase-tools@15 deploy",
    )
    assert command == (
        "env GOOGLE_CLOUD_QUOTA_PROJECT=hospital-42 npx --yes firebase-tools@15 deploy"
        " --only firestore:rules,firestore:indexes --non-interactive --project hospital-42"
    )
    (command,) = commands(dry_run("functions", *CHOICES, *CLOSED), "bash -c")
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
        assert words[3] == name
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


def test_secrets_reach_what_is_deployed_by_name_and_no_settings_of_sinks_the_doctors() -> None:
    sink = [*SINK, "--secret=MAIL=mail:3", "--env=REMINDERS=1440,120", "--env=DEADLINE_SECONDS=5"]
    lines = dry_run("functions", *CHOICES, *OPEN, *sink)
    for line in commands(lines, "gcloud functions deploy"):
        words = shlex.split(line)
        assert "--set-secrets=WEBHOOK_SECRET=hook:latest,MAIL=mail:3" in words
        (variables,) = (word for word in words if word.startswith("--set-env-vars="))
        assert variables.endswith(
            ";WEBHOOK_URLS=https://a.example/hook;REMINDERS=1440,120;DEADLINE_SECONDS=5"
        )
    readers = commands(lines, "gcloud secrets add-iam-policy-binding")
    assert [line.split()[3] for line in readers] == ["hook", "mail"]
    runtime = "--member=serviceAccount:appointments@hospital-42.iam.gserviceaccount.com"
    accessor = "--role=roles/secretmanager.secretAccessor"
    assert all({runtime, accessor} <= set(line.split()) for line in readers)
    # They need a secret, which make doctors does not have, and it tells nobody.
    (doctors,) = commands(lines, "env -u FIRESTORE_EMULATOR_HOST ")
    assert "DEADLINE_SECONDS=5" in doctors
    assert not any(word in doctors for word in ("WEBHOOK", "MAIL", "REMINDERS"))
    (deployed,) = commands(dry_run("container", *CHOICES, *OPEN), "gcloud run deploy")
    assert " --clear-secrets " in deployed


def test_what_calls_deliver_events_shows_a_token_that_the_functions_accept() -> None:
    account = "appointments-events@hospital-42.iam.gserviceaccount.com"
    lines = dry_run("functions", *CHOICES, *OPEN, *SINK)
    deployed = commands(lines, "gcloud functions deploy")
    assert all(f"@hospital-42.iam.gserviceaccount.com,{account};" in line for line in deployed)
    (job,) = commands(lines, "gcloud scheduler jobs create")
    url = "https://us-east4-hospital-42.cloudfunctions.net/deliver_events"
    token = {f"--oidc-service-account-email={account}", "--oidc-token-audience=hospital-42"}
    assert {f"--uri={url}", "--schedule=* * * * *", *token} <= set(shlex.split(job))
    (trigger,) = commands(lines, "gcloud eventarc triggers create")
    filters = {
        "--event-filters=type=google.cloud.firestore.document.v1.created",
        "--event-filters=database=clinic",
        "--event-filters-path-pattern=document=outbox/{event}",
    }
    service = {"--destination-run-service=deliver-events", "--destination-run-region=us-east4"}
    assert filters | service | {f"--service-account={account}"} <= set(shlex.split(trigger))
    (audience,) = commands(lines, "bash -c 'name=")
    assert audience.endswith(
        " gcloud pubsub subscriptions update --ack-deadline=60"
        f" --push-auth-service-account={account}"
        " --push-auth-token-audience=hospital-42 --project=hospital-42"
    )


def test_a_trigger_is_where_the_database_is_and_knows_the_path_in_the_container() -> None:
    lines = dry_run("container", *CHOICES, *OPEN, *SINK, "--location=nam5")
    (trigger,) = commands(lines, "gcloud eventarc triggers create")
    wanted = {"--location=nam5", "--destination-run-path=/deliver_events"}
    assert wanted | {"--destination-run-region=us-east4"} <= set(trigger.split())


@pytest.mark.parametrize("verb", ["functions", "container"])
def test_where_cloud_run_asks_for_a_token_its_audience_is_the_address(verb: str) -> None:
    lines = dry_run(verb, *CHOICES, *CLOSED, *SINK)
    (job,) = [line for line in commands(lines) if " scheduler jobs create http " in line]
    url = "https://us-east4-hospital-42.cloudfunctions.net/deliver_events"
    here = url if verb == "functions" else "$url"
    assert f" --oidc-token-audience={here}" in job
    assert "hospital-42.iam.gserviceaccount.com --format" in job
    (audience,) = commands(lines, "bash -c 'name=")
    assert "--push-auth-token-audience=$(expr " in audience
    assert "--push-auth-token-audience=hospital-42" not in audience


def test_the_functions_may_publish_to_the_topic_that_is_named() -> None:
    lines = dry_run("functions", *CHOICES, *OPEN, "--env=PUBSUB_TOPIC=appointments")
    (line,) = commands(lines, "gcloud pubsub topics add-iam-policy-binding appointments ")
    member = "serviceAccount:appointments@hospital-42.iam.gserviceaccount.com"
    assert f" --member={member} --role=roles/pubsub.publisher " in line


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ("--env=WEBHOOK_URLS=", False),
        ("--env=REMINDERS=60", False),
        ("--secret=WEBHOOK_SECRET=hook", False),
        ("--env=MAIL=firestore", True),
        ("--secret=MAIL=mail", True),
        ("--env=PUBSUB_TOPIC=appointments", True),
    ],
)
def test_only_a_sink_has_deliver_events_called(given: str, calls: bool) -> None:  # noqa: FBT001
    options = parsed(["functions", *CHOICES, *OPEN, given])[1]
    wanted = [it for it in delivery(options, Target("deliver-events")) if it.wanted]
    assert [it.title.split()[0] for it in wanted] == (
        ["roles/run.invoker", "Scheduler", "Trigger", "Subscription"] if calls else []
    )
    assert ("appointments-events@" in options.environment()["AUTH_SERVICES"]) is calls


def test_who_may_show_the_booking_page_is_told_to_what_serves_it() -> None:
    choice = "--frame-ancestors=https://a.example,https://b.example"
    (container,) = commands(dry_run("container", *CHOICES, *OPEN, choice), "gcloud run deploy")
    assert ";FRAME_ANCESTORS=https://a.example,https://b.example' " in container
    lines = dry_run("functions", *CHOICES, *OPEN, choice)
    assert [line for line in lines if "FRAME_ANCESTORS" in line] == []
    (hosting,) = [line for line in lines if "deploy --only hosting" in line]
    assert "frame-ancestors https://a.example https://b.example" in hosting


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


NO_DELIVERY, OF_SQL = ["nobody delivers events"], ["no connection left", "disk nearly full"]


@pytest.mark.parametrize(
    ("more", "alerts", "unwanted"),
    [
        ([], 6, [*OF_SQL, *NO_DELIVERY]),
        (SINK, 7, OF_SQL),
        (["--sql-instance=clinic"], 8, NO_DELIVERY),
        (["--sql-instance=clinic", *SINK], 9, []),
    ],
    ids=["firestore", "sink", "sql", "sql-and-sink"],
)
def test_alerts_go_to_the_channels_that_are_named_and_others_are_deleted(
    more: list[str], alerts: int, unwanted: list[str]
) -> None:
    channels = ["--notification-channel", "one", "--notification-channel", "two"]
    lines = dry_run("watch", *CHOICES[:4], *channels, *more)
    text = "\n".join(lines)
    assert text.count(" --notification-channels=one,two ") == alerts
    assert text.count(" --set-notification-channels=one,two ") == alerts
    deletions = [line for line in lines if line.startswith("test -z ")]
    assert len(deletions) == len(unwanted)
    look = "gcloud alpha monitoring policies list --limit=1 '--format=value(name)'"
    for line, name in zip(deletions, unwanted, strict=True):
        assert line.startswith(f'test -z "$({look} ')
        assert line.count(f'displayName="Appointments: {name}"') == 2
        assert f'" || gcloud alpha monitoring policies delete "$({look} ' in line


def test_removal_goes_backwards_spares_the_data_and_says_how_to_delete_them() -> None:
    lines = dry_run("remove", *CHOICES)
    deleted = re.findall(r"\ngcloud ([a-z -]+) delete (\S+)", "\n".join(commands(lines)))
    assert deleted[21:] == [
        ("eventarc triggers", "appointments"),
        ("scheduler jobs", "appointments"),
        ("run services", "appointments"),
        ("artifacts repositories", "appointments"),
        ("eventarc triggers", "deliver-events"),
        ("scheduler jobs", "deliver-events"),
        *(("functions", name) for name in reversed(NAMES)),
        ("iam service-accounts", "appointments-events@hospital-42.iam.gserviceaccount.com"),
        ("iam service-accounts", "appointments-caller@hospital-42.iam.gserviceaccount.com"),
    ]
    assert len(commands(lines)) == 1 + 21 + 8 + len(NAMES)
    assert all(" --quiet " in line for line in commands(lines)[1:])
    assert not any("firestore" in line for line in commands(lines))
    notes = "\n".join(line for line in lines if line.startswith("#"))
    off = "gcloud firestore databases update --database=clinic --no-delete-protection"
    delete = "gcloud firestore databases delete --database=clinic"
    assert 0 < notes.index(off) < notes.index(delete)


@pytest.mark.parametrize("auth", ["none", "firebase"])
def test_only_data_accounts_and_permissions_outlive_a_removal(auth: str) -> None:
    options = Options(
        "hospital-42",
        "us-east4",
        auth=auth,
        invoker=("user:me@clinic.example",),
        env=("PUBSUB_TOPIC=appointments",),
        secret=("MAIL=mail",),
    )
    remaining = {
        resource.title.split()[0]
        for make in TABLE.values()
        for resource in make(options)
        if not resource.delete
    }
    assert remaining - {"Hosting"} == {
        *("Google", "Service", "Firestore", "Daily", "Rules,", "Doctors", "Image", "All"),
        *("Subscription", "roles/eventarc.eventReceiver", "roles/pubsub.publisher"),
        *(
            "roles/secretmanager.secretAccessor",
            "roles/datastore.user",
            "roles/cloudbuild.builds.builder",
            "roles/run.invoker",
        ),
        "roles/iam.serviceAccountOpenIdTokenCreator",
    }

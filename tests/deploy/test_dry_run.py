import re
import shlex

import pytest

import functions
from deploy.functions import FUNCTIONS
from tests.deploy.deployments import deploy

NOWHERE = "/nonexistent"  # So nothing can be run: no gcloud, no make, no curl.
CHOICES = ["--project", "hospital-42", "--region", "us-east4", "--database", "clinic"]
DATABASE = [
    "gcloud services enable",
    "gcloud iam service-accounts",
    "gcloud iam service-accounts",
    "gcloud projects add-iam-policy-binding",
    "gcloud projects add-iam-policy-binding",
    "gcloud firestore databases create",
    "gcloud firestore databases update",
    "gcloud firestore backups",
    *["gcloud firestore indexes"] * 5,
    "gcloud firestore fields",
    *["gcloud firestore indexes"] * 3,
    "bash deploy/rules.sh hospital-42",
    "env -u FIRESTORE_EMULATOR_HOST",
]


def dry_run(*arguments: str) -> list[str]:
    shown = deploy(*arguments, "--dry-run", path=NOWHERE)
    assert (shown.stderr, shown.returncode) == ("", 0)
    return shown.stdout.splitlines()


def commands(lines: list[str]) -> list[str]:
    return [line for line in lines if line and not line.startswith("#")]


def starts(lines: list[str], database_words: int = 4) -> list[str]:
    """The first words of each command: four of a command on a database, three of others."""
    words = [line.split() for line in commands(lines)]
    return [
        " ".join(it[: database_words if it[1:3] == ["firestore", "databases"] else 3])
        for it in words
    ]


def test_the_functions_come_after_all_that_they_need() -> None:
    deployments = ["gcloud functions deploy", "gcloud run services"] * 6
    lines = dry_run("functions", *CHOICES, "--invoker", "user:me@clinic.example")
    assert starts(lines) == [*DATABASE, *deployments, "python3 -m deploy"]


def test_the_container_comes_after_all_that_it_needs() -> None:
    deployment = [
        "gcloud artifacts repositories",
        "gcloud builds submit",
        "gcloud run deploy",
        *["gcloud run services"] * 2,
    ]
    lines = dry_run("container", *CHOICES, "--invoker", "user:me@clinic.example")
    assert starts(lines) == [*DATABASE, *deployment, "python3 -m deploy"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["functions", *CHOICES],
        ["container", *CHOICES],
        ["watch", *CHOICES],
        ["remove", *CHOICES],
    ],
)
def test_no_command_concerns_another_project(arguments: list[str]) -> None:
    lines = dry_run(*arguments)
    projects = re.compile(
        r"--project[= ]([\w-]+)|PROJECT=([\w-]+)|@([\w-]+)\.iam|projects/([\w-]+)"
        r"|docker\.pkg\.dev/([\w-]+)|us-east4-([\w-]+)\.cloudfunctions"
    )
    named = {name for line in lines for match in projects.findall(line) for name in match if name}
    assert named == {"hospital-42"}
    for line in commands(lines):
        assert "hospital-42" in line


@pytest.mark.parametrize("verb", ["functions", "container"])
def test_no_command_concerns_another_region_or_database(verb: str) -> None:
    text = "\n".join(dry_run(verb, *CHOICES))
    assert "europe-west1" not in text
    assert "(default)" not in text
    assert set(re.findall(r"DATABASE=(\w+)|database=(\w+)", text)) == {
        ("clinic", ""),
        ("", "clinic"),
    }


def test_a_new_database_is_put_where_it_is_wanted() -> None:
    text = "\n".join(dry_run("functions", *CHOICES, "--location", "nam5"))
    assert "gcloud firestore databases create --database=clinic --location=nam5" in text


def test_every_setting_reaches_every_function() -> None:
    settings = {
        "--concurrency": "7",
        "--cpu": "2",
        "--memory": "1Gi",
        "--min-instances": "3",
        "--max-instances": "9",
    }
    arguments = [word for setting in settings.items() for word in setting]
    lines = dry_run("functions", *CHOICES, *arguments, "--clinic-time-zone", "Asia/Tokyo")
    deployments = [line for line in lines if line.startswith("gcloud functions deploy")]
    assert len(deployments) == 6
    for line in deployments:
        words = shlex.split(line)
        for setting, value in settings.items():
            assert f"{setting}={value}" in words
        assert (
            "--set-env-vars=^;^GOOGLE_CLOUD_PROJECT=hospital-42;FIRESTORE_DATABASE=clinic"
            ";CLINIC_TIME_ZONE=Asia/Tokyo"
        ) in words


def test_origins_keep_their_commas() -> None:
    origins = "https://a.example,https://b.example"
    lines = dry_run("container", *CHOICES, "--allowed-origins", origins)
    deployment = next(line for line in lines if line.startswith("gcloud run deploy"))
    assert f";ALLOWED_ORIGINS={origins}" in deployment


def test_other_variables_reach_the_functions_and_the_doctors() -> None:
    more = ["--env", "DEADLINE_SECONDS=5", "--env", "OTEL_RESOURCE_ATTRIBUTES=a=1,b=2"]
    lines = dry_run("functions", *CHOICES, *more)
    told = [line for line in lines if "DEADLINE_SECONDS=5" in line]
    assert [line.split()[0] for line in told] == ["env", *["gcloud"] * 6]
    assert ";DEADLINE_SECONDS=5;OTEL_RESOURCE_ATTRIBUTES=a=1,b=2'" in told[1]


def test_functions_have_their_entry_points() -> None:
    text = "\n".join(dry_run("functions", *CHOICES))
    deployed = re.findall(
        r"^gcloud functions deploy (\S+) .* --entry-point=(\S+) ", text, re.MULTILINE
    )
    assert deployed == [
        ("create-appointment", "create_appointment"),
        ("list-appointments", "list_appointments"),
        ("first-available", "first_available"),
        ("get-appointment", "get_appointment"),
        ("cancel-appointment", "cancel_appointment"),
        ("reschedule-appointment", "reschedule_appointment"),
    ]


def test_every_function_that_there_is_is_deployed() -> None:
    assert sorted(FUNCTIONS) == sorted(functions.FUNCTIONS)


def test_nobody_may_call_who_is_not_named() -> None:
    for verb in ("functions", "container"):
        text = "\n".join(dry_run(verb, *CHOICES))
        assert "roles/run.invoker" not in text
        assert "--allow-unauthenticated" not in text
        assert text.count(" --no-allow-unauthenticated ") == {"functions": 6, "container": 1}[verb]


def test_alerts_go_to_the_channels_that_are_named() -> None:
    channels = ["--notification-channel", "one", "--notification-channel", "two"]
    text = "\n".join(dry_run("watch", *CHOICES, *channels))
    assert text.count(" --notification-channels=one,two ") == 4
    assert text.count(" --set-notification-channels=one,two ") == 4


def test_removal_spares_the_data_and_says_how_to_delete_them() -> None:
    lines = dry_run("remove", *CHOICES)
    assert not any("firestore" in line for line in commands(lines))
    text = "\n".join(line for line in lines if line.startswith("#"))
    off = "gcloud firestore databases update --database=clinic --no-delete-protection"
    delete = "gcloud firestore databases delete --database=clinic"
    assert 0 < text.index(off) < text.index(delete)


def test_removal_takes_all_away_that_is_deployed() -> None:
    text = "\n".join(commands(dry_run("remove", *CHOICES)))
    assert re.findall(r"\ngcloud (\w+(?: \w+)?) delete ([\w-]+) ", text)[-8:] == [
        ("functions", "create-appointment"),
        ("functions", "list-appointments"),
        ("functions", "first-available"),
        ("functions", "get-appointment"),
        ("functions", "cancel-appointment"),
        ("functions", "reschedule-appointment"),
        ("run services", "appointments"),
        ("artifacts repositories", "appointments"),
    ]
    assert text.count("logging metrics delete") == 8
    assert text.count("monitoring policies delete") == 4
    assert text.count("monitoring dashboards delete") == 1

"""Deployment, monitoring and removal, with stand-ins for gcloud, firebase and make."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.commands import Failed, output_of
from deploy.events import Target, delivery
from deploy.options import Options
from deploy.resources import ensure
from deploy.table import TABLE
from tests.deploy.deployments import ROOT, StandIns, deploy
from tests.deploy.test_dry_run import NAMES
from tests.end_to_end.processes import local_runner

PROJECT = ["--project", "hospital-42", "--region", "europe-west1", "--auth", "none"]
OPTIONS = Options(
    project="hospital-42",
    region="europe-west1",
    auth="none",
    invoker=("user:me@clinic.example",),
)
THING = "projects/hospital-42/thing/1"
ABSENT = {"gcloud projects describe *": (0, ""), "gcloud * describe *": (1, "NOT_FOUND")}
PROTECTED = "name\\tDELETE_PROTECTION_ENABLED\\tPOINT_IN_TIME_RECOVERY_ENABLED"
PRESENT = {
    "gcloud * get-iam-policy *allUsers*": (0, ""),
    "gcloud firestore databases describe *": (0, PROTECTED),
    "gcloud run services describe *traffic*": (0, "True"),
    "gcloud * describe *": (0, "there: is"),
    "gcloud * get-iam-policy *bindings.role=*bindings.members=*": (0, "roles/some"),
    "gcloud * list *name,etag*": (0, f"{THING}\\tetag1"),
    "gcloud * list *": (0, THING),
}
UNUSED = "PERMISSION_DENIED: it has not been used in project 1 before or it is disabled"
NO_EVENTS = {
    "gcloud iam service-accounts describe appointments-events@*": (1, "NOT_FOUND"),
    "gcloud scheduler *": (1, UNUSED),
    "gcloud eventarc *": (1, "NOT_FOUND"),
}
"""Without a sink nothing of these is there, and maybe nobody ever used their services."""
LOOKS = r" (describe|list|get-iam-policy|print-identity-token) "


def run(options: Options, *groups: str) -> None:
    for group in groups:
        for resource in TABLE[group](options):
            ensure(resource).run()


def changes(stand_ins: StandIns) -> list[str]:
    return [call for call in stand_ins.calls() if not re.search(LOOKS, f"{call} ")]


def starts(calls: Iterable[str]) -> list[str]:
    """Return the words of each call before its first option, four at most."""
    return [" ".join(call.partition(" --")[0].split()[:4]) for call in calls]


def labelled(said: str, calls: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Answer looks at deployments with the labels of the calls that deployed them."""
    labels = re.findall(r" deploy (\S+) .*labels=version=(\w+)", "\n".join(calls))
    return {f"gcloud * describe {name} *version*": (0, said % label) for name, label in labels}


def test_the_first_run_makes_everything_and_the_second_changes_nothing(
    stand_ins: StandIns,
) -> None:
    everything = ("project", "secrets", "database", "events", "functions", "doctors")
    stand_ins.answer(ABSENT)
    run(OPTIONS, *everything)
    first = changes(stand_ins)
    assert len(first) == 9 + 2 * len(NAMES)
    deployed = [call for call in starts(first) if call.startswith("gcloud functions deploy")]
    assert len(deployed) == len(set(deployed)) == len(NAMES)

    stand_ins.answer(NO_EVENTS | labelled("ACTIVE\\t%s", first) | PRESENT)
    run(OPTIONS, *everything)
    services = "gcloud services enable artifactregistry.googleapis.com"
    assert starts(changes(stand_ins)) == [services, "firebase deploy", "make doctors"]

    run(replace(OPTIONS, memory="1Gi"), *everything)
    again = [services, "firebase deploy", *deployed, "make doctors"]
    assert starts(changes(stand_ins)) == again
    stand_ins.answer(NO_EVENTS | labelled("FAILED\\t%s", first) | PRESENT)
    run(OPTIONS, "functions")
    assert starts(changes(stand_ins)) == deployed


def test_what_was_open_is_closed_before_functions_that_ask_for_no_token(
    stand_ins: StandIns,
) -> None:
    open_to_all = {"gcloud * get-iam-policy *allUsers*": (0, "roles/run.invoker")}
    stand_ins.answer(NO_EVENTS | PRESENT | open_to_all)
    run(OPTIONS, "functions")
    steps = ["run services remove-iam-policy-binding", "functions deploy"]
    done = [call.removeprefix("gcloud ") for call in changes(stand_ins)]
    assert len(done) == 2 * len(NAMES)
    for call, step in zip(done, steps * len(NAMES), strict=True):
        assert call.startswith(step)


def test_with_tokens_a_second_run_changes_nothing_and_opens_again_what_was_closed(
    stand_ins: StandIns,
) -> None:
    options = replace(OPTIONS, auth="firebase")
    stand_ins.answer(ABSENT)
    run(options, "caller", "functions")
    first = changes(stand_ins)
    open_to_all = {"gcloud * get-iam-policy *allUsers*": (0, "roles/run.invoker")}
    stand_ins.answer(NO_EVENTS | labelled("ACTIVE\\t%s", first) | PRESENT | open_to_all)
    run(options, "caller", "functions")
    enabled = "gcloud services enable iamcredentials.googleapis.com"
    assert starts(changes(stand_ins)) == [enabled]

    stand_ins.answer(NO_EVENTS | labelled("ACTIVE\\t%s", first) | PRESENT)
    run(options, "functions")
    assert starts(changes(stand_ins)) == ["gcloud run services add-iam-policy-binding"] * len(NAMES)


def with_sink(auth: str = "firebase") -> Options:
    sink = {"env": ("WEBHOOK_URLS=https://a.example/hook",), "secret": ("WEBHOOK_SECRET=hook",)}
    return replace(OPTIONS, auth=auth, **sink)  # type: ignore[arg-type]


ACCOUNT = "appointments-events@hospital-42.iam.gserviceaccount.com"
URL = "https://europe-west1-hospital-42.cloudfunctions.net/deliver_events"
OF_CONTAINER = "https://appointments-xyz-ew.a.run.app"
ENDPOINT = "https://deliver-events-xyz-ew.a.run.app/?__GCP_CloudEventsMode=CE_PUBSUB_BINDING"
TRIGGER = {
    "gcloud eventarc triggers describe *subscription*": (0, "projects/hospital-42/subscriptions/s"),
    "gcloud eventarc triggers describe *": (0, '[{"value": "(default)"}, {"value": "outbox/"}]'),
    "gcloud pubsub subscriptions describe *pushEndpoint*": (0, ENDPOINT),
    "gcloud run services describe *status.url*": (0, OF_CONTAINER),
}


def called(audience: str, url: str = URL, ack_deadline: int = 60) -> dict[str, tuple[int, str]]:
    """The answers where all is there, with tokens for this audience."""
    job = f"* * * * *\\t{url}\\t{ACCOUNT}\\t{audience}"
    return {
        "gcloud scheduler jobs describe *": (0, job),
        "gcloud pubsub subscriptions describe *audience*": (0, f"{audience}\\t{ack_deadline}"),
        **TRIGGER,
        **PRESENT,
    }


def delivering(options: Options, *targets: Target) -> None:
    for target in targets or (Target("deliver-events", url=URL),):
        for resource in delivery(options, target):
            ensure(resource).run()


IN_CONTAINER = Target("appointments", path="/deliver_events")


@pytest.mark.parametrize(
    ("auth", "audience", "of_container"),
    [("firebase", "hospital-42", "hospital-42"), ("none", URL, OF_CONTAINER)],
)
def test_who_calls_deliver_events_is_made_once(
    stand_ins: StandIns, auth: str, audience: str, of_container: str
) -> None:
    stand_ins.answer(called(audience))
    delivering(with_sink(auth))
    stand_ins.answer(called(of_container, f"{OF_CONTAINER}/deliver_events"))
    delivering(with_sink(auth), IN_CONTAINER)
    assert changes(stand_ins) == []


@pytest.mark.parametrize(
    ("auth", "audience"),
    [("firebase", "hospital-42"), ("none", "https://deliver-events-xyz-ew.a.run.app")],
)
def test_tokens_of_eventarc_get_the_audience_that_is_asked_for_and_keep_their_endpoint(
    stand_ins: StandIns, auth: str, audience: str
) -> None:
    stand_ins.answer(called("other"))
    delivering(with_sink(auth))
    job, subscription = changes(stand_ins)
    assert job.startswith("gcloud scheduler jobs update http deliver-events ")
    assert subscription.startswith("gcloud pubsub subscriptions update ")
    words = subscription.split()
    assert "projects/hospital-42/subscriptions/s" in words
    wanted = {f"--push-endpoint={ENDPOINT}", f"--push-auth-service-account={ACCOUNT}"}
    wanted |= {"--ack-deadline=60"}
    assert wanted | {f"--push-auth-token-audience={audience}"} <= set(words)


@pytest.mark.parametrize(
    ("auth", "audience"), [("firebase", "hospital-42"), ("none", OF_CONTAINER)]
)
def test_the_job_of_the_container_calls_the_address_that_cloud_run_gave_it(
    stand_ins: StandIns, auth: str, audience: str
) -> None:
    absent = {"gcloud scheduler jobs describe *": (1, "NOT_FOUND: Job not found.")}
    stand_ins.answer(called("hospital-42") | absent)
    delivering(with_sink(auth), IN_CONTAINER)
    job = changes(stand_ins)[0]
    assert job.startswith("gcloud scheduler jobs create http appointments ")
    wanted = {f"--uri={OF_CONTAINER}/deliver_events", f"--oidc-token-audience={audience}"}
    assert wanted <= set(job.split())


def test_what_calls_again_too_early_is_told_how_long_a_call_may_take(stand_ins: StandIns) -> None:
    stand_ins.answer(called("hospital-42", ack_deadline=10))
    delivering(with_sink())
    assert starts(changes(stand_ins)) == ["gcloud pubsub subscriptions update"]


def test_a_trigger_of_another_database_is_changed(stand_ins: StandIns) -> None:
    stand_ins.answer(called("hospital-42"))
    delivering(replace(with_sink(), database="clinic"))
    (change,) = changes(stand_ins)
    assert change.startswith("gcloud eventarc triggers update deliver-events ")
    assert " --event-filters=database=clinic " in change


def test_what_called_deliver_events_goes_with_the_last_sink(stand_ins: StandIns) -> None:
    stand_ins.answer(called("hospital-42"))
    run(OPTIONS, "events")
    delivering(OPTIONS)
    assert starts(changes(stand_ins)) == [
        "gcloud iam service-accounts delete",
        "gcloud scheduler jobs delete",
        "gcloud eventarc triggers delete",
    ]


def test_a_database_without_protection_gets_it_and_keeps_its_data(stand_ins: StandIns) -> None:
    unprotected = PROTECTED.replace("RECOVERY_ENABLED", "RECOVERY_DISABLED")
    stand_ins.answer(PRESENT | {"gcloud firestore databases describe *": (0, unprotected)})
    run(OPTIONS, "database")
    update = (
        "gcloud firestore databases update --database=(default) --delete-protection --enable-pitr"
    )
    assert changes(stand_ins)[0] == f"{update} --project=hospital-42"


@pytest.mark.parametrize("status", [0, 1])
def test_rules_of_another_database_leave_no_configuration_behind(
    stand_ins: StandIns, status: int
) -> None:
    config = ROOT / "firebase.deploy.json"
    firebase = stand_ins.folder / "firebase"
    firebase.write_text(f"#!/bin/bash\ncp {config.name} {stand_ins.folder}/seen; exit {status}")
    rules = list(TABLE["database"](replace(OPTIONS, database="clinic")))[2]
    done = subprocess.run(rules.create, cwd=ROOT, check=False)  # noqa: S603 - our own command
    assert (done.returncode, config.exists()) == (status, False)
    files = {"rules": "firestore.rules", "indexes": "firestore.indexes.json"}
    seen = json.loads((stand_ins.folder / "seen").read_text())
    assert seen == {"firestore": {**files, "database": "clinic"}}


def test_the_container_is_deployed_and_tested(tmp_path: Path, stand_ins: StandIns) -> None:
    doctors = {"DOCTORS_FILE": str(ROOT / "doctors.json")}
    (tmp_path / "store").mkdir()
    with local_runner(tmp_path / "store", doctors) as runner:
        url = {"gcloud run services describe *status.url*": (0, runner.url)}
        stand_ins.answer(url | ABSENT)
        first = deploy("container", *PROJECT, path=stand_ins.path)
        assert (first.stderr, first.returncode) == ("", 0)
        assert first.stdout.endswith("The smoke test passed.\n")
        calls = changes(stand_ins)
        made = ["artifacts repositories create", "builds submit .", "run deploy appointments"]
        made.append("run services update-traffic")
        expected = [*(f"gcloud {words}" for words in made), "make doctors"]
        assert starts(calls)[-5:] == expected
        current = url | labelled("appointments\\t%s\\tTrue", calls) | PRESENT
        for rolled_back, steps in ({}, 3), ({"gcloud * *traffic*": (0, "False")}, 4):
            stand_ins.answer(NO_EVENTS | rolled_back | current)
            second = deploy("container", *PROJECT, path=stand_ins.path)
            assert (second.stderr, second.returncode) == ("", 0)
            assert "Service appointments ... nothing to do\n" in second.stdout
            assert len(changes(stand_ins)) == steps


@pytest.mark.parametrize("database", ["(default)", "clinic"])
def test_a_printed_dry_run_makes_the_same_calls_when_pasted(
    stand_ins: StandIns, database: str
) -> None:
    origins = "https://a.example,https://b.example"
    options = replace(OPTIONS, database=database, allowed_origins=origins, invoker=())
    stand_ins.answer(ABSENT)
    run(options, "project", "database", "functions", "doctors")
    made = changes(stand_ins)
    assert any(f";FIRESTORE_DATABASE={database};" in call for call in made)

    choices = ["--database", database, "--allowed-origins", origins, "--dry-run"]
    printed = deploy("functions", *PROJECT, *choices, path=stand_ins.path).stdout
    assert stand_ins.calls() == []
    script = printed[: printed.index("# Smoke test")]
    subprocess.run(["/bin/bash", "-e"], input=script, cwd=ROOT, text=True, check=True)
    assert changes(stand_ins) == made


@pytest.mark.parametrize(
    ("command", "said", "advice"),
    [
        ("gcloud services enable", "You do not have an active account", "gcloud auth login"),
        ("gcloud services enable", "Billing account is not open", "gcloud billing projects link"),
        ("gcloud services enable", "PERMISSION_DENIED: not you", "become owner of the project"),
        (
            "gcloud services enable",
            "PERMISSION_DENIED: Permission 'iam.serviceAccounts.getOpenIdToken' denied",
            "deploy with --invoker user:YOUR_ADDRESS",
        ),
        (
            "gcloud services enable",
            "FAILED_PRECONDITION: do not belong to a permitted customer",
            "your organization forbids what is open to everybody",
        ),
        ("firebase deploy", "Failed to authenticate", "gcloud auth application-default login"),
        ("firebase deploy", "env: npx: No such file or directory", "install Node 20"),
    ],
)
def test_a_failure_shows_the_command_and_its_message_and_advice(
    stand_ins: StandIns, command: str, said: str, advice: str
) -> None:
    # firebase prints errors to standard output.
    program = stand_ins.folder / command.partition(" ")[0]
    to = ">&2" if command.startswith("gcloud") else ""
    program.write_text(
        f'#!/bin/bash\n[[ "$*" == *describe* ]] && echo there\n'
        f'[[ "${{0##*/}} $*" != "{command}"* ]] || {{ echo "ERROR: {said}" {to}; exit 1; }}'
    )
    failed = deploy("functions", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert command in failed.stderr
    assert f"ERROR: {said}\n" in failed.stderr
    assert "This may help: " in failed.stderr
    assert advice in failed.stderr
    assert not any(call.startswith("make") for call in stand_ins.calls())


def test_without_gcloud_it_says_where_to_get_it(tmp_path: Path) -> None:
    failed = deploy("functions", *PROJECT, path=str(tmp_path))
    assert failed.returncode == 1
    assert "https://cloud.google.com/sdk/docs/install" in failed.stderr


def test_watching_creates_or_updates_and_names_the_state_that_it_replaces(
    stand_ins: StandIns,
) -> None:
    def counts(*kinds: str) -> list[int]:
        assert deploy("watch", *PROJECT, path=stand_ins.path).returncode == 0
        calls.extend(changes(stand_ins))
        return [sum(kind in call for call in calls) for kind in kinds]

    calls: list[str] = []
    stand_ins.answer(ABSENT)
    made = ("metrics create appointments_", "policies create --policy-from-file=deploy/")
    assert counts(*made, "dashboards create --config={", " update ") == [11, 6, 1, 0]

    calls.clear()
    stand_ins.answer(PRESENT)
    updated = ("metrics update", f"policies update {THING}", f"dashboards update {THING}")
    assert counts(*updated, " create ", " delete ") == [11, 6, 1, 0, 3]
    (config,) = re.findall(r"--config=(\{.*\}) ", "\n".join(calls))
    assert json.loads(config)["etag"] == "etag1"


def test_removal_run_or_pasted_deletes_what_is_there_and_never_the_data(
    stand_ins: StandIns,
) -> None:
    stand_ins.answer(PRESENT)
    assert deploy("remove", *PROJECT, path=stand_ins.path).returncode == 0
    calls = stand_ins.calls()
    deleted = [call for call in calls if re.search(LOOKS, call) is None]
    assert len(deleted) == 21 + 8 + len(NAMES)
    assert all(" delete " in call for call in deleted)
    assert not any("firestore" in call for call in calls)
    for kind in ("policies", "dashboards"):
        assert any(f"{kind} delete {THING} --quiet" in call for call in deleted)

    printed = deploy("remove", *PROJECT, "--dry-run", path=stand_ins.path).stdout
    subprocess.run(["/bin/bash", "-e"], input=printed, cwd=ROOT, text=True, check=True)
    assert changes(stand_ins) == deleted

    stand_ins.answer(ABSENT)
    assert deploy("remove", *PROJECT, path=stand_ins.path).returncode == 0
    assert changes(stand_ins) == []


@pytest.mark.parametrize(
    "said",
    ["no permission, or it was not found", "it was not found, or no permission", "reset by peer"],
)
def test_a_failed_look_concludes_nothing(stand_ins: StandIns, said: str) -> None:
    reached = {"gcloud projects *": (0, ""), "gcloud * list *": (0, "")}
    stand_ins.answer({**reached, "gcloud *": (1, said)})
    failed = deploy("remove", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert said in failed.stderr
    assert failed.stdout.endswith("nothing to do\nMetric appointments_requests ... ")
    assert changes(stand_ins) == []


def test_nothing_is_looked_for_in_a_misspelt_project(stand_ins: StandIns) -> None:
    stand_ins.answer({"gcloud *": (1, "NOT_FOUND: no such project")})
    failed = deploy("remove", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert "NOT_FOUND: no such project" in failed.stderr
    assert "nothing to do" not in failed.stdout
    assert len(stand_ins.calls()) == 1


def test_a_command_cannot_wait_for_an_answer() -> None:
    asks = "read answer; echo $CLOUDSDK_CORE_DISABLE_PROMPTS$answer"
    program = f"from deploy.commands import output_of; print(output_of(['bash', '-c', '{asks}']))"
    asked = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        input="yes",
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == "1\n"


@pytest.mark.parametrize(
    ("failures", "said", "pauses"),
    [
        (2, "PERMISSION_DENIED: Cloud Functions API has not been used in project 1 before", 2),
        (2, "Unable to retrieve the metadata of projects/p/repositories/gcf-artifacts", 2),
        (2, "INVALID_ARGUMENT: Service account a@p.iam.gserviceaccount.com does not exist.", 2),
        (2, "ABORTED: Please retry, underlying data changed", 2),
        (100, "API has not been used", 8),
        (1, "no such role", 0),
    ],
)
def test_only_what_a_new_project_causes_is_retried_and_only_for_a_time(
    tmp_path: Path, failures: int, said: str, pauses: int
) -> None:
    program, tries = tmp_path / "program", tmp_path / "tries"
    program.write_text(
        f"#!/bin/bash\necho >> {tries}; (($(wc -l < {tries}) > {failures})) && exit\n"
        f"echo '{said}' >&2; exit 1"
    )
    program.chmod(0o755)
    waits: list[float] = []
    if pauses == 2:
        output_of([str(program)], wait=waits.append)
    else:
        with pytest.raises(Failed, match="wait two minutes" if pauses else said):
            output_of([str(program)], wait=waits.append)
    assert waits == [15] * pauses

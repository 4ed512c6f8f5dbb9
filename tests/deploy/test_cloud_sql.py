"""Cloud SQL in the place of Firestore."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from deploy.cloud_sql import OWNER, cloud_sql
from deploy.commands import Failed, output_of
from deploy.options import Options
from deploy.resources import ensure
from deploy.table import TABLE
from tests.deploy.cloud_sql import USER, Cloud, listening_proxy
from tests.deploy.deployments import StandIns
from tests.deploy.test_container import unavailable
from tests.deploy.test_dry_run import NAMES, commands, dry_run
from tests.deploy.test_run import ABSENT, NO_EVENTS, PRESENT, changes, labelled, run
from tests.end_to_end.processes import container
from tests.firestore_emulator import NoEmulatorError
from tests.postgresql_server import running_server

OPTIONS = Options(
    project="hospital-42", region="europe-west1", auth="firebase", sql_instance="clinic"
)
CHOICES = ["--project=hospital-42", "--region=europe-west1", "--auth=firebase"]
IN_SQL = [*CHOICES, "--sql-instance=clinic"]
SINK = "--env=WEBHOOK_URLS=https://a.example/hook"
Answers = dict[str, tuple[int, str]]
ADDRESS = f"postgresql://{OWNER}@/appointments?host="
CONNECTION = "hospital-42:europe-west1:clinic"
NOON = {
    "doctor_id": "strange",
    "start": "2030-01-07T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@pytest.mark.parametrize("verb", ["functions", "container", "watch", "remove"])
@pytest.mark.parametrize("auth", ["none", "firebase"])
def test_without_an_instance_nothing_is_said_of_cloud_sql(verb: str, auth: str) -> None:
    text = "\n".join(dry_run(verb, *CHOICES[:2], f"--auth={auth}", SINK)).lower()
    assert "firestore" in text or verb == "watch"
    assert "sql" not in text


@pytest.mark.parametrize(("verb", "triggers"), [("functions", 1), ("container", 1), ("watch", 0)])
def test_with_one_nothing_is_made_or_watched_in_firestore(verb: str, triggers: int) -> None:
    made = commands(dry_run(verb, *IN_SQL, SINK))
    # Left over from a deployment without an instance, its trigger goes.
    left = [line for line in made if "eventarc triggers" in line]
    assert len(left) == triggers
    assert all(line.startswith('test -z "$(gcloud eventarc triggers describe ') for line in left)
    words = "gcloud firestore|firestore[:.]|FIRESTORE_DATABASE|datastore|eventReceiver"
    assert [line for line in made if re.search(words, line)] == []


def test_everything_says_where_the_data_is_and_connects_to_it() -> None:
    address = f"STORE=postgresql://appointments%40hospital-42.iam@/appointments?host=/cloudsql/{CONNECTION}"
    variables = f";{address};STORE_LOGIN=iam;STORE_CONNECTIONS=4;"
    connect = f" --set-cloudsql-instances={CONNECTION} "
    lines = commands(dry_run("functions", *IN_SQL))
    deployed = [line for line in lines if line.startswith("gcloud functions deploy ")]
    assert len(deployed) == len(NAMES)
    assert all(variables in line for line in deployed)
    updated = [line for line in lines if line.startswith("gcloud run services update ")]
    assert len(updated) == len(NAMES)
    assert all(connect in line for line in updated)
    (container,) = commands(dry_run("container", *IN_SQL), "gcloud run deploy ")
    assert variables in container
    assert connect in container


def test_the_account_of_the_functions_may_connect_and_log_in_and_nothing_else() -> None:
    granted = commands(dry_run("container", *IN_SQL), "gcloud projects add-iam-policy-binding ")
    account = "serviceAccount:appointments@hospital-42.iam.gserviceaccount.com"
    assert [re.findall("--role=(\\S+)", line)[0] for line in granted if account in line] == [
        "roles/cloudsql.client",
        "roles/cloudsql.instanceUser",
    ]


@pytest.mark.parametrize(
    ("verb", "more", "sum_"),
    [
        ("container", [], "80 connections to Cloud SQL (1 x 20 instances x 4)"),
        (
            "functions",
            ["--max-instances=3", "--env=STORE_CONNECTIONS=2"],
            f"{len(NAMES) * 6} connections to Cloud SQL ({len(NAMES)} x 3 instances x 2)",
        ),
    ],
)
def test_the_operator_is_told_how_many_connections_there_may_be(
    verb: str, more: list[str], sum_: str
) -> None:
    assert f"# At most {sum_}: see docs/postgresql.md." in dry_run(verb, *IN_SQL, *more)


@pytest.mark.parametrize(
    ("group", "current"),
    [("functions", "ACTIVE\\t%s"), ("container", "appointments\\t%s\\tTrue")],
)
def test_the_first_run_makes_everything_and_the_second_only_brings_the_tables_up_to_date(
    stand_ins: StandIns, group: str, current: str
) -> None:
    listening_proxy(stand_ins)
    stand_ins.answer({"gcloud sql * list *": (0, ""), **ABSENT})
    run(OPTIONS, "database", group)
    first = changes(stand_ins)
    made = ["instances create clinic", "databases create appointments"]
    made += [f"users create {USER}", f"users create {OWNER}"]
    tables = [f"gcloud sql users set-password {OWNER}", "make migrate", f"psql {ADDRESS}"]
    assert [words(call) for call in first[:7]] == [*(f"gcloud sql {it}" for it in made), *tables]

    stand_ins.answer(in_use(labelled(current, first)))
    run(OPTIONS, "database", group)
    assert [words(call) for call in changes(stand_ins)] == tables


def test_an_instance_is_protected_again_and_a_function_connected_again(
    stand_ins: StandIns,
) -> None:
    lost = {"gcloud sql instances list *": (0, "clinic\\tFalse\\tTrue\\tTrue")}
    lost |= {"gcloud run services describe deliver-events *cloudsql*": (0, "")}
    stand_ins.answer(in_use(lost))
    for it in [next(iter(cloud_sql(OPTIONS))), *TABLE["functions"](OPTIONS)]:
        if it.title.startswith(("Cloud SQL", "Connection")):
            ensure(it).run()
    patched, updated = changes(stand_ins)
    assert patched.startswith("gcloud sql instances patch clinic --deletion-protection ")
    assert updated.startswith("gcloud run services update deliver-events ")


def test_removal_spares_the_data_and_says_how_to_delete_them() -> None:
    lines = dry_run("remove", *IN_SQL)
    assert [line for line in commands(lines) if "gcloud sql" in line] == []
    notes = "\n".join(line for line in lines if line.startswith("#"))
    off = "gcloud sql instances patch clinic --no-deletion-protection"
    assert 0 < notes.index(off) < notes.index("gcloud sql instances delete clinic")


@pytest.fixture
def cloud(stand_ins: StandIns) -> Iterator[Cloud]:
    """A server of its own: it has other users than that of other tests."""
    try:
        with running_server() as server:
            yield Cloud(server, stand_ins)
    except NoEmulatorError as error:
        unavailable(str(error))


def test_the_owner_makes_the_tables_which_the_functions_only_use(
    cloud: Cloud, stand_ins: StandIns, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    owner, tables = list(cloud_sql(OPTIONS))[-2:]
    (doctors,) = TABLE["doctors"](OPTIONS)
    for resource in (owner, tables, doctors, tables):
        output_of(resource.create)
    calls, passwords = stand_ins.calls(), cloud.passwords
    assert len(passwords) == len(set(passwords)) == 4
    assert all(len(password) == 44 for password in passwords)
    told = "\n".join([*calls, *capfd.readouterr()])
    assert [password for password in passwords if password in told] == []
    assert list(tmp_path.glob("tmp.*")) == []

    settings = {"STORE": cloud.address, "AUTH": "none"}
    with container(tmp_path, settings) as server:
        made = server.post("/create_appointment", NOON)
        whose = {"appointment_ids": [made.json()["id"]]}
        twice, erased = (
            server.post("/create_appointment", NOON),
            server.post("/erase_patient", whose),
        )
    assert [it.status_code for it in (made, twice, erased)] == [201, 409, 200]
    for refused in ("CREATE TABLE mine ()", "TRUNCATE entries", "DROP FUNCTION conflict()"):
        with psycopg.connect(cloud.address) as functions, pytest.raises(InsufficientPrivilege):
            functions.execute(refused.encode())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (replace(OPTIONS, project="hospital-43"), "the instance does not exist: hospital-43:"),
        (OPTIONS, "connection to server"),
    ],
    ids=["no instance", "no database"],
)
def test_a_failure_shows_its_reason_and_no_password(
    cloud: Cloud, options: Options, said: str
) -> None:
    owner, tables = list(cloud_sql(options))[-2:]
    output_of(owner.create)
    cloud.drop_database()
    with pytest.raises(Failed, match=said) as failed:
        output_of(tables.create)
    assert [password for password in cloud.passwords if password in str(failed.value)] == []


@pytest.mark.usefixtures("stand_ins")
def test_without_the_proxy_it_says_where_to_get_it() -> None:
    *_, tables = cloud_sql(OPTIONS)
    with pytest.raises(Failed, match=r"This may help: install it: https://cloud\.google\.com/sql/"):
        output_of(tables.create)


def in_use(more: Answers) -> Answers:
    """The answers where all is there and connected, but for some."""
    there = {
        "gcloud sql instances list *": (0, "clinic\\tTrue\\tTrue\\tTrue"),
        "gcloud run services describe *cloudsql*": (0, CONNECTION),
        "gcloud * get-iam-policy *allUsers*": (0, "roles/run.invoker"),
    }
    return {**NO_EVENTS, **more, **there, **PRESENT, **there, **more}


def words(call: str) -> str:
    """Return a call up to its first option, without the folder of a socket."""
    return re.sub(r"host=\S+", "host=", call.partition(" --")[0])

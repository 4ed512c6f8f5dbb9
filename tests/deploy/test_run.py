"""The deployment against programs that only look like gcloud, curl and make."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.functions import functions
from deploy.options import Options
from deploy.steps import Failed, Step, output_of
from tests.deploy.deployments import ROOT, StandIns, deploy
from tests.end_to_end.processes import local_runner

PROJECT = ["--project", "hospital-42", "--region", "europe-west1"]
DOCTORS = {"DOCTORS_FILE": str(ROOT / "doctors.json")}
RULES = '{"name": "r", "rulesetName": "r", "source": {"files": [{"content": "r"}]}}\\n200'
OTHERS = {"gcloud auth print-access-token": (0, "t0ken"), "curl *": (0, RULES)}
NOTHING_THERE = {
    "gcloud * describe *": (1, "NOT_FOUND"),
    **OTHERS,
}
ALL_THERE = {
    "gcloud firestore databases describe *value*": (
        0,
        "DELETE_PROTECTION_ENABLED\\tPOINT_IN_TIME_RECOVERY_ENABLED",
    ),
    "gcloud firestore indexes fields describe *ttlConfig*": (0, "ACTIVE"),
    "gcloud firestore indexes fields describe *": (0, ""),
    "gcloud firestore backups schedules list *": (0, "projects/hospital-42/backupSchedules/1"),
    "gcloud projects get-iam-policy *": (0, "roles/some"),
    "gcloud run services get-iam-policy *": (0, "roles/run.invoker"),
    "gcloud * list *name,etag*": (0, "projects/hospital-42/thing/1\\tetag1"),
    "gcloud * list *": (0, "projects/hospital-42/thing/1"),
    **OTHERS,
}
LOOKS = r" (describe|list|get-iam-policy|print-access-token|print-identity-token) "


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    stand_ins = StandIns.made_in(tmp_path)
    monkeypatch.setenv("PATH", stand_ins.path)
    return stand_ins


def changes(calls: list[str]) -> list[str]:
    """The first words of the commands that do more than look."""
    return [
        " ".join(call.split()[:4]).partition(" --")[0]
        for call in calls
        if call.startswith("gcloud") and not re.search(LOOKS, f"{call} ")
    ]


def run_functions(options: Options) -> None:
    """All but the smoke test and what is only told."""
    for action in functions(options):
        if isinstance(action, Step):
            action.run()


def test_the_first_run_makes_everything_and_the_second_changes_nothing(
    stand_ins: StandIns,
) -> None:
    options = Options(
        project="hospital-42", region="europe-west1", invoker=("user:me@clinic.example",)
    )
    stand_ins.answer(NOTHING_THERE)
    run_functions(options)
    first = stand_ins.calls()
    assert len(changes(first)) == 29
    assert "gcloud functions deploy create-appointment" in changes(first)

    deployed = re.findall(
        r"functions deploy (\S+) .*--update-labels=version=(\w+)", "\n".join(first)
    )
    assert len(deployed) == 6
    labels = {
        f"gcloud functions describe {name} *": (0, f"ACTIVE\\t{label}") for name, label in deployed
    }
    stand_ins.answer({**labels, **ALL_THERE})
    run_functions(options)
    assert changes(stand_ins.calls()) == ["gcloud services enable artifactregistry.googleapis.com"]

    run_functions(
        Options(project="hospital-42", region="europe-west1", invoker=options.invoker, memory="1Gi")
    )
    assert [call.rpartition(" ")[0] for call in changes(stand_ins.calls())[1:]] == [
        "gcloud functions deploy"
    ] * 6


def test_a_function_whose_deployment_failed_is_deployed_again(stand_ins: StandIns) -> None:
    options = Options(project="hospital-42", region="europe-west1")
    stand_ins.answer(NOTHING_THERE)
    run_functions(options)
    labels = re.findall(r"deploy (\S+) .*version=(\w+)", "\n".join(stand_ins.calls()))
    failed = {f"gcloud functions describe {n} *": (0, f"FAILED\\t{label}") for n, label in labels}
    stand_ins.answer({**failed, **ALL_THERE})
    run_functions(options)
    assert len(changes(stand_ins.calls())) == 7


def test_the_container_is_deployed_and_tested(tmp_path: Path, stand_ins: StandIns) -> None:
    (tmp_path / "store").mkdir()
    with local_runner(tmp_path / "store", DOCTORS) as runner:
        url = {"gcloud run services describe *status.url*": (0, runner.url)}
        stand_ins.answer({**url, **NOTHING_THERE})
        first = deploy("container", *PROJECT, path=stand_ins.path)
        calls = stand_ins.calls()
        assert (first.stderr, first.returncode) == ("", 0)
        assert changes(calls)[-4:] == [
            "gcloud artifacts repositories create",
            "gcloud builds submit .",
            "gcloud run deploy appointments",
            "gcloud run services update-traffic",
        ]
        assert first.stdout.endswith("The smoke test passed.\n")

        label = re.search(r"--labels=version=(\w+)", "\n".join(calls))
        assert label
        ready = {
            "gcloud run services describe *labels*": (0, f"{label[1]}\\tTrue"),
            "gcloud run services describe *traffic*": (0, "True"),
        }
        stand_ins.answer({**url, **ready, **ALL_THERE})
        second = deploy("container", *PROJECT, path=stand_ins.path)
    assert (second.stderr, second.returncode) == ("", 0)
    assert changes(stand_ins.calls()) == ["gcloud services enable artifactregistry.googleapis.com"]
    assert "Service appointments ... nothing to do\n" in second.stdout


def test_what_a_dry_run_prints_does_the_same_when_it_is_pasted(stand_ins: StandIns) -> None:
    options = Options(
        project="hospital-42",
        region="europe-west1",
        allowed_origins="https://a.example,https://b.example",
    )
    stand_ins.answer(NOTHING_THERE)
    run_functions(options)
    run = [call for call in stand_ins.calls() if not re.search(LOOKS, f"{call} ")]

    origins = ["--allowed-origins", options.allowed_origins]
    printed = deploy("functions", *PROJECT, *origins, "--dry-run", path="/nonexistent").stdout
    script = printed[: printed.index("# The smoke test")]
    subprocess.run(["/bin/bash", "-e"], input=script, cwd=ROOT, text=True, check=True)
    pasted = [call for call in stand_ins.calls() if not re.search(LOOKS, f"{call} ")]
    assert pasted == run
    assert any(";FIRESTORE_DATABASE=(default);" in call for call in pasted)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("You do not currently have an active account selected.", "gcloud auth login"),
        ("FAILED_PRECONDITION: Billing account is not open", "gcloud billing projects link"),
        ("PERMISSION_DENIED: not you", "What may help: be owner of the project"),
    ],
)
def test_a_command_that_fails_is_shown_with_what_was_said_and_what_helps(
    stand_ins: StandIns, said: str, advice: str
) -> None:
    stand_ins.answer({"gcloud services enable *": (1, f"ERROR: {said}")})
    failed = deploy("functions", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert failed.stdout == "Google Cloud services ... "
    assert len(stand_ins.calls()) == 1
    assert "gcloud services enable artifactregistry.googleapis.com" in failed.stderr
    assert f"ERROR: {said}\n" in failed.stderr
    assert advice in failed.stderr


def test_without_gcloud_it_says_where_to_get_it(tmp_path: Path) -> None:
    failed = deploy("functions", *PROJECT, path=str(tmp_path))
    assert failed.returncode == 1
    assert "https://cloud.google.com/sdk/docs/install" in failed.stderr


def test_watching_updates_what_is_there_and_names_the_state_that_it_replaces(
    stand_ins: StandIns,
) -> None:
    stand_ins.answer(NOTHING_THERE)
    assert deploy("watch", *PROJECT, path=stand_ins.path).returncode == 0
    calls = stand_ins.calls()
    assert sum("logging metrics create appointments_" in call for call in calls) == 8
    assert sum("policies create --policy-from-file=deploy/" in call for call in calls) == 4
    assert sum("dashboards create --config-from-file=deploy/" in call for call in calls) == 1
    assert not any(" update " in call for call in calls)

    stand_ins.answer(ALL_THERE)
    assert deploy("watch", *PROJECT, path=stand_ins.path).returncode == 0
    calls = stand_ins.calls()
    assert sum("logging metrics update" in call for call in calls) == 8
    assert sum("policies update projects/hospital-42/thing/1" in call for call in calls) == 4
    (dashboard,) = [call for call in calls if "dashboards update" in call]
    config = re.search(r"--config=(\{.*\}) ", dashboard)
    assert config
    assert json.loads(config[1])["etag"] == "etag1"


def test_removal_deletes_what_is_there_and_never_the_data(stand_ins: StandIns) -> None:
    stand_ins.answer({**ALL_THERE, "gcloud * describe *": (0, "there: is")})
    assert deploy("remove", *PROJECT, path=stand_ins.path).returncode == 0
    calls = stand_ins.calls()
    assert sum(" delete " in call for call in calls) == 21
    assert not any("firestore" in call for call in calls)
    assert any("policies delete projects/hospital-42/thing/1" in call for call in calls)


def test_removal_deletes_nothing_that_is_not_there(stand_ins: StandIns) -> None:
    stand_ins.answer({"gcloud projects *": (0, ""), **NOTHING_THERE})
    assert deploy("remove", *PROJECT, path=stand_ins.path).returncode == 0
    assert not any(" delete " in call for call in stand_ins.calls())


@pytest.mark.parametrize(
    "said",
    ["no permission, or it was not found", "it was not found, or no permission", "reset by peer"],
)
def test_removal_does_not_take_what_it_cannot_see_for_gone(stand_ins: StandIns, said: str) -> None:
    reached = {"gcloud projects *": (0, ""), "gcloud * list *": (0, "")}
    stand_ins.answer({**reached, "gcloud *": (1, said)})
    failed = deploy("remove", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert said in failed.stderr
    assert "nothing to do\nMetric appointments_attempts ... " in failed.stdout


def test_nothing_is_looked_for_in_a_project_that_is_not_there(stand_ins: StandIns) -> None:
    stand_ins.answer({"gcloud *": (1, "NOT_FOUND: no such project")})
    failed = deploy("remove", *PROJECT, path=stand_ins.path)
    assert failed.returncode == 1
    assert "NOT_FOUND: no such project" in failed.stderr
    assert len(stand_ins.calls()) == 1


def program_that_fails(folder: Path, times: int, saying: str) -> list[str]:
    program = folder / "program"
    program.write_text(
        f"#!/bin/bash\necho >> {folder}/tries; (($(wc -l < {folder}/tries) > {times})) && exit\n"
        f"echo '{saying}' >&2; exit 1"
    )
    program.chmod(0o755)
    return [str(program)]


@pytest.mark.parametrize(
    "saying",
    [
        "PERMISSION_DENIED: Cloud Functions API has not been used in project 1 before",
        "Unable to retrieve the repository metadata for projects/p/repositories/gcf-artifacts",
        "INVALID_ARGUMENT: Service account a@p.iam.gserviceaccount.com does not exist.",
        "ABORTED: Please retry, underlying data changed",
    ],
)
def test_what_something_new_is_unknown_to_at_first_is_tried_again(
    tmp_path: Path, saying: str
) -> None:
    waits: list[float] = []
    output_of(program_that_fails(tmp_path, 2, saying), wait=waits.append)
    assert waits == [15, 15]


def test_tries_come_to_an_end_with_advice(tmp_path: Path) -> None:
    waits: list[float] = []
    with pytest.raises(Failed, match="wait two minutes"):
        output_of(program_that_fails(tmp_path, 100, "API has not been used"), wait=waits.append)
    assert waits == [15] * 8


def test_what_fails_for_good_is_not_tried_again(tmp_path: Path) -> None:
    waits: list[float] = []
    with pytest.raises(Failed, match="no such role"):
        output_of(program_that_fails(tmp_path, 1, "no such role"), wait=waits.append)
    assert waits == []

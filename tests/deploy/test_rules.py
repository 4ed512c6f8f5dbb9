"""The script that releases Firestore's rules, against a curl that only looks like one."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.deployments import ROOT, StandIns

RULES = (ROOT / "firestore.rules").read_text()
API = "https://firebaserules.googleapis.com/v1/projects/hospital-42"
DONE = (0, "{}\\n200")
TOKEN = {"gcloud auth print-access-token": (0, "t0ken")}
NEW = '{"name": "projects/hospital-42/rulesets/new"}\\n200'
CREATED = {f"curl * {API}/rulesets -d *": (0, NEW)}
RELEASED = '{"rulesetName": "projects/hospital-42/rulesets/old"}\\n200'


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    return StandIns.made_in(tmp_path)


def released(rules: str, name: str = "cloud.firestore") -> dict[str, tuple[int, str]]:
    source = json.dumps({"source": {"files": [{"content": rules}]}}).replace("\\", "\\\\")
    return {f"*/releases/{name}": (0, RELEASED), f"*{API}/rulesets/old": (0, f"{source}\\n200")}


def run(stand_ins: StandIns, database: str) -> None:
    subprocess.run(  # noqa: S603 - our own program
        ["/bin/bash", "deploy/rules.sh", "hospital-42", database],
        cwd=ROOT,
        env={"PATH": stand_ins.path},
        check=True,
        capture_output=True,
    )


def release(stand_ins: StandIns, database: str = "(default)") -> list[str]:
    """Release, and what was sent: paths and bodies."""
    run(stand_ins, database)
    calls = [call.partition(f"{API}/")[2] for call in stand_ins.calls() if f"{API}/" in call]
    return [call for call in calls if " " in call]


def test_rules_that_are_released_stay(stand_ins: StandIns) -> None:
    stand_ins.answer({**TOKEN, **released(RULES)})
    assert release(stand_ins) == []


def test_other_rules_are_replaced(stand_ins: StandIns) -> None:
    stand_ins.answer({**TOKEN, **released("allow read;"), **CREATED, "curl *": DONE})
    ruleset, patch = release(stand_ins)
    content = json.loads(ruleset.removeprefix("rulesets -d "))["source"]["files"][0]["content"]
    assert content == RULES
    path, _, body = patch.partition(" -X PATCH -d ")
    assert path == "releases/cloud.firestore"
    assert json.loads(body) == {
        "release": {
            "name": "projects/hospital-42/releases/cloud.firestore",
            "rulesetName": "projects/hospital-42/rulesets/new",
        }
    }


def test_a_new_database_gets_its_first(stand_ins: StandIns) -> None:
    stand_ins.answer(
        {
            **TOKEN,
            **CREATED,
            "*/releases/cloud.firestore/clinic": (0, "no such\\n404"),
            "curl *": DONE,
        }
    )
    _, first = release(stand_ins, "clinic")
    assert json.loads(first.removeprefix("releases -d ")) == {
        "name": "projects/hospital-42/releases/cloud.firestore/clinic",
        "rulesetName": "projects/hospital-42/rulesets/new",
    }


def test_no_list_of_processes_shows_the_token(stand_ins: StandIns) -> None:
    stand_ins.answer({**TOKEN, **released(RULES)})
    subprocess.run(
        ["/bin/bash", "deploy/rules.sh", "hospital-42", "(default)"],
        cwd=ROOT,
        env={"PATH": stand_ins.path},
        check=True,
    )
    assert not any("t0ken" in call for call in stand_ins.calls())


def test_what_could_not_be_uploaded_is_not_released(stand_ins: StandIns) -> None:
    refused = {f"curl * {API}/rulesets -d *": (0, '{"error": "no right"}\\n403')}
    stand_ins.answer({**TOKEN, **refused, **released("allow read;")})
    with pytest.raises(subprocess.CalledProcessError) as failed:
        release(stand_ins)
    assert b'answered 403: {"error": "no right"}' in failed.value.stderr
    assert not any("PATCH" in call for call in stand_ins.calls())


def test_a_refusal_ends_it(stand_ins: StandIns) -> None:
    stand_ins.answer({**TOKEN, "curl *": (0, '{"error": "no right"}\\n403')})
    with pytest.raises(subprocess.CalledProcessError) as refused:
        release(stand_ins)
    assert refused.value.stderr.count(b"\n") == 1
    assert b'answered 403: {"error": "no right"}' in refused.value.stderr

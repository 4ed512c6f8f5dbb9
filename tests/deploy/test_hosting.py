"""Firebase Hosting: one address for all functions, in the cloud and before the emulators."""

import json
import re
import subprocess
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.commands import Failed, found_by
from deploy.options import Options
from deploy.plans import PLANS
from deploy.smoke import address_of
from deploy.table import TABLE
from tests.deploy.deployments import ROOT, StandIns
from tests.deploy.test_dry_run import NAMES

OPEN = Options(project="hospital-42", region="europe-west1", auth="firebase")
FIREBASE = json.loads((ROOT / "firebase.json").read_text())


def test_every_function_is_behind_hosting_and_in_the_emulators_under_its_own_name() -> None:
    rewrites = [{"source": f"/{name}", "function": name} for name in NAMES]
    assert FIREBASE["hosting"]["rewrites"] == rewrites
    manifest = yaml.safe_load((ROOT / "emulators" / "functions.yaml").read_text())
    # Hosting's emulator looks for functions in this region if a rewrite names none.
    one = {"platform": "gcfv2", "region": ["us-central1"], "httpsTrigger": {}}
    assert manifest["endpoints"] == {name: {"entryPoint": name, **one} for name in NAMES}


def test_no_emulator_listens_to_other_machines() -> None:
    configured = [it for it in FIREBASE["emulators"].values() if isinstance(it, dict)]
    assert len(configured) == 9
    assert {it["host"] for it in configured} == {"127.0.0.1"}


def test_firebase_deploy_says_what_deploys_the_functions_and_ends() -> None:
    command = FIREBASE["functions"]["predeploy"]
    said = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - our own command
    line = "Run python3 -m deploy functions instead: see docs/deploy.md\n"
    assert (said.stdout, said.returncode) == (line, 1)


@pytest.mark.parametrize("status", [0, 1])
def test_hosting_is_deployed_with_the_region_of_the_functions(
    stand_ins: StandIns, status: int
) -> None:
    config = ROOT / "firebase.deploy.json"
    firebase = stand_ins.folder / "firebase"
    firebase.write_text(f"#!/bin/bash\ncp {config.name} {stand_ins.folder}/seen; exit {status}")
    *_, deployed = TABLE["hosting"](OPEN)
    done = subprocess.run(deployed.create, cwd=ROOT, check=False)  # noqa: S603 - our own command
    assert (done.returncode, config.exists()) == (status, False)
    seen: dict[str, Any] = json.loads((stand_ins.folder / "seen").read_text())
    rewrite = {"source": "/hold_time", "function": "hold_time", "region": "europe-west1"}
    assert rewrite in seen["hosting"]["rewrites"]
    assert seen["hosting"]["site"] == "hospital-42"
    assert seen["hosting"]["public"] == "public"
    assert seen.keys() == {"hosting"}


def test_a_project_without_a_site_gets_firebase_and_one(stand_ins: StandIns) -> None:
    stand_ins.answer({"firebase projects:addfirebase *": (1, "it has Firebase already")})
    _, site, _ = TABLE["hosting"](OPEN)
    subprocess.run(site.create, cwd=ROOT, check=True)  # noqa: S603 - our own command
    options = "hospital-42 --non-interactive --project hospital-42"
    verbs = ["projects:addfirebase", "hosting:sites:create"]
    assert stand_ins.calls() == [f"firebase {verb} {options}" for verb in verbs]


def test_a_site_that_firebase_could_not_find_is_absent(stand_ins: StandIns) -> None:
    # firebase prints errors to standard output.
    said = 'Error: could not find site "hospital-42" for project "hospital-42"'
    (stand_ins.folder / "firebase").write_text(f"#!/bin/bash\necho '{said}'; exit 1")
    _, site, _ = TABLE["hosting"](OPEN)
    assert found_by(site.describe) == ""


def test_a_site_is_not_absent_where_firebase_could_not_be_loaded(stand_ins: StandIns) -> None:
    said = "npm error code ENOTFOUND"
    (stand_ins.folder / "firebase").write_text(f"#!/bin/bash\necho '{said}' >&2; exit 1")
    _, site, _ = TABLE["hosting"](OPEN)
    with pytest.raises(Failed, match=said):
        found_by(site.describe)


@pytest.mark.parametrize(("auth", "disabled"), [("firebase", 1), ("none", 0)])
def test_only_what_everybody_reaches_is_behind_hosting(auth: str, disabled: int) -> None:
    options = Options(project="hospital-42", region="europe-west1", auth=auth)
    plans = {verb: PLANS[verb](options) for verb in ("functions", "container", "remove")}
    lines = {verb: "\n".join(it for act in p for it in act.script()) for verb, p in plans.items()}
    disable = r"^env \S+ .* hosting:disable --site hospital-42 --force --non-interactive "
    assert len(re.findall(disable, lines["remove"], re.MULTILINE)) == disabled
    assert ("deploy --only hosting" in lines["functions"]) is (disabled == 1)
    assert ("Hosting cannot reach them" in lines["functions"]) is (disabled == 0)
    assert "hosting" not in lines["container"]


@pytest.mark.parametrize(
    ("auth", "url", "address"),
    [
        ("firebase", "", "https://hospital-42.web.app/hold_time"),
        ("none", "", "https://europe-west1-hospital-42.cloudfunctions.net/hold_time"),
        ("firebase", "http://localhost:8080", "http://localhost:8080/hold_time"),
    ],
)
def test_functions_are_tested_at_the_address_that_apps_use(
    auth: str, url: str, address: str
) -> None:
    options = Options(project="hospital-42", region="europe-west1", auth=auth, url=url)
    assert address_of(options)("hold_time") == address

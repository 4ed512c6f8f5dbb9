"""Firebase Hosting: one address for all functions, in the cloud and before the emulators."""

import json
import re
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.commands import Failed, found_by
from deploy.options import Options
from deploy.plans import PLANS
from deploy.resources import ensure
from deploy.smoke import address_of
from deploy.table import TABLE
from shared.public_headers import headers_of
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


@pytest.mark.parametrize(
    ("given", "ancestors"),
    [
        ("", "'none'"),
        ("'self',https://*.clinic.example", "'self' https://*.clinic.example"),
    ],
)
def test_pages_talk_to_no_emulator_and_are_shown_in_frames_of_whom_the_operator_names(
    given: str, ancestors: str
) -> None:
    *_, deployed = TABLE["hosting"](replace(OPEN, frame_ancestors=given))
    (config,) = [json.loads(word) for word in deployed.create if word.startswith("{")]
    assert "127.0.0.1" not in json.dumps(config)
    booking, desk = (
        headers_of(path, config["hosting"]["headers"])["Content-Security-Policy"]
        for path in ("/", "/desk/")
    )
    assert desk.startswith("default-src 'none'; script-src 'self' https://apis.google.com; ")
    assert desk.endswith("; frame-ancestors 'none'")
    assert booking == desk.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")


@pytest.mark.parametrize("rule", FIREBASE["hosting"]["headers"], ids=lambda rule: rule["regex"])
def test_hosting_leaves_the_headers_of_functions_alone(rule: dict[str, Any]) -> None:
    assert [name for name in NAMES if re.search(rule["regex"], f"/{name}")] == []
    assert rule["regex"].startswith("^")  # Else it might, or might not, match a part of a path.


def test_a_project_without_a_site_gets_firebase_and_one(stand_ins: StandIns) -> None:
    stand_ins.answer({"firebase projects:addfirebase *": (1, "it has Firebase already")})
    _, site, *_ = TABLE["hosting"](OPEN)
    subprocess.run(site.create, cwd=ROOT, check=True)  # noqa: S603 - our own command
    options = "hospital-42 --non-interactive --project hospital-42"
    verbs = ["projects:addfirebase", "hosting:sites:create"]
    assert stand_ins.calls() == [f"firebase {verb} {options}" for verb in verbs]


def linked(stand_ins: StandIns, apps: str, site: str) -> list[str]:
    """Deploy Hosting where firebase says this of apps and of the site; return what was called."""
    curl = stand_ins.folder / "curl"
    curl.write_text((stand_ins.folder / "gcloud").read_text() + "\ncat >> $0.input\n")
    curl.chmod(0o755)
    found = {"firebase apps:list *": (0, apps), "firebase hosting:sites:get *": (0, site)}
    stand_ins.answer({**found, "gcloud auth *": (0, "token-1")})
    _, _, *linking, _ = TABLE["hosting"](OPEN)
    for resource in linking:
        ensure(resource).run()
    looks = ("apps:list", "hosting:sites:get", "gcloud auth print-access-token")
    return [call for call in stand_ins.calls() if not any(look in call for look in looks)]


APP = "│ Appointments │ 1:4242:web:0a1b2c │ WEB │"


def test_a_project_without_a_web_app_gets_one(stand_ins: StandIns) -> None:
    calls = linked(stand_ins, "No apps found.", f"│ App ID: │ {APP} │")
    options = "--non-interactive --project hospital-42"
    assert calls == [f"firebase apps:create WEB Appointments {options}"]


def test_a_site_is_linked_with_the_web_app_and_the_token_is_no_argument(
    stand_ins: StandIns,
) -> None:
    (curl,) = linked(stand_ins, APP, "│ App ID: │ │")
    site = "https://firebasehosting.googleapis.com/v1beta1/projects/hospital-42/sites/hospital-42"
    assert curl.startswith("curl --fail-with-body ")
    assert curl.endswith(f' --data {{"appId": "1:4242:web:0a1b2c"}} {site}?updateMask=appId')
    assert "token-1" not in curl
    assert (stand_ins.folder / "curl.input").read_text() == "Authorization: Bearer token-1"


def test_a_site_that_is_linked_stays_as_it_is(stand_ins: StandIns) -> None:
    assert linked(stand_ins, APP, f"│ App ID: │ {APP} │") == []


def test_a_site_that_firebase_could_not_find_is_absent(stand_ins: StandIns) -> None:
    # firebase prints errors to standard output.
    said = 'Error: could not find site "hospital-42" for project "hospital-42"'
    (stand_ins.folder / "firebase").write_text(f"#!/bin/bash\necho '{said}'; exit 1")
    _, site, *_ = TABLE["hosting"](OPEN)
    assert found_by(site.describe) == ""


def test_a_site_is_not_absent_where_firebase_could_not_be_loaded(stand_ins: StandIns) -> None:
    said = "npm error code ENOTFOUND"
    (stand_ins.folder / "firebase").write_text(f"#!/bin/bash\necho '{said}' >&2; exit 1")
    _, site, *_ = TABLE["hosting"](OPEN)
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

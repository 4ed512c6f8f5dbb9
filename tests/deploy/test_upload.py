import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.source import contents, uploaded, version
from tests.deploy.deployments import ROOT, deploy

GCLOUD = shutil.which("gcloud")
# One pattern matches folders only, so a file of that name is uploaded.
SENT = [
    "functions/__pycache__",
    "functions/a.py",
    "main.py",
    "shared/b/c.html",
    "shared/b/d.json",
    "shared/e.py",
]
LEFT = ["shared/__pycache__/e.pyc", "shared/e.pyc", "shared/b/.hidden", "tests/f.py", "g.py"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make a tree of files with the repository's `.gcloudignore`."""
    for name in (*SENT, *LEFT, "shared/.cache/h.py", "docs/functions/i.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    shutil.copy(ROOT / ".gcloudignore", tmp_path)
    return tmp_path


@pytest.mark.skipif(GCLOUD is None, reason="gcloud is not installed")
@pytest.mark.parametrize("tree", ["source", "repository"])
def test_a_label_covers_exactly_the_files_that_gcloud_uploads(source: Path, tree: str) -> None:
    assert GCLOUD
    top = source if tree == "source" else ROOT
    command = [GCLOUD, "meta", "list-files-for-upload", str(top)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert sorted(listed.stdout.split()) == uploaded(top)


def test_only_what_runs_is_uploaded(source: Path) -> None:
    assert uploaded(source) == SENT
    parts = {file.split("/")[0] for file in uploaded()}
    code = {"functions", "main.py", "requirements.txt", "shared"}
    assert parts == {"Dockerfile", "doctors.json", "firebase.json", "public", *code}


def test_a_label_changes_with_a_file_a_name_and_the_command_and_with_nothing_else(
    source: Path,
) -> None:
    def label(*command: str) -> str:
        return version(contents(uploaded(source), source), command)

    first = label("deploy")
    for name in LEFT:
        (source / name).write_text("2")
    assert label("deploy") == first
    (source / "shared/b/c.html").write_text("2")
    second = label("deploy")
    (source / "shared/b/c.html").rename(source / "shared/b/c.txt")
    assert len({first, second, label("deploy"), label("deploy", "--cpu=2")}) == 4


@pytest.mark.parametrize(
    ("file", "changed"),
    [("shared/page.html", {"functions", "container"}), ("public/openapi.json", {"container"})],
)
def test_a_changed_file_deploys_what_contains_it(
    tmp_path: Path, file: str, changed: set[str]
) -> None:
    def plan(verb: str) -> str:
        options = ["--project=hospital-42", "--region=us-east4", "--auth=none", "--dry-run"]
        return deploy(verb, *options, path="/nonexistent", top=tmp_path).stdout

    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    for name in (*uploaded(), ".gcloudignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    before = {verb: plan(verb) for verb in ("functions", "container")}
    (tmp_path / file).write_text("new")
    assert {verb for verb in before if before[verb] != plan(verb)} == changed

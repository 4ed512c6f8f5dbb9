import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.source import CONTAINER_NEEDS, FUNCTIONS_NEED, files, version
from tests.deploy.deployments import ROOT


@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")
def test_what_is_uploaded_is_what_the_version_is_made_of() -> None:
    gcloud = shutil.which("gcloud")
    assert gcloud
    listed = subprocess.run(  # noqa: S603 - it only reads
        [gcloud, "meta", "list-files-for-upload", str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert sorted(listed.split()) == files(CONTAINER_NEEDS)


def test_nothing_else_is_uploaded_than_what_runs() -> None:
    assert {file.split("/")[0] for file in files(CONTAINER_NEEDS)} == {
        "Dockerfile",
        "doctors.json",
        "functions",
        "main.py",
        "requirements.txt",
        "shared",
    }
    assert "shared/wire/endpoint.py" in files(FUNCTIONS_NEED)


def test_a_version_lasts_until_something_changes(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    file = tmp_path / "functions" / "a.py"
    file.write_text("1")
    first = version(FUNCTIONS_NEED, ["deploy"], tmp_path)
    assert version(FUNCTIONS_NEED, ["deploy"], tmp_path) == first
    (tmp_path / "functions" / "__pycache__").mkdir()
    (tmp_path / "functions" / "__pycache__" / "a.pyc").touch()
    assert version(FUNCTIONS_NEED, ["deploy"], tmp_path) == first
    assert version(FUNCTIONS_NEED, ["deploy", "--cpu=2"], tmp_path) != first
    file.write_text("2")
    second = version(FUNCTIONS_NEED, ["deploy"], tmp_path)
    file.rename(file.with_name("b.py"))
    third = version(FUNCTIONS_NEED, ["deploy"], tmp_path)
    assert len({first, second, third}) == 3

import os
import shutil
import socket
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from emulators.suite import environment_of, what_is_wrong
from shared.settings import FirestoreDatabase, read_settings
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
ACTIVATE = Path("emulators", "venv", "bin", "activate")
JAVA = Path("/java/bin")
NAMED = "FIRESTORE_EMULATOR_BINARY_PATH"
# What Firebase's emulator of functions sets, and how it starts a function.
EMULATED = {
    "GCLOUD_PROJECT": "demo-local",
    "K_SERVICE": "create_appointment",
    "FUNCTION_TARGET": "create_appointment",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:8085",
    "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099",
}
START = f'. "../{ACTIVATE}" && functions-framework'


def test_a_function_in_the_emulator_takes_its_tokens_and_the_test_clock(tmp_path: Path) -> None:
    (tmp_path / ACTIVATE).parent.mkdir(parents=True)
    shutil.copy(ROOT / ACTIVATE, tmp_path / ACTIVATE)
    program = tmp_path / ".venv" / "bin" / "functions-framework"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    shown = subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", "-c", START],
        cwd=tmp_path / "emulators",
        env={"PATH": os.defpath, **EMULATED},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.partition("=") for line in shown.stdout.splitlines())
    settings = read_settings({name: value for name, _, value in lines})
    assert settings.store == FirestoreDatabase("demo-local", "(default)", "127.0.0.1:8085")
    assert settings.auth
    assert settings.auth.emulator == "127.0.0.1:9099"
    assert settings.test_clock
    assert settings.allowed_origins == ("http://localhost:*", "http://127.0.0.1:*")


def test_a_bad_setting_is_told_before_anything_starts() -> None:
    wrong = what_is_wrong({"CLINIC_TIME_ZONE": "Berlin"}, [])
    assert wrong
    assert wrong.startswith('CLINIC_TIME_ZONE: "Berlin"')


def test_a_taken_port_is_told_before_anything_starts() -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    assert what_is_wrong({}, [address]) is None
    with socket.create_server(("127.0.0.1", port)):
        wrong = what_is_wrong({}, [address])
    assert wrong
    assert wrong.startswith(f"emulators: taken by another program: {address}; ")


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """An environment with a gcloud that has an emulator, and with nothing downloaded yet."""
    gcloud = tmp_path / "sdk" / "bin" / "gcloud"
    jar = tmp_path / "sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
    for file in (gcloud, jar):
        file.parent.mkdir(parents=True)
        file.touch(mode=0o755)
    return {"PATH": str(gcloud.parent), "FIREBASE_EMULATORS_PATH": str(tmp_path)}


def test_the_emulator_of_gcloud_spares_a_download(given: dict[str, str], tmp_path: Path) -> None:
    environment = environment_of(given, JAVA, tmp_path)
    assert environment["PATH"] == f"/java/bin:{tmp_path}/sdk/bin"
    with ZipFile(environment[NAMED]) as jar:
        manifest = jar.read("META-INF/MANIFEST.MF").decode()
    assert max(map(len, manifest.splitlines())) <= 72
    lines = manifest.replace("\r\n ", "").splitlines()
    url = f"file://{tmp_path}/sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
    assert f"Class-Path: {url}" in lines
    assert "Main-Class: com.google.cloud.datastore.emulator.firestore.CloudFirestore" in lines


def test_an_emulator_that_is_there_or_named_is_used(given: dict[str, str], tmp_path: Path) -> None:
    assert environment_of({**given, NAMED: "/mine.jar"}, JAVA, tmp_path)[NAMED] == "/mine.jar"
    (tmp_path / "cloud-firestore-emulator-v1.22.0.jar").touch()
    assert NAMED not in environment_of(given, JAVA, tmp_path)


def test_without_an_emulator_of_gcloud_firebase_downloads_its_own(
    given: dict[str, str], tmp_path: Path
) -> None:
    assert NAMED not in environment_of({**given, "PATH": "/nowhere"}, JAVA, tmp_path)
    shutil.rmtree(tmp_path / "sdk" / "platform")
    assert NAMED not in environment_of(given, JAVA, tmp_path)

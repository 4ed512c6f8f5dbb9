"""What a function imports before it can answer, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.endpoints import ServedEndpoints

ROOT = Path(__file__).parents[2]
LOADED = """
import gc, json, sys
import main
print(json.dumps([gc.isenabled(), *(name for name in sys.argv[1:] if name in sys.modules)]))
"""
LIBRARIES = ("google.cloud.firestore_v1", "google.api_core", "google.auth", "email_validator")
PARTS = (
    "functions.create_appointment",
    "functions.get_appointment",
    "shared.directory.clinic_file",
    "shared.store.firestore.grpc_credentials",
)
FIRESTORE = {"AUTH": "none", "STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "demo-start"}


def loaded(settings: dict[str, str]) -> list[object]:
    """Whether garbage is collected, and the modules that are there, after the start."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOADED, *LIBRARIES, *PARTS],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **FIRESTORE, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_function_imports_what_it_serves_and_no_library_that_it_does_not_need() -> None:
    settings = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1", "FUNCTION_TARGET": "create_appointment"}
    assert loaded(settings) == [True, "functions.create_appointment"]


def test_without_an_emulator_what_makes_credentials_is_imported_at_the_start() -> None:
    assert loaded({"FUNCTION_TARGET": "unknown"}) == [
        True,
        "google.auth",
        "shared.store.firestore.grpc_credentials",
    ]


@pytest.mark.parametrize(
    ("target", "at_once"),
    [("get_appointment", ["get_appointment"]), ("unknown", []), (None, [])],
)
def test_the_target_is_there_at_once_and_every_other_function_when_it_is_asked_for(
    target: str | None, at_once: list[str]
) -> None:
    functions = ServedEndpoints(target)
    assert list(functions) == at_once
    assert functions["hold_time"].name == "hold_time"
    assert list(functions) == [*at_once, "hold_time"]

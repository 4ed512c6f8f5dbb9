"""What holds for the project as a whole."""

import ast
import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from functions import FUNCTIONS
from shared import openapi

ROOT = Path(__file__).parents[2]

# From low to high; a module imports only from layers below its own.
LAYERS = (
    {"shared.models", "shared.time_zones", "shared.validation", "shared.effort"},
    {"shared.outcomes"},
    {"shared.availability"},
    {"shared.scheduling"},
    {"shared.proposals", "shared.store", "shared.documents", "shared.doctors"}
    | {"shared.sqlite_file", "shared.firestore_calls"},
    {"shared.queries", "shared.batches", "shared.drafts", "shared.memory", "shared.sqlite_store"}
    | {"shared.firestore_store"},
    {"shared.served", "shared.transactions", "shared.roster", "shared.settings"},
    {"shared.logs", "shared.metrics"},
    {"shared.clinic"},
    {"shared.wire"},
    {"functions"},
    {"shared.openapi", "shared.framework", "shared.all_functions"},
    {"shared.local_runner", "shared.load_doctors", "main"},
)
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}
PACKAGES = {"shared.wire", "functions"}  # whose modules may import one another

SOURCES = sorted(
    path
    for path in (ROOT / "main.py", *ROOT.glob("functions/*.py"), *ROOT.glob("shared/**/*.py"))
    if path != ROOT / "shared/__init__.py"
)


def unit(module: str) -> str:
    """The module, or the package that it belongs to, as LAYERS calls it."""
    parts = module.split(".")
    if parts[0] == "shared":
        return ".".join(parts[:2])
    return parts[0]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path: Path) -> Iterator[str]:
    """The modules of the project that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "a relative import"
            package = node.module in {"shared", "functions"}
            names = [f"{node.module}.{a.name}" if package else node.module for a in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in {"shared", "functions", "main"})


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    own = unit(module_name(path))
    for other in {unit(name) for name in imported(path)}:
        if other == own:
            assert own in PACKAGES
        else:
            assert LEVEL[other] < LEVEL[own], f"{own} must not import {other}"


def test_only_the_clinic_knows_a_concrete_store() -> None:
    for store in ("shared.sqlite_store", "shared.firestore_store"):
        assert [module_name(p) for p in SOURCES if store in imported(p)] == ["shared.clinic"]


def test_the_committed_openapi_document_is_that_of_the_models() -> None:
    committed = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    assert committed == openapi.document(), "openapi.json is out of date: run `make openapi`"


def test_every_function_has_its_path_in_the_openapi_document() -> None:
    assert openapi.document()["paths"].keys() == {f"/{name}" for name in FUNCTIONS}


def test_main_has_one_entry_point_for_each_function_and_nothing_else() -> None:
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    defined = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    assert defined == list(FUNCTIONS)


def test_the_functions_are_those_of_the_contract() -> None:
    assert list(FUNCTIONS) == [
        "create_appointment",
        "list_appointments",
        "first_available",
        "get_appointment",
        "cancel_appointment",
        "reschedule_appointment",
    ]


def locked() -> dict[str, str]:
    """The requirements of requirements.txt, each with the indented lines that belong to it."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    blocks = re.findall(r"^([^\s#].*?) \\\n((?: .*\n)+)", text, re.MULTILINE)
    assert len(blocks) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    return dict(blocks)


def test_the_lock_has_what_requirements_in_asks_for_and_nothing_else_of_its_own() -> None:
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    asked = {line.split()[0] for line in lines if not line.startswith("#")}
    held = {pin for pin, rest in locked().items() if "-r requirements.in\n" in rest}
    assert held == asked, "requirements.txt is out of date: run `make lock`"


def test_what_is_locked_is_one_version_that_is_told_by_its_hashes() -> None:
    for pin, rest in locked().items():
        assert re.fullmatch(r"[^=]+==[^=*;\s]+( ; .+)?", pin)
        assert re.match(r" +--hash=sha256:[0-9a-f]{64}", rest), pin


def test_the_tests_run_on_what_is_locked() -> None:
    for requirement in map(Requirement, locked()):
        if requirement.marker is None or requirement.marker.evaluate():
            installed = metadata.version(requirement.name)
            assert requirement.specifier.contains(installed), f"{requirement}: is {installed}"

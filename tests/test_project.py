"""What holds for the project as a whole."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from shared.runtime.endpoints import endpoints
from shared.runtime.openapi.document import document

ROOT = Path(__file__).parents[1]

# The rooms from the ground up; a module imports from its own room and from those before it.
ROOMS = (
    "shared.validation",
    "shared.json_text",
    "shared.single_flight",
    "shared.texts",
    "shared.time_texts",
    "shared.public_headers",
    "shared.model",
    "shared.settings",
    "shared.store",
    "shared.access",
    "shared.rules",
    "shared.directory",
    "shared.observability",
    "shared.queries",
    "shared.transactions",
    "shared.calendar",
    "shared.notifications",
    "shared.http",
    "functions",
    "shared.runtime",
    "main",
)

SOURCES = sorted(
    path
    for path in (ROOT / "main.py", *ROOT.glob("functions/*.py"), *ROOT.glob("shared/**/*.py"))
    if path.name != "__init__.py" or path.parent.name == "functions"
)


def room(module: str) -> str:
    """The room of a module, as ROOMS calls it."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "shared" else parts[0]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def imported(path: Path) -> tuple[str, ...]:
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
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


def test_imports_point_one_way() -> None:
    wrong = [
        f"{module_name(path)} must not import {other}"
        for path in SOURCES
        for other in imported(path)
        if ROOMS.index(room(other)) > ROOMS.index(room(module_name(path)))
    ]
    assert wrong == []


def test_no_room_is_without_a_module() -> None:
    assert {room(module_name(path)) for path in SOURCES} == set(ROOMS)


def test_the_tour_of_the_house_shows_each_room_from_the_top_down() -> None:
    shown = re.findall(
        r"^\| `([a-z_/]+?)/?(?:\.py)?` \|", _tour("A tour of the house"), re.MULTILINE
    )
    assert [name.replace("/", ".") for name in shown] == list(reversed(ROOMS))


def test_the_tour_of_the_house_shows_each_table() -> None:
    steps = sorted((ROOT / "shared/store/postgresql/migrations").glob("*.sql"))
    tables = re.findall(r"CREATE TABLE (\w+)", "".join(step.read_text("utf-8") for step in steps))
    shown = _tour("Stored documents")
    assert [name for name in tables if f"`{name}`" not in shown] == []


def _tour(heading: str) -> str:
    """A section of docs/architecture.md."""
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    return page.partition(f"# {heading}\n")[2].partition("\n## ")[0]


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module_name(path): set(imported(path)) for path in SOURCES}
    TopologicalSorter(graph).prepare()


def test_only_the_composition_knows_a_concrete_store() -> None:
    for store in ("sqlite", "firestore", "postgresql"):
        importers = [
            module_name(path) for path in SOURCES if f"shared.store.{store}.store" in imported(path)
        ]
        assert importers == ["shared.runtime.composition"]


def test_the_committed_openapi_document_is_that_of_the_models() -> None:
    committed = json.loads((ROOT / "public/openapi.json").read_text("utf-8"))
    assert committed == document(), "public/openapi.json is out of date: run `make openapi`"


def test_the_functions_are_those_of_the_contract_each_with_its_path_and_its_entry_point() -> None:
    functions = [
        "appointment_calendar",
        "cancel_appointment",
        "cancel_series",
        "create_appointment",
        "create_calendar_link",
        "create_override",
        "create_series",
        "delete_override",
        "deliver_events",
        "doctor_calendar",
        "erase_patient",
        "export_patient",
        "first_available",
        "get_appointment",
        "hold_time",
        "list_appointments",
        "list_doctors",
        "list_openings",
        "list_overrides",
        "list_services",
        "mark_appointment",
        "release_hold",
        "reschedule_appointment",
        "update_appointment",
        "validate_appointment",
    ]
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    main = ast.parse((ROOT / "main.py").read_text("utf-8")).body
    assert list(endpoints()) == functions
    assert sorted(document()["paths"]) == [f"/{name}" for name in functions]
    assert sorted(node.name for node in main if isinstance(node, definitions)) == functions


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

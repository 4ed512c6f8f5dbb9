"""What developers of apps do: generate a client, compile an app on it, and run it."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.apps import (
    PYTHON,
    TYPESCRIPT,
    App,
    check_python,
    compile_typescript,
    install,
    run,
)
from tests.clients.generators import (
    GENERATORS,
    HERE,
    PAGE,
    NotInstalledError,
    generate,
)
from tests.clients.names import difference, kept, names
from tests.end_to_end.processes import local_runner

MONDAY_MORNING = "2030-01-07T08:30:00Z"
"""A clock that the doctors of clinic.json work by: half an hour before they begin."""

TOLD = [
    "booked at 2030-01-08T09:00 for Ada Lovelace",
    "booked at 2030-01-08T09:00 for Ada Lovelace",
    "it is the same appointment",
    (
        "422: this idempotency key was used before, for another request or for one whose patient "
        "has been erased; send a new key"
    ),
    "slot_taken: until 2030-01-08T09:30, free at 2030-01-08T09:30",
    "patient_busy: with an appointment at 2030-01-08T09:00",
    "outside_working_hours: 2030-01-08T09:00 to 2030-01-08T17:00, free at 2030-01-09T09:00",
    "too_soon: from 2030-01-07T09:30, free at 2030-01-07T09:30",
    "too_late: until 2030-02-06T08:30, free at 2030-01-07T09:30",
    "in_the_past",
    "invalid_request: duration_minutes greater_than_equal",
    '404: there is no doctor "dolittle"; use an id such as "strange", "who"',
    "could be booked until 2030-01-08T16:30",
    "off until 2030-01-09T12:00, affects 0",
    "time_off: 2030-01-09T12:00 to 2030-01-09T17:00, free at 2030-01-09T12:00",
    "held until 2030-01-07T08:35",
    "slot_taken: held, try again in 300 seconds",
    "booked at 2030-01-08T11:00 for Grace Hopper",
    "series_unavailable: 2030-01-08T09:00:00Z slot_taken, free at 2030-01-08T09:30",
    "a series of 1, without 1",
    "cancelled 1 of it, kept 0",
    "booked at 2030-01-07T10:00 for Grace Hopper",
    "marked as arrived",
    "wrong_status: arrived",
    "listed 2030-01-08T09:00,2030-01-08T11:00",
    "updated to version 2, reason: none",
    "moved to 2030-01-10T14:00, with its id",
    "version_mismatch",
    "cancelled at 2030-01-07T08:30",
    "already_cancelled",
    "404: no appointment has this id; send the `id` of an appointment exactly as you received it",
    "the next opening is at 2030-01-07T09:30",
]

NOT_COMPILED = {
    "swift6": [
        (
            "AppointmentsAPI.createAppointment(newAppointment: NewAppointment, "
            "idempotencyKey: String? = nil) -> Appointment"
        ),
        "Appointment.id: String",
        "Appointment.start: Date",
        "NewAppointment.durationMinutes: Int?",
        "Problem.code: String",
        "Problem.openings: [Opening]?",
        "Problem.earliest: Date?",
    ],
    "kotlin": [
        (
            "AppointmentsApi.createAppointment(newAppointment: NewAppointment, "
            "idempotencyKey: String? = null) : Appointment"
        ),
        "Appointment.id: String",
        "Appointment.start: java.time.OffsetDateTime",
        "NewAppointment.durationMinutes: Int? = null",
        "Problem.code: String",
        "Problem.openings: List<Opening>? = null",
        "Problem.earliest: java.time.OffsetDateTime? = null",
    ],
    "dart-dio": [
        (
            "AppointmentsApi.createAppointment: Future<Response<Appointment>>"
            "({ required NewAppointment newAppointment, String? idempotencyKey"
        ),
        "Appointment.id: String",
        "Appointment.start: DateTime",
        "NewAppointment.durationMinutes: int?",
        "Problem.code: String",
        "Problem.openings: BuiltList<Opening>?",
        "Problem.earliest: DateTime?",
    ],
}


class Clients:
    """Clients that are generated two at once, in a folder for each; a test waits for its own."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.folder = folder
        self._printed: dict[str, Future[list[str]]] = {}
        for name in GENERATORS:
            (folder / name).mkdir()
            self._printed[name] = pool.submit(generate, name, folder / name)

    def printed(self, name: str) -> list[str]:
        """What a generator printed; a skip where it cannot run, or a failure in CI."""
        try:
            return self._printed[name].result()
        except NotInstalledError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error))
            pytest.skip(f"NOT TESTED: {error}")

    def of(self, name: str) -> Path:
        """The folder of a client."""
        self.printed(name)
        return self.folder / name


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with ThreadPoolExecutor(2) as pool:
        yield Clients(tmp_path_factory.mktemp("clients"), pool)


@pytest.fixture(scope="module")
def compiled(clients: Clients) -> list[str]:
    """What the compiler has against the apps in TypeScript, and against what the page shows."""
    for app in TYPESCRIPT:
        install(app, clients.of(app.generator))
    (sample,) = re.findall(r"```ts\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (clients.of("openapi-typescript") / "page.ts").write_text(sample)
    return compile_typescript(clients.folder)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_client_is_generated_without_a_warning(name: str, clients: Clients) -> None:
    assert clients.printed(name) == []


@pytest.mark.parametrize("name", GENERATORS)
def test_a_client_has_the_names_that_apps_know(name: str, clients: Clients) -> None:
    changes = difference(name, names(name, clients.of(name)))
    assert changes == [], "this may break apps; else keep it: .venv/bin/python -m tests.clients"


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_what_no_compiler_checks_here_has_the_types_that_matter(name: str) -> None:
    assert [line for line in NOT_COMPILED[name] if line not in kept(name)] == []


@pytest.mark.parametrize("name", GENERATORS)
def test_no_generator_makes_up_names_or_wraps_choices(name: str) -> None:
    made_up = re.compile(r"InlineObject|AnyOf|OneOf|Default(Api|API|Service)|\dResponse")
    assert [line for line in kept(name) if made_up.search(line)] == []


def test_the_apps_in_typescript_compile_under_strict(compiled: list[str]) -> None:
    assert compiled == []


def test_the_types_of_the_app_in_python_are_right(clients: Clients) -> None:
    install(PYTHON, clients.of(PYTHON.generator))
    assert check_python(clients.of(PYTHON.generator)) == []


@pytest.mark.parametrize("app", [PYTHON, *TYPESCRIPT], ids=lambda app: app.generator)
def test_an_app_books_and_understands_each_refusal_and_lists_moves_and_cancels(
    app: App, clients: Clients, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    install(app, clients.of(app.generator))
    if app in TYPESCRIPT:
        request.getfixturevalue("compiled")
    settings = {"TEST_CLOCK": "on", "DOCTORS_FILE": str(HERE / "clinic.json")}
    with local_runner(tmp_path, settings) as server:
        assert run(app, clients.of(app.generator), server.url, MONDAY_MORNING) == TOLD

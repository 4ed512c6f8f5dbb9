"""What tests of several kinds share: the stores that they run against, and their order."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.auth_emulator import running_auth_emulator
from tests.firestore_emulator import VARIABLE, NoEmulatorError, running_emulator
from tests.postgresql_server import SERVER, PostgresqlServer, running_server
from tests.sharing import folder_of_run, shared

SERVERS = {"firestore": "emulator", "postgresql": "postgresql"}
"""The fixtures that start what a store needs."""
STORES = ("sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in SERVERS))

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder there that only the user can read
ENOUGH_BYTES = 2 * 1024**3

LONGEST = (
    "proof/test_stateful.py",
    "proof/test_short.py",
    "clients/test_clients.py",
    "end_to_end/test_authentication.py",
    "deploy/test_container.py",
    "end_to_end",
    "pages",
    "proof",
    "store/contract",
    "functions",
    "deploy",
)
"""These begin, so that of several processes none has much to do when the others have ended."""

COVERING_NOTHING = (
    *("clients/", "deploy/", "end_to_end/", "pages/", "proof/"),
    *("access/test_any_token.py", "queries/test_turns.py", "store/contract/test_day_size.py"),
    *("compatibility/", "test_project.py"),
)
"""They run the product in other processes, or the same often, or look at other than its code."""
NO_MORE_ON_FIRESTORE = "functions/"
"""A folder whose tests run the same on SQLite; the tests of the stores cover what differs."""


SIMPLE_JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Emulators end before what a better compiler costs would pay: it takes half of their time."""


def pytest_configure() -> None:
    """Keep files in memory where that is possible: no test is about what a disk keeps.

    Processes that share a disk wait for it about as long as they work.
    """
    os.environ.setdefault("JAVA_TOOL_OPTIONS", SIMPLE_JAVA)
    usable = os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if usable and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Generator[None, None, None]:
    """End what pytest-cov 7.1 begins twice in each of several processes, or where no test runs.

    Of two measurements the first goes on while the second is paused, so no test was spared it.
    """
    twice = hasattr(session.config, "workerinput")
    if twice and (controller := _coverage_of(session)):
        controller.cov.stop()
    yield
    if _only_hands_out(session) and (controller := _coverage_of(session)):
        controller.cov.stop()


def _only_hands_out(session: pytest.Session) -> bool:
    """Whether this process only hands out tests to others."""
    return session.config.pluginmanager.hasplugin("dsession")


def _coverage_of(session: pytest.Session) -> Any:  # noqa: ANN401 - it has no types
    """What measures coverage, if anything does."""
    plugin = session.config.pluginmanager.getplugin("_cov")
    return plugin and plugin.cov_controller


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and mark what runs on Firestore, and what covers nothing.

    What random inputs reach by chance is not covered; and coverage makes them twice as slow.
    """
    here = Path(__file__).parent

    @cache  # Of a module's tests, each would take as long.
    def name_of(path: Path) -> str:
        return path.relative_to(here).as_posix()

    def turn(item: pytest.Item) -> int:
        name = name_of(item.path)
        return next((n for n, long in enumerate(LONGEST) if name.startswith(long)), len(LONGEST))

    items.sort(key=turn)
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker("firestore")
        if "postgresql" in getattr(item, "fixturenames", ()):
            item.add_marker("postgresql")
        is_random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        name = name_of(item.path)
        again = name.startswith(NO_MORE_ON_FIRESTORE) and item.get_closest_marker("firestore")
        if is_random or again or name.startswith(COVERING_NOTHING):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare every garbage collection a look at the tests themselves, which stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Find the tests of a module unmeasured, once it is imported, which may cover something."""
    controller = _coverage_of(collector.session)
    if not (isinstance(collector, pytest.Module) and controller):
        return (yield)
    with suppress(Exception):  # It is imported again below, where a failure is told.
        collector.obj  # noqa: B018 - imports it
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's address, in the environment too; without one, a skip, or a failure in CI."""
    start = partial(running_emulator, tmp_path_factory.mktemp("emulator") / "log.txt")
    told = folder_of_run(tmp_path_factory) / "firestore-emulator"
    try:
        with shared(told, start) as address, pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, address)
            yield address
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON FIRESTORE: {error}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server, named in the environment; without the program, a skip, or a failure in CI."""
    try:
        with running_server() as server, pytest.MonkeyPatch.context() as patch:
            patch.setenv(SERVER, server.address("{}"))
            yield server
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")


def start_server_of(store: str, request: pytest.FixtureRequest) -> None:
    """Start what a store needs, if it needs anything."""
    if store in SERVERS:
        request.getfixturevalue(SERVERS[store])


@pytest.fixture(scope="session")
def auth_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Firebase's emulator of accounts; without one, a skip, or a failure in CI."""
    start = partial(running_auth_emulator, tmp_path_factory.mktemp("auth-emulator"))
    try:
        with shared(folder_of_run(tmp_path_factory) / "accounts-emulator", start) as address:
            yield address
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED WITH FIREBASE'S ACCOUNTS: {error}")


@pytest.fixture(scope="module", params=STORES)
def store_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a process that uses one of the stores, which is empty yet."""
    if request.param == "sqlite":
        return {"STORE": "sqlite:appointments.db"}
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        return {"STORE": server.new_database()}
    # A project is a database of its own: the emulator makes it when it is first used.
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{uuid4()}",
        VARIABLE: request.getfixturevalue("emulator"),
    }


@pytest.fixture
def own_store_settings(
    store_settings: dict[str, str], request: pytest.FixtureRequest
) -> dict[str, str]:
    """The same for one test alone; a SQLite file is in the folder of the test."""
    if store_settings["STORE"].startswith("postgresql"):
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        return {"STORE": server.new_database()}
    return {**store_settings, "GOOGLE_CLOUD_PROJECT": f"demo-{uuid4()}"}

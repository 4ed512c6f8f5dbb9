"""How a command for operators begins, ends and fails."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from shared.http.dependencies import Dependencies
from shared.observability.request_record import RequestRecord
from shared.runtime.composition import open_dependencies
from shared.runtime.operator_commands import run, run_and_close
from shared.settings import SettingsError, read_settings
from shared.store.port import StoreUnavailable
from tests.postgresql_server import PostgresqlServer
from tests.postgresql_users import address_of, ask_for_passwords, create_user
from tests.runtime.clinic import Clinic


class Observer:
    """Notes that it was closed."""

    closed = False

    def __call__(self, record: RequestRecord) -> None:
        raise AssertionError(record)

    def close(self) -> None:
        self.closed = True


def test_it_returns_what_the_command_returns(clinic: Clinic) -> None:
    async def count(dependencies: Dependencies) -> int:
        return len(await dependencies.store.list_doctors(9))

    assert run(clinic.environment, count) == 0


async def test_it_closes_the_store_and_every_observer_though_the_command_fails(
    clinic: Clinic,
) -> None:
    observer = Observer()
    opened = replace(open_dependencies(read_settings(clinic.environment)), observers=(observer,))

    async def fail(_: Dependencies) -> None:
        raise SettingsError("no")

    with pytest.raises(SettingsError):
        await run_and_close(opened, fail)
    assert observer.closed
    with pytest.raises(StoreUnavailable, match="closed"):
        await opened.store.doctors(["strange"])


def test_a_setting_that_cannot_be_used_is_one_line(clinic: Clinic) -> None:
    async def never(_: Dependencies) -> None:
        raise AssertionError

    with pytest.raises(SystemExit, match=r"^PORT: must be a whole number .*$"):
        run({**clinic.environment, "PORT": "web"}, never)


def test_a_server_that_lets_nobody_in_is_told_before_anything_is_asked_of_the_store(
    clinic: Clinic, postgresql: PostgresqlServer
) -> None:
    async def never(_: Dependencies) -> None:
        raise AssertionError

    address, user = postgresql.new_database(), uuid4().hex
    create_user(postgresql, user, "its password")
    ask_for_passwords(postgresql, user)
    database = address.rpartition("/")[2]
    for store, why in (
        (f"{address}-nowhere", 'database ".*-nowhere" does not exist'),
        (address_of(postgresql, database, user), "no password supplied"),
        (address_of(postgresql, database, user, "another"), "password authentication failed .*"),
    ):
        with pytest.raises(
            SystemExit, match=rf"^STORE: cannot use .*: connection failed: .*{why}$"
        ):
            run({**clinic.environment, "STORE": store}, never)


def test_who_is_let_in_runs_the_command_on_the_server(
    clinic: Clinic, postgresql: PostgresqlServer
) -> None:
    async def count(dependencies: Dependencies) -> int:
        return len(await dependencies.store.list_doctors(9))

    assert run({**clinic.environment, "STORE": postgresql.new_database()}, count) == 0


def test_a_store_that_cannot_be_used_is_one_line(clinic: Clinic, tmp_path: Path) -> None:
    async def read(dependencies: Dependencies) -> None:
        with closing(sqlite3.connect(tmp_path / "appointments.db")) as file:
            file.execute("DROP TABLE doctors")
        await dependencies.store.doctors(["strange"])

    with pytest.raises(SystemExit, match=r"^STORE: cannot use .*appointments.db: no such table.*$"):
        run(clinic.environment, read)

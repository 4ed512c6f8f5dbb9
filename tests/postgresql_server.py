"""A PostgreSQL server for as long as tests need it, and databases in it."""

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from shared.settings import PostgresqlDatabase
from shared.store.postgresql.store import PostgresqlStore
from tests.firestore_emulator import NoEmulatorError
from tests.ports import HOST, free_port

ROOT = Path(__file__).parents[1]
USER = "postgres"
SERVER = "TEST_POSTGRESQL"
"""The variable of the environment with the address of a server; {} stands for the database."""
PATIENCE_SECONDS = 60
CONNECTIONS = 300
TEMPLATE = "migrated"
_FOLDERS = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps what only its own scripts are to start."""


def server_program(name: str) -> str:
    """Return the path of a program of the server. Raises NoEmulatorError where there is none."""
    found = sorted(Path("/").glob(f"{_FOLDERS[1:]}/{name}"))
    program = shutil.which(name) or (str(found[-1]) if found else None)
    if program is None:
        raise NoEmulatorError("PostgreSQL's server is needed: apt install postgresql")
    return program


@dataclass(eq=False)
class PostgresqlServer:
    """A server with its data in a folder; it can be killed and started again."""

    folder: Path
    fsync: str = "off"
    """No test is about what a disk keeps."""
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where the data are."""
        return self.folder / "data"

    def address(self, database: str, port: int | None = None) -> str:
        """Return the address of a database, maybe on the port of a proxy."""
        return f"postgresql://{USER}@{HOST}:{port or self.port}/{database}"

    def create(self) -> None:
        """Make an empty server, and a database that others are copied from."""
        if owner := _owner():  # PostgreSQL refuses to run as root.
            shutil.chown(self.folder, owner)
        command = [server_program("initdb"), "-D", str(self.data), "-A", "trust", "-U", USER]
        command.append("--no-sync")
        subprocess.run(command, check=True, capture_output=True, user=_owner())  # noqa: S603 - ours
        self.start()
        address = self.new_database(TEMPLATE, template="template0")
        command = [sys.executable, "-m", "shared.runtime.migrate"]
        environment = {**os.environ, "STORE": address}
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)  # noqa: S603 - see above

    def follow(self, primary: "PostgresqlServer") -> None:
        """Become a standby that confirms every commit of another server, from now on."""
        if owner := _owner():
            shutil.chown(self.folder, owner)
        command = [server_program("pg_basebackup"), "-D", str(self.data), "-R", "--no-sync"]
        command += ["-d", primary.address(USER), "-c", "fast"]
        subprocess.run(command, check=True, capture_output=True, user=_owner())  # noqa: S603 - ours
        self.start()
        with psycopg.connect(primary.address(USER), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Take the place of the server that was followed."""
        with psycopg.connect(self.address(USER), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = [server_program("postgres"), "-D", str(self.data), "-p", str(self.port)]
        command += ["-k", "", "-h", HOST, "-c", f"max_connections={CONNECTIONS}"]
        command += ["-c", f"fsync={self.fsync}"]
        with (self.folder / "log.txt").open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdout=log, stderr=log, start_new_session=True, user=_owner()
            )
        self._wait()

    def _wait(self) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.address(USER)).close()
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    raise NoEmulatorError((self.folder / "log.txt").read_text()) from None
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End the server and all its processes at once; return when nothing of them is left."""
        if self._process is not None:
            children = self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            for each in children:
                _wait_for_end(each)  # While one is left, the next server refuses to start.

    def restart(self) -> None:
        """Kill it, and start it again: it recovers what was committed from its log."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop it where it is."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> Sequence[int]:
        """Signal all its processes, each of which is a group of its own; return its children."""
        assert self._process is not None
        pid = self._process.pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)  # So that it starts no more of them meanwhile.
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        children = [int(each) for each in text.split()]
        for each in [*children, pid]:
            with suppress(ProcessLookupError):
                os.kill(each, number)
        return children

    def end_connections(self) -> None:
        """Let the server end all connections but its own, and return when they have ended."""
        end = """
            SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
        with psycopg.connect(self.address(USER), autocommit=True) as connection:
            connection.execute(end, [PATIENCE_SECONDS * 1000])

    def allow_double_bookings(self, address: str) -> None:
        """Take the constraint away that excludes them, so that only the store prevents them."""
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("ALTER TABLE entries DROP CONSTRAINT never_booked_twice")

    def new_database(
        self, name: str | None = None, template: str = TEMPLATE, options: str = ""
    ) -> str:
        """Make a database, maybe with options of CREATE DATABASE, and return its address."""
        name = name or f"test_{uuid4().hex}"
        _create(self.address(USER), name, template, options)
        return self.address(name)


@contextmanager
def running_server(folder: str | None = None, fsync: str = "off") -> Iterator[PostgresqlServer]:
    """A new server, for as long as the context lasts, with its data below a folder.

    Raises NoEmulatorError where the program is missing.
    """
    server_program("postgres")
    with TemporaryDirectory(dir=folder) as own:
        server = PostgresqlServer(Path(own), fsync)
        try:
            server.create()
            yield server
        finally:
            server.kill()


@contextmanager
def server_with_standby() -> Iterator[tuple[PostgresqlServer, PostgresqlServer]]:
    """A new server, and one that follows it."""
    with running_server() as primary, TemporaryDirectory() as folder:
        standby = PostgresqlServer(Path(folder))
        try:
            standby.follow(primary)
            yield primary, standby
        finally:
            standby.kill()


def database_of(name: str) -> str:
    """Return the address of a database in the running server, which is made if need be."""
    server = os.environ[SERVER]
    with suppress(psycopg.errors.DuplicateDatabase):
        _create(server.format(USER), name, TEMPLATE)
    return server.format(name)


def opened(address: str, seconds: float = 10, connections: int = 8) -> PostgresqlStore:
    """Return a store of the database at an address."""
    return PostgresqlStore(PostgresqlDatabase(address, connections), seconds)


def _create(server: str, name: str, template: str, options: str = "") -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}'.encode())


def _owner() -> str | None:
    """Return who owns the server's processes, if not who runs the tests."""
    return pwd.getpwnam(USER).pw_name if os.geteuid() == 0 else None


def _wait_for_end(pid: int) -> None:
    """Return when a process has ended that may be somebody else's child."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [], PATIENCE_SECONDS)
        finally:
            os.close(descriptor)

"""Stand-ins for gcloud, the proxy of Cloud SQL and make, before a real server of PostgreSQL."""

import stat
import sys

import psycopg

from deploy.cloud_sql import OWNER
from tests.deploy.deployments import StandIns
from tests.ports import HOST
from tests.postgresql_server import PostgresqlServer
from tests.postgresql_users import address_of, ask_for_passwords, create_user

USER, TOKEN = "appointments@hospital-42.iam", "token"
# Reads the password as gcloud does, and gives it to the user of the server.
_GCLOUD = """\
import sys
from pathlib import Path
import psycopg
from psycopg import sql

print("gcloud", *sys.argv[1:], file=open({calls!r}, "a"))
_, _, _, verb, user, *flags = sys.argv
file = Path(next(flag for flag in flags if flag.startswith("--flags-file=")).partition("=")[2])
password = file.read_text().strip().removeprefix("--password: '").removesuffix("'")
print(password, file=open({passwords!r}, "a"))
word = "CREATE" if verb == "create" else "ALTER"
role = sql.Identifier(user)
with psycopg.connect({server!r}) as connection:
    connection.execute(sql.SQL(word + " ROLE {{}} LOGIN PASSWORD {{}}").format(role, password))
    connection.execute(sql.SQL("GRANT cloudsqlsuperuser TO {{}}").format(role))
"""
_PROXY = """\
import socket
import sys
from threading import Thread

name, _, folder = sys.argv[-1].partition("?unix-socket-path=")
print("cloud-sql-proxy", *sys.argv[1:], file=open({calls!r}, "a"))
if name != "hospital-42:europe-west1:clinic":
    sys.exit("the instance does not exist: " + name)


def pass_on(here, there):
    while data := here.recv(65536):
        there.sendall(data)
    there.shutdown(socket.SHUT_WR)


listener = socket.socket(socket.AF_UNIX)
listener.bind(folder + "/.s.PGSQL.5432")
listener.listen()
while True:
    here, there = listener.accept()[0], socket.create_connection({server!r})
    for pair in ((here, there), (there, here)):
        Thread(target=pass_on, args=pair, daemon=True).start()
"""
_LISTENER = """\
import signal
import socket
import sys

socket.socket(socket.AF_UNIX).bind(sys.argv[-1].partition("=")[2] + "/.s.PGSQL.5432")
signal.pause()
"""
_MAKE = """\
#!/bin/bash
case $1 in migrate) module=migrate;; doctors) module=load_doctors;; esac
exec {python} -m shared.runtime.$module
"""


class Cloud:
    """A server that is like an instance of Cloud SQL: nobody of the clinic is its superuser."""

    def __init__(self, server: PostgresqlServer, stand_ins: StandIns) -> None:
        self._server, self._folder, self.path = server, stand_ins.folder, stand_ins.path
        calls, self._passwords = str(self._folder / "calls"), self._folder / "passwords"
        admin = server.address("postgres")
        values = {"calls": calls, "server": admin, "passwords": str(self._passwords)}
        self._program("gcloud", f"#!{sys.executable}\n{_GCLOUD.format(**values)}")
        values["server"] = (HOST, server.port)  # type: ignore[assignment]
        self._program("cloud-sql-proxy", f"#!{sys.executable}\n{_PROXY.format(**values)}")
        self._program("make", _MAKE.format(python=sys.executable))
        self._create()

    def _program(self, name: str, text: str) -> None:
        program = self._folder / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def passwords(self) -> list[str]:
        """All that the owner ever had."""
        return self._passwords.read_text().split()

    def drop_database(self) -> None:
        """Take away what a deployment has not made yet."""
        with psycopg.connect(self._server.address("postgres"), autocommit=True) as admin:
            admin.execute("DROP DATABASE appointments")

    def _create(self) -> None:
        """Make what `gcloud sql` makes: the database, its owner's group, and the functions' user.

        Who logs in needs a password, but for the superuser of the tests.
        """
        with psycopg.connect(self._server.address("postgres"), autocommit=True) as admin:
            admin.execute("CREATE ROLE cloudsqlsuperuser CREATEDB CREATEROLE")
            admin.execute("CREATE DATABASE appointments OWNER cloudsqlsuperuser")
        create_user(self._server, USER, TOKEN)
        ask_for_passwords(self._server, USER, OWNER)

    @property
    def address(self) -> str:
        """The address of the database for the functions."""
        return address_of(self._server, "appointments", USER, TOKEN)


def listening_proxy(stand_ins: StandIns) -> None:
    """Add a proxy that listens until it is killed, and a psql that does nothing."""
    proxy, psql = stand_ins.folder / "cloud-sql-proxy", stand_ins.folder / "psql"
    proxy.write_text(f"#!{sys.executable}\n{_LISTENER}")
    psql.write_bytes((stand_ins.folder / "make").read_bytes())
    for program in (proxy, psql):
        program.chmod(0o755)

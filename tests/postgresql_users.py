"""Users of a PostgreSQL server that log in by passwords, unlike the superuser of the tests."""

from contextlib import closing

import psycopg
from psycopg import sql

from tests.ports import HOST
from tests.postgresql_server import USER, PostgresqlServer


def ask_for_passwords(server: PostgresqlServer, *users: str) -> None:
    """Let the server ask these users for a password."""
    access = server.data / "pg_hba.conf"
    names = ",".join(f'"{user}"' for user in users)
    line = f"host all {names} {HOST}/32 scram-sha-256\n"
    access.write_text(line + access.read_text())
    _as_superuser(server, sql.SQL("SELECT pg_reload_conf()"))


def create_user(server: PostgresqlServer, user: str, password: str) -> None:
    """Make a user, who may do what everybody may."""
    command = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    _as_superuser(server, command.format(sql.Identifier(user), password))


def set_password(server: PostgresqlServer, user: str, password: str) -> None:
    """Give a user another password."""
    command = sql.SQL("ALTER ROLE {} PASSWORD {}")
    _as_superuser(server, command.format(sql.Identifier(user), password))


def address_of(server: PostgresqlServer, database: str, user: str, password: str = "") -> str:
    """Return the address of a database for a user, maybe with the password."""
    secret = f":{password}" if password else ""
    return f"postgresql://{user.replace('@', '%40')}{secret}@{HOST}:{server.port}/{database}"


def _as_superuser(server: PostgresqlServer, command: sql.SQL | sql.Composed) -> None:
    with closing(psycopg.connect(server.address(USER), autocommit=True)) as connection:
        connection.execute(command)

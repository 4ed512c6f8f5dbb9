"""Log-in by tokens of Google's: the password of a new connection is the token of that moment."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import google.auth
import psycopg
import pytest
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request

from shared.settings import PostgresqlDatabase
from shared.store.port import Keys, StoreRefused, StoreUnavailable
from shared.store.postgresql.schema import prepare
from shared.store.postgresql.store import PostgresqlStore
from tests.postgresql_server import USER, PostgresqlServer
from tests.postgresql_users import address_of, ask_for_passwords, create_user, set_password

HOUR = timedelta(hours=1)


def refusal(why: str) -> GoogleAuthError:
    return GoogleAuthError(why)  # type: ignore[no-untyped-call]


class Tokens(Credentials):
    """Google's own credentials, but for who makes the tokens."""

    def __init__(self, server: PostgresqlServer, user: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.asked, self._server, self._user = 0, server, user
        self.refuses = False

    def refresh(self, request: Request) -> None:
        """Make another token, with which alone the user gets in from now on."""
        assert isinstance(request, Request)
        self.asked += 1
        if self.refuses:
            raise refusal("the account is disabled")
        self.token = f"token {self.asked}"
        set_password(self._server, self._user, self.token)
        self.expiry = (datetime.now(UTC) + HOUR).replace(tzinfo=None)

    def expire(self) -> None:
        """Let an hour pass."""
        self.expiry = datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def user(postgresql: PostgresqlServer) -> str:
    """A user whose name is an address, as in Cloud SQL."""
    name = f"appointments@{uuid4().hex}.iam"
    create_user(postgresql, name, "no token")
    ask_for_passwords(postgresql, name)
    return name


@pytest.fixture
def tokens(
    postgresql: PostgresqlServer, user: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tokens]:
    made, asked = Tokens(postgresql, user), list[Sequence[str]]()

    def default(scopes: Sequence[str]) -> tuple[Tokens, None]:
        asked.append(scopes)
        return made, None

    monkeypatch.setattr(google.auth, "default", default)
    yield made
    assert asked == [["https://www.googleapis.com/auth/sqlservice.login"]] * len(asked)


@pytest.fixture
def database(postgresql: PostgresqlServer, user: str) -> PostgresqlDatabase:
    """A database that the user may use, with the user's address and no password."""
    name = postgresql.new_database().rpartition("/")[2]
    with psycopg.connect(postgresql.address(name), autocommit=True) as admin:
        for what in ("SCHEMA public", "ALL TABLES IN SCHEMA public"):
            admin.execute(f'GRANT ALL ON {what} TO "{user}"'.encode())
    return PostgresqlDatabase(address_of(postgresql, name, user), connections=2, iam=True)


@pytest.fixture
async def store(database: PostgresqlDatabase) -> AsyncIterator[PostgresqlStore]:
    opened = PostgresqlStore(database, 5)
    yield opened
    await opened.close()


def connections_of(server: PostgresqlServer, user: str) -> list[int]:
    """Return the processes of the server that serve a user."""
    command = "SELECT pid FROM pg_stat_activity WHERE usename = %s"
    with psycopg.connect(server.address(USER)) as admin:
        return [pid for (pid,) in admin.execute(command, [user])]


def end(server: PostgresqlServer, pid: int) -> None:
    with psycopg.connect(server.address(USER)) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])


async def test_a_token_is_the_password_and_is_made_again_when_it_has_expired(
    postgresql: PostgresqlServer, user: str, tokens: Tokens, store: PostgresqlStore
) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(records=["a"]))
        tokens.expire()
        await snapshot.load(Keys(records=["a"]))  # Who is logged in stays so.
    assert (tokens.asked, tokens.token) == (1, "token 1")

    (connection,) = connections_of(postgresql, user)
    end(postgresql, connection)
    with suppress(StoreUnavailable):  # It may be noticed before it is used.
        await store.clinic()
    assert await store.clinic() == {}
    assert (tokens.asked, tokens.token) == (2, "token 2")


async def test_as_long_as_a_token_is_good_further_connections_use_it(
    postgresql: PostgresqlServer, user: str, tokens: Tokens, store: PostgresqlStore
) -> None:
    async with store.snapshot() as first:
        await first.load(Keys(records=["a"]))
        assert await store.clinic() == {}
    assert len(connections_of(postgresql, user)) == 2
    assert tokens.asked == 1


async def test_without_a_token_the_store_is_unavailable_until_there_is_one(
    tokens: Tokens, database: PostgresqlDatabase
) -> None:
    store = PostgresqlStore(database, 1)
    tokens.refuses = True
    with pytest.raises(StoreUnavailable, match=r"the account is disabled$"):
        await store.clinic()
    tokens.refuses = False
    assert await store.clinic() == {}
    await store.close()


async def test_who_migrates_logs_in_by_a_token_too(
    tokens: Tokens, database: PostgresqlDatabase
) -> None:
    assert await prepare(database) == 0
    assert tokens.asked == 1
    tokens.expire()
    tokens.refuses = True
    with pytest.raises(StoreUnavailable, match="the account is disabled"):
        await prepare(database)


@pytest.mark.parametrize("ask", [prepare, lambda database: PostgresqlStore(database, 1).clinic()])
async def test_a_machine_without_credentials_is_told_so(
    ask: Callable[[PostgresqlDatabase], Awaitable[object]],
    database: PostgresqlDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def default(scopes: Sequence[str]) -> None:
        raise refusal(f"nobody is logged in for {scopes}")

    monkeypatch.setattr(google.auth, "default", default)
    with pytest.raises(StoreRefused, match="nobody is logged in"):
        await ask(database)

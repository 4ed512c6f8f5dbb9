"""The token of the account that a process runs as."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.auth.transport.requests import Request

from shared.notifications.pubsub_token import GoogleToken, default_credentials
from shared.notifications.sink import DeliveryFailed


class Account:
    """Credentials whose tokens count until a test says otherwise."""

    def __init__(self) -> None:
        self.valid = False
        self.fetched = 0
        self.loaded = 0
        self.errors: list[Exception] = []

    def load(self) -> "Account":
        self.loaded += 1
        return self

    def refresh(self, request: object) -> None:
        assert isinstance(request, Request)
        assert threading.current_thread() is not threading.main_thread()
        if self.errors:
            raise self.errors.pop()
        self.fetched += 1
        self.valid = True

    def apply(self, headers: dict[str, str]) -> None:
        headers["authorization"] = f"Bearer {self.fetched}"


async def test_a_token_is_fetched_once_and_again_when_it_is_about_to_end() -> None:
    account = Account()
    token = GoogleToken(account.load)
    several = await asyncio.gather(*(token.headers() for _ in range(3)))
    assert several == [{"authorization": "Bearer 1"}] * 3
    assert await token.headers() == {"authorization": "Bearer 1"}
    account.valid = False
    assert await token.headers() == {"authorization": "Bearer 2"}
    assert account.loaded == 1


async def test_without_a_token_nothing_is_sent_and_the_next_try_asks_again() -> None:
    account = Account()
    account.errors = [RefreshError("secret")]  # type: ignore[no-untyped-call]
    token = GoogleToken(account.load)
    with pytest.raises(DeliveryFailed) as failed:
        await token.headers()
    assert str(failed.value) == (
        "there is no token of Google Cloud: RefreshError; give the process a service account"
    )
    assert await token.headers() == {"authorization": "Bearer 1"}


def test_the_account_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"type": "authorized_user", "client_id": "a", "client_secret": "b"}
    file = tmp_path / "account.json"
    file.write_text(json.dumps({**account, "refresh_token": "c", "quota_project_id": "clinic"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    assert not default_credentials().valid


async def test_a_machine_without_an_account_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(DeliveryFailed, match="Google Cloud: DefaultCredentialsError; give"):
        await GoogleToken().headers()
    with pytest.raises(DefaultCredentialsError):
        default_credentials()

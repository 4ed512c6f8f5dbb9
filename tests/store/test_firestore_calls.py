"""The connection to Firestore, and the values that go over it. Needs no network."""

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials

from shared.settings import FirestoreDatabase
from shared.store.firestore.calls import Calls
from shared.store.firestore.values import Value, from_fields, from_value, to_fields, to_value
from shared.store.port import StoreRefused
from tests.builders import at


async def test_without_an_emulator_the_credentials_tell_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anybody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(google.auth, "default", lambda scopes: (anybody, f"theirs{scopes and ''}"))
    for project, expected in ((None, "theirs"), ("ours", "ours")):
        calls = Calls(FirestoreDatabase(project, "(default)"), seconds=1)
        assert calls.root == f"projects/{expected}/databases/(default)/documents"
        await calls.close()


async def test_without_any_project_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    anybody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(google.auth, "default", lambda scopes: (anybody, scopes and None))
    with pytest.raises(ValueError, match="set GOOGLE_CLOUD_PROJECT"):
        Calls(FirestoreDatabase(None, "(default)"), seconds=1)


def test_values_are_read_as_they_were_written() -> None:
    values = {
        "text": "Zoë",
        "instant": at("2026-11-20T12:00:00.123456Z"),
        "list": ["a", {"b": "c"}],
        "map": {"d": ["e"], "empty": {}},
        "truth": [True, False],
        "number": [0, 1, -7, 0.5, 1.0],
        "nothing": None,
    }
    read = from_fields(to_fields(values))
    assert read == values
    assert [type(value) for value in (*read["truth"], *read["number"])] == [
        *[bool] * 2,
        *[int] * 3,
        *[float] * 2,
    ]


def test_a_value_of_another_type_is_not_written() -> None:
    with pytest.raises(TypeError, match="bytes"):
        to_value(b"bytes")


def test_a_value_that_this_version_never_writes_is_refused_loudly() -> None:
    with pytest.raises(StoreRefused, match="bytes_value"):
        from_value(Value(bytes_value=b"seven"))

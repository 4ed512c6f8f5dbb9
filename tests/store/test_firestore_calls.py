"""The connection to Firestore, and the values that go over it. Needs no network."""

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials

from shared.store.firestore.calls import Calls, Value, from_fields, from_value, to_fields, to_value
from tests.builders import at


async def test_without_an_emulator_the_credentials_tell_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    anybody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(google.auth, "default", lambda scopes: (anybody, f"theirs{scopes and ''}"))
    for project, expected in ((None, "theirs"), ("ours", "ours")):
        calls = Calls(project, "(default)", seconds=1)
        assert calls.root == f"projects/{expected}/databases/(default)/documents"
        await calls.close()


async def test_without_any_project_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    anybody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(google.auth, "default", lambda scopes: (anybody, scopes and None))
    with pytest.raises(ValueError, match="set GOOGLE_CLOUD_PROJECT"):
        Calls(None, "(default)", seconds=1)


def test_values_are_read_as_they_were_written() -> None:
    values = {
        "text": "Zoë",
        "instant": at("2026-11-20T12:00:00.123456Z"),
        "list": ["a", {"b": "c"}],
        "map": {"d": ["e"], "empty": {}},
    }
    assert from_fields(to_fields(values)) == values


def test_nothing_but_texts_instants_lists_and_maps_is_written() -> None:
    with pytest.raises(TypeError, match="float"):
        to_value(0.5)


def test_what_was_kept_in_another_way_by_hand_is_none() -> None:
    assert from_value(Value(integer_value=7)) is None

"""The channel to Firestore: to Google, with the credentials of this process, or to an emulator."""

from typing import Any

import grpc  # type: ignore[import-untyped]

EMULATED_PROJECT = "demo-local"

Channel = Any
"""Of `grpc.aio`, which has no types."""

HOST = "firestore.googleapis.com"
_OPTIONS = (
    # Notices a quiet connection that something on the way has dropped.
    ("grpc.keepalive_time_ms", 30_000),
    # A full day may be larger than gRPC's own limit of 4 MiB; Firestore has its own.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # By default gRPC waits up to two minutes, long after the database is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


def prepare_channel(emulator: str | None) -> None:
    """Import what `open_channel` needs, before anybody waits for an answer."""
    if not emulator:
        import shared.store.firestore.grpc_credentials  # noqa: F401, PLC0415 - takes long


def open_channel(emulator: str | None) -> tuple[Channel, str | None]:
    """Return a channel, and the project that the credentials belong to.

    Raises StoreRefused if there are no credentials.
    """
    if emulator:
        return grpc.aio.insecure_channel(emulator, options=_OPTIONS), EMULATED_PROJECT
    from shared.store.firestore.grpc_credentials import channel_credentials  # noqa: PLC0415

    credentials, project = channel_credentials(HOST)
    return grpc.aio.secure_channel(HOST, credentials, options=_OPTIONS), project

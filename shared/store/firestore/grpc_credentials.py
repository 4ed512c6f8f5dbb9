"""The credentials of this process for Google's Firestore, as its library makes them.

This takes as long to import as all else of the store, and nobody needs it with an emulator.
"""

import google.auth
import grpc  # type: ignore[import-untyped]
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request

from shared.store.port import StoreRefused

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/datastore",
)


def channel_credentials(host: str) -> tuple[grpc.ChannelCredentials, str | None]:
    """Return the credentials of a channel, and their project. StoreRefused if there are none."""
    try:
        credentials, project = google.auth.default(scopes=SCOPES)
    except GoogleAuthError as error:
        raise StoreRefused(str(error)) from error
    calls = grpc.metadata_call_credentials(_plugin(credentials, host))
    return grpc.compute_engine_channel_credentials(calls), project


def _plugin(credentials: Credentials, host: str) -> AuthMetadataPlugin:
    return AuthMetadataPlugin(  # type: ignore[no-untyped-call]
        credentials,
        Request(),
        default_host=host,
        suppress_metrics_header=True,
    )

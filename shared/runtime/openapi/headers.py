"""The headers of requests and answers."""

from collections.abc import Mapping

from shared.http.finishing import API_VERSION
from shared.runtime.openapi.schemas import Json

COMMON_HEADERS: Mapping[str, Json] = {
    "Request-Id": {
        "description": "what the log calls the request: the id of its trace, if it has one",
        "schema": {"type": "string"},
    },
    "API-Version": {
        "description": "the version of this contract",
        "schema": {"type": "string", "example": API_VERSION},
    },
}
ENTITY_TAG: Json = {
    "ETag": {
        "description": "names what was answered; of an appointment it is the version, in quotes",
        "schema": {"type": "string"},
    },
}
FILE_NAME: Json = {
    "Content-Disposition": {
        "description": "the name under which browsers save the file",
        "schema": {"type": "string"},
    },
}
REPLAYED: Json = {
    "Idempotent-Replayed": {
        "description": "`true` if this very request had been granted before",
        "schema": {"type": "string", "enum": ["true"]},
    }
}

CONDITIONS: Mapping[str, Json] = {
    "GET": {
        "name": "If-None-Match",
        "in": "header",
        "description": "the `ETag` of what the client has: the answer is 304 if that is the latest",
        "schema": {"type": "string"},
        "example": '"1"',
    },
    "POST": {
        "name": "If-Match",
        "in": "header",
        "description": (
            "the `ETag` of the appointment as the client knows it, or several of them with commas "
            "between: the answer is 412 if it has changed since"
        ),
        "schema": {"type": "string"},
        "example": '"1"',
    },
}

IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Makes the request safe to send again: the same key and the same request take "
        "effect once, and are answered with the same appointment, as it is by then."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "6f1d2c7e-93f4-4c0b-8f7e-2d1a5b9c3e40",
}


def common_headers() -> Json:
    """Return references to the headers that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in COMMON_HEADERS}

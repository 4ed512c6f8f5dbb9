"""The headers of answers."""

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


def common_headers() -> Json:
    """Return references to the headers that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in COMMON_HEADERS}

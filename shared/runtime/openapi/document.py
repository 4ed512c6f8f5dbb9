"""The whole document; `python -m shared.runtime.openapi.document` prints it."""

import json

from shared.http.finishing import API_VERSION
from shared.http.groups import GROUPS
from shared.http.schemas.problem import Problem
from shared.runtime.endpoints import endpoints
from shared.runtime.openapi.headers import COMMON_HEADERS
from shared.runtime.openapi.operations import operation
from shared.runtime.openapi.problems import shared_responses
from shared.runtime.openapi.schemas import Json, component_schemas
from shared.runtime.openapi.security import SECURITY_SCHEMES

VERSION = f"{API_VERSION}.0"

_DESCRIPTION = (
    "Book appointments with doctors, move and cancel them, list them, and find the next free time. "
    "Overlapping appointments are refused, whatever happens at once. "
    "Who may call what depends on the token; a deployment with `AUTH=none` asks for none, and lets "
    "everybody do what staff may. "
    "What answers GET answers HEAD, too. "
    "Properties, codes and functions may be added; nothing else changes within a version."
)

_SERVERS = (
    {"url": "http://127.0.0.1:8080", "description": "The server of one's own machine"},
    {
        "url": "https://{project}.web.app",
        "description": "A project of Google Cloud",
        "variables": {
            "project": {"default": "demo-local", "description": "The id of the project"},
        },
    },
)

_WITH_CODES = ("Problem", "KeptAppointment", "UnavailableOccurrence")


def document() -> Json:
    """Return the document, as JSON values."""
    functions = endpoints()
    answers = [s.model for f in functions.values() for s in f.responses.values() if s.model]
    bodies = [f.takes for f in functions.values() if f.has_body]
    schemas = component_schemas(bodies, [*answers, Problem])
    codes = sorted({kind.code for f in functions.values() for kind in f.all_problems()})
    for name in _WITH_CODES:
        schemas[name]["properties"]["code"]["x-extensible-enum"] = codes
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Appointments",
            "version": VERSION,
            "description": _DESCRIPTION,
            "contact": {"name": "Whoever runs the clinic's project"},
            "license": {
                "name": "Apache 2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "servers": list(_SERVERS),
        "tags": [{"name": name, "description": text} for name, text in GROUPS.items()],
        "paths": {
            f"/{name}": {function.method.lower(): operation(function, schemas)}
            for name, function in functions.items()
        },
        "components": {
            "schemas": schemas,
            "responses": shared_responses(f.all_problems() for f in functions.values()),
            "headers": dict(COMMON_HEADERS),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=2))

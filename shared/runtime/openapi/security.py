"""What a caller shows, as the OpenAPI document says it."""

from shared.access.permissions import PERMISSIONS
from shared.http.endpoint import Endpoint
from shared.runtime.openapi.schemas import Json

SECURITY_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "A Firebase ID token, or an ID token of the OpenID Connect issuer of the deployment. "
            "Who is signed in is a patient, unless the role in the token says `doctor` or `staff`."
        ),
    },
    "appCheck": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Firebase-AppCheck",
        "description": "A token of Firebase App Check, where the deployment has `APP_CHECK=on`.",
    },
}


def security(function: Endpoint) -> list[Json]:
    """Return what a function asks for, in any of these ways; nothing, if anybody may call it."""
    signed_in: Json = {"bearer": []}
    app_check: Json = {"appCheck": []} if function.app_check else {}
    public: list[Json] = [{}] if "anonymous" in PERMISSIONS[function.name] else []
    ways = [*public, signed_in]
    return ways + [way | app_check for way in ways if app_check]

"""`python -m shared.runtime.openapi` prints the OpenAPI document."""

import json

from shared.runtime.openapi.document import document

print(json.dumps(document(), indent=2))

"""What the container runs: `uvicorn --factory shared.runtime.container:serve`."""

from typing import TYPE_CHECKING

from shared.runtime import (
    all_functions,
    cold_start,  # isort: split - the first import: it makes others faster
)

if TYPE_CHECKING:
    from starlette.applications import Starlette


def serve() -> "Starlette":
    """Serve all functions; the start ends here."""
    application = all_functions.serve()
    cold_start.finish()
    return application

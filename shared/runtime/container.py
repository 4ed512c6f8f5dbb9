"""What the container runs: `uvicorn --factory shared.runtime.container:serve`."""

from typing import TYPE_CHECKING

from shared.runtime import (
    cold_start,  # isort: split - the first import: it makes others faster
    combined_application,
)

if TYPE_CHECKING:
    from starlette.applications import Starlette


def serve() -> "Starlette":
    """Serve all functions; the start ends here."""
    application = combined_application.serve()
    cold_start.finish()
    return application

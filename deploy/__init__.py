"""Into production and out of it: `python3 -m deploy --help`. It needs Python and gcloud alone."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is run with whatever python3 there is
    sys.exit(f"deploy: needs Python 3.11 or newer, not {sys.version.split()[0]}")

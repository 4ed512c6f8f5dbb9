"""Deploys to Google Cloud: `python3 -m deploy --help`. Python's standard library is enough."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - operators run this with any python3
    sys.exit(f"deploy: needs Python 3.11 or newer, not {sys.version.split()[0]}")

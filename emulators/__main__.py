"""Start the emulators: `python -m emulators`, or `make emulators`; empty them: `make reset`."""

import sys

from emulators import data, suite

VERBS = {"start": suite.start, "ready": data.ready, "reset": data.reset}

if __name__ == "__main__":
    VERBS[sys.argv[1] if sys.argv[1:] else "start"]()

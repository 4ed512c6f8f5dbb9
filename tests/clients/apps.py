"""Apps on generated clients: they are compiled as strictly as their compilers can, and run."""

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from tests.clients.generators import HERE, output

_RUN_NODE = (
    "const [app, url, headers] = process.argv.slice(1);"
    "require(app).run(url, JSON.parse(headers)).then((lines) => console.log(lines.join('\\n')));"
)
_RUN_PYTHON = (
    "import json, sys; from app import run;"
    "print(*run(sys.argv[1], json.loads(sys.argv[2])), sep='\\n')"
)


class App(NamedTuple):
    """An app: the file of its source, and the generator of its client."""

    source: str
    generator: str


TYPESCRIPT = (
    App("typescript_fetch.ts", "typescript-fetch"),
    App("openapi_fetch.ts", "openapi-typescript"),
    App("hey_api.ts", "hey-api"),
)
PYTHON = App("python_client.py", "python")


def install(app: App, folder: Path) -> None:
    """Put an app beside the client that was generated in a folder."""
    source = HERE / "samples" / app.source
    shutil.copy(source, folder / f"app{source.suffix}")


def compile_typescript(folder: Path) -> list[str]:
    """Compile the apps in the folders of this one, and return what the compiler has against it."""
    shutil.copy(HERE / "tsconfig.json", folder)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    return output(["tsc", "--project", "tsconfig.json"], folder)


def check_python(folder: Path) -> list[str]:
    """Check the types of an app and its client, and return what the checker has against them."""
    shutil.copy(HERE / "mypy.ini", folder)
    return output(["mypy", "--no-error-summary", "app.py"], folder)


def run(app: App, folder: Path, url: str, now: str) -> list[str]:
    """Return what an app that was compiled prints; `now` is the time of the test clock."""
    arguments = [url, json.dumps({"Test-Now": now})]
    if app in TYPESCRIPT:
        return output(["node", "-e", _RUN_NODE, str(folder / "app.js"), *arguments], folder)
    return output([sys.executable, "-c", _RUN_PYTHON, *arguments], folder)

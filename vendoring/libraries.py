"""The list of libraries: `libraries.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST = Path(__file__).with_name("libraries.json")


@dataclass(frozen=True)
class Library:
    """A package of npm, and which of its files are served.

    `folder` is where in the package the files are, `integrity` what npm says of the whole package.
    `files` has the SHA-256 of each file, in hexadecimal digits.
    """

    name: str
    package: str
    version: str
    licence: str
    integrity: str
    folder: str
    files: dict[str, str]

    @property
    def target(self) -> str:
        """The folder in `public/vendor`: a version never changes, so browsers keep it."""
        return f"{self.name}-{self.version}"


def read_libraries() -> list[Library]:
    """Return all libraries of the manifest."""
    return [Library(**entry) for entry in json.loads(MANIFEST.read_text("utf-8"))]


def manifest_of(libraries: Iterable[Library]) -> str:
    """Return the text of a manifest."""
    return json.dumps([asdict(library) for library in libraries], indent=2) + "\n"

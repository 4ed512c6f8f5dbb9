"""Fetch every library of the manifest: `python -m vendoring`, or `make vendor`.

Nothing is written unless all packages are what the manifest says. The hashes of files follow from
that, so this writes them, too.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vendoring.libraries import MANIFEST, Library, manifest_of, read_libraries
from vendoring.packages import Failed, files_of, packed

VENDOR = Path(__file__).parents[1] / "public" / "vendor"


def vendor(
    libraries: Sequence[Library],
    target: Path,
    archive_of: Callable[[Library], bytes] = packed,
) -> list[Library]:
    """Replace the folder by the files of the libraries; return these with the hashes of files."""
    contents = [files_of(library, archive_of(library)) for library in libraries]
    shutil.rmtree(target, ignore_errors=True)
    for library, files in zip(libraries, contents, strict=True):
        for path, content in files.items():
            file = target / library.target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return [
        replace(library, files={path: _sha256(content) for path, content in files.items()})
        for library, files in zip(libraries, contents, strict=True)
    ]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    try:
        MANIFEST.write_text(manifest_of(vendor(read_libraries(), VENDOR)), "utf-8")
    except Failed as error:
        sys.exit(str(error))

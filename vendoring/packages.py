"""The files of packages."""

import base64
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from vendoring.libraries import Library

_TEXTS = Path(__file__).with_name("licences")


class Failed(Exception):
    """A package is not what the manifest says."""


def packed(library: Library) -> bytes:
    """Return the package's archive, fetched by npm's own client."""
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"--pack-destination={folder}", _id(library)]
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 - of the manifest
            raise Failed(f"{_id(library)}: npm cannot fetch it")
        (archive,) = Path(folder).iterdir()
        return archive.read_bytes()


def files_of(library: Library, archive: bytes) -> dict[str, bytes]:
    """Return the listed files.

    A licence that the package lacks is taken from `licences`.
    Raises Failed if the archive is another one than the manifest's, or lacks a file.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != library.integrity:
        raise Failed(f'{_id(library)}: integrity must be "{library.integrity}", not "{found}"')
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        return {path: _content(library, package, path) for path in library.files}


def _content(library: Library, package: tarfile.TarFile, path: str) -> bytes:
    text = _TEXTS / f"{library.name}.txt"
    if path == "LICENSE" and text.exists():
        return text.read_bytes()
    try:
        file = package.extractfile(str(Path("package", library.folder, path)))
    except KeyError:
        file = None
    if file is None:
        raise Failed(f'{_id(library)}: has no file "{path}"')
    return file.read()


def _id(library: Library) -> str:
    return f"{library.package}@{library.version}"

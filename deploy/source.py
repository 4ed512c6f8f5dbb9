"""What is uploaded, and its hash, by which it is known whether anything changed."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from deploy.steps import ROOT

FUNCTIONS_NEED = ("main.py", "requirements.txt", "functions", "shared")
CONTAINER_NEEDS = ("Dockerfile", "doctors.json", *FUNCTIONS_NEED)
_DIGITS = 16


def files(needed: Sequence[str], top: Path = ROOT) -> list[str]:
    """The files of these folders and files, by their paths from the top folder."""
    found = [path for name in needed for path in (top / name, *(top / name).rglob("*.py"))]
    return sorted(path.relative_to(top).as_posix() for path in found if path.is_file())


def version(needed: Sequence[str], command: Sequence[str] = (), top: Path = ROOT) -> str:
    """The same as long as the files, their names and the command are; fit for a label and a tag."""
    digest = sha256(repr(list(command)).encode())
    for file in files(needed, top):
        digest.update(repr((file, (top / file).read_bytes())).encode())
    return digest.hexdigest()[:_DIGITS]

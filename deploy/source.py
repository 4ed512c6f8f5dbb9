"""The files that gcloud uploads, and their hash, which tells whether a deployment is current."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from deploy.commands import ROOT

_DIGITS = 16


def uploaded(top: Path = ROOT) -> list[str]:
    """Return the paths, relative to `top`, of the files that its `.gcloudignore` lets pass."""
    lines = (top / ".gcloudignore").read_text("utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return sorted(_files(top, "", patterns))


def contents(files: Iterable[str], top: Path = ROOT) -> bytes:
    """Return all that is in some files, with their names."""
    return b"".join(repr((file, (top / file).read_bytes())).encode() for file in files)


def version(contents: bytes, command: Sequence[str] = ()) -> str:
    """Return a hash of a command and of the contents of files; fit for a label and a tag."""
    return sha256(repr(list(command)).encode() + contents).hexdigest()[:_DIGITS]


def _files(folder: Path, prefix: str, patterns: Sequence[str]) -> Iterator[str]:
    for path in folder.iterdir():
        name, is_folder = prefix + path.name, path.is_dir()
        # An ignored folder hides all that it contains, as in .gitignore.
        if not _ignored(name, patterns, is_folder=is_folder):
            yield from _files(path, f"{name}/", patterns) if is_folder else [name]


def _ignored(name: str, patterns: Sequence[str], *, is_folder: bool) -> bool:
    """Tell whether the last pattern that matches a path ignores it."""
    ignored = False
    for line in patterns:
        pattern = line.removeprefix("!")
        # A pattern without a slash in it matches in every folder.
        part = name if "/" in pattern.rstrip("/") else name.rpartition("/")[2]
        if fnmatchcase(part, pattern.rstrip("/")) and (is_folder or not pattern.endswith("/")):
            ignored = not line.startswith("!")
    return ignored

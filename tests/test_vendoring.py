"""What others wrote for the pages: taken from npm, and kept as it was published."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from vendoring.__main__ import VENDOR, vendor
from vendoring.libraries import MANIFEST, Library, manifest_of, read_libraries
from vendoring.packages import Failed


def archive(files: dict[str, str]) -> bytes:
    """Return a package as npm packs it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text)
            package.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


ARCHIVE = archive({"LICENSE": "Free", "dist/a.js": "export const a = 1;", "dist/b.js": ""})
INTEGRITY = "sha512-" + base64.b64encode(hashlib.sha512(ARCHIVE).digest()).decode()


def library(folder: str = "dist", file: str = "a.js", integrity: str = INTEGRITY) -> Library:
    return Library("a", "@letters/a", "1.2.3", "MIT", integrity, folder, {file: ""})


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_has_what_the_manifest_lists_as_it_was_published() -> None:
    listed = {
        f"{library.target}/{path}": sha256
        for library in read_libraries()
        for path, sha256 in library.files.items()
    }
    assert files_in(VENDOR) == listed, "public/vendor is out of date: run `make vendor`"
    assert MANIFEST.read_text("utf-8") == manifest_of(read_libraries())


def test_every_library_has_its_licence_beside_it() -> None:
    for it in read_libraries():
        assert it.licence
        assert "LICENSE" in it.files, it.name


def test_listed_files_are_taken_and_others_are_removed(tmp_path: Path) -> None:
    old = tmp_path / "a-1.2.2" / "a.js"
    old.parent.mkdir()
    old.touch()
    (found,) = vendor([library()], tmp_path, lambda _: ARCHIVE)
    sha256 = "683314ed22112e8dea8095c8c6173afa2c61279f5fe07968ebe0e21fff16871d"
    assert found.files == {"a.js": sha256}
    assert files_in(tmp_path) == {"a-1.2.3/a.js": sha256}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (library(integrity="sha512-AAAA"), "^@letters/a@1.2.3: integrity must be"),
        (library(folder=""), '^@letters/a@1.2.3: has no file "a.js"$'),
    ],
    ids=["another package", "no such file"],
)
def test_nothing_is_changed_unless_every_package_is_as_listed(
    tmp_path: Path, wrong: Library, why: str
) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    with pytest.raises(Failed, match=why):
        vendor([library(), wrong], tmp_path, lambda _: ARCHIVE)
    assert list(tmp_path.iterdir()) == [kept]

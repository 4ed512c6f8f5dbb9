"""The files of the pages, read and not run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

PUBLIC = Path(__file__).parents[2] / "public"
LANGUAGES = {file.stem: file for file in (PUBLIC / "languages").glob("*.json")}
SCRIPTS = [
    file for room in ("scripts", "booking", "desk") for file in sorted((PUBLIC / room).glob("*.js"))
]
# Keys that are made of two parts, the second of which the functions name.
FAMILIES = (
    *("none.", "status.", "problem.", "waiting.", "hold.", "wrong.", "details."),
    *("desk.problem.", "desk.mark.", "desk.marked.", "desk.saved.", "desk.deleted."),
    *("desk.search.", "desk.nobody_found.", "desk.nobody_works."),
)
ONLY_TYPES = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
IMPORT = re.compile(r'(?:from|import)\s*"([^"]+)"')
KEY = re.compile(r'"((?:[a-z_]+\.)+[a-z_]+)"')


def texts(language: str) -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = json.loads(LANGUAGES[language].read_text("utf-8"))
    return found


def imported(address: str) -> Iterator[str]:
    """All modules that a module needs before it runs, each as often as it is needed."""
    code = ONLY_TYPES.sub("", (PUBLIC / address.lstrip("/")).read_text("utf-8"))
    for name in IMPORT.findall(code):
        found = name if name.startswith("/") else resolved(address, name)
        yield found
        yield from imported(found)


def resolved(address: str, name: str) -> str:
    parts: list[str] = []
    for part in (*PurePosixPath(address).parent.parts[1:], *PurePosixPath(name).parts):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def test_the_booking_page_loads_at_once_whatever_its_first_view_needs() -> None:
    page = (PUBLIC / "index.html").read_text("utf-8")
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', page)
    assert sorted(preloaded) == sorted(set(imported("/booking/main.js")))


def test_the_booking_page_asks_ahead_for_what_it_will_need() -> None:
    page = (PUBLIC / "index.html").read_text("utf-8")
    clinic = (PUBLIC / "clinic.js").read_text("utf-8")
    language = re.findall(r'languages: \["(\w+)"', clinic)
    searching = (PUBLIC / "booking/searching.js").read_text("utf-8")
    size = re.findall(r"page_size: (\d+)", searching)
    assert re.findall(r'as="fetch" crossorigin href="([^"]+)"', page) == [
        f"/languages/{language[0]}.json",
        f"/list_doctors?page_size={size[0]}",
        "/list_services?",
    ]


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_language_has_every_text_with_the_same_values(language: str) -> None:
    own, english = texts(language), texts("en")
    assert own.keys() == english.keys()
    values = re.compile(r"\{(\w+)\}")
    assert {key: set(values.findall(str(own[key]))) for key in own} == {
        key: set(values.findall(str(english[key]))) for key in english
    }


def test_every_text_that_a_page_names_is_there_and_none_is_left_over() -> None:
    named = {key for file in SCRIPTS for key in KEY.findall(file.read_text("utf-8"))}
    known = texts("en").keys()
    assert {
        key for key in named if key.split(".")[0] in {it.split(".")[0] for it in known}
    } <= known
    assert {key for key in known - named if not key.startswith(FAMILIES)} == {
        "minutes",
        "searching",
    }

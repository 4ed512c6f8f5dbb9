"""The headers of the files in `public/`: rules of Firebase Hosting, as `firebase.json` states them.

The deployment reads them, too, on a Python that may have no packages.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Rules = Sequence[Mapping[str, Any]]

ANCESTOR = (
    r"'self'|https://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5}|:\*)?"
    r"|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5}|:\*)?"
)
"""Pages that may show another one in a frame. Nothing in it ends a directive or a header."""
NOBODY = "'none'"
FRAMES = (
    f"{NOBODY}, 'self', or addresses such as https://clinic.example or https://*.clinic.example"
)

_POLICY = "Content-Security-Policy"
_BOOKING_PAGE = r"^/(index\.html)?$"
_EMULATOR = re.compile(r" http://127\.0\.0\.1:[0-9]+")


def headers_of(path: str, rules: Rules) -> dict[str, str]:
    """Return the headers of a file: of each, what the last rule says that matches its path."""
    matching = (rule["headers"] for rule in rules if re.search(rule["regex"], path))
    return {header["key"]: header["value"] for headers in matching for header in headers}


def without_emulators(rules: Rules) -> Rules:
    """Return the rules for the cloud: no page of it talks to an emulator."""
    return [
        {**rule, "headers": [_in_cloud(header) for header in rule["headers"]]} for rule in rules
    ]


def framed(rules: Rules, ancestors: str) -> Rules:
    """Return the rules, with who may show the booking page in a frame; no other page can be."""
    policy = headers_of("/", rules)[_POLICY]
    policy = policy.replace(f"frame-ancestors {NOBODY}", f"frame-ancestors {ancestors}")
    return [
        *rules,
        {"regex": _BOOKING_PAGE, "headers": [{"key": _POLICY, "value": policy}]},
    ]


def read_ancestors(text: str) -> str:
    """Return who may show a page in a frame, separated by blanks as in a policy.

    Commas may separate them, too. Raises ValueError, with what is right, for anything else.
    """
    found = [part for part in re.split("[ ,]+", text) if part]
    if found == [NOBODY] or (found and all(re.fullmatch(ANCESTOR, part) for part in found)):
        return " ".join(found)
    shown = text.encode("unicode_escape").decode()  # A line break would end the one line.
    raise ValueError(f'must be {FRAMES}, separated by blanks; "{shown}" is not')


def _in_cloud(header: Mapping[str, str]) -> Mapping[str, str]:
    return {**header, "value": _EMULATOR.sub("", header["value"])}

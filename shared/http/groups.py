"""What functions are about, as documents group them and clients name their parts."""

from collections.abc import Mapping
from typing import Literal

Group = Literal[
    "Appointments",
    "Openings",
    "Holds",
    "Series",
    "Clinic",
    "Overrides",
    "Calendars",
    "Patients",
    "Events",
]

GROUPS: Mapping[Group, str] = {
    "Appointments": "Book, move, cancel and look up appointments.",
    "Openings": "Find times that can be booked.",
    "Holds": "Keep a time while somebody fills in a form.",
    "Series": "Book and cancel appointments that recur.",
    "Clinic": "Who can be booked, and for what.",
    "Overrides": "Time off and extra hours of doctors.",
    "Calendars": "Appointments in people's own calendars.",
    "Patients": "What is kept of a patient: export and erase it.",
    "Events": "What happened reaches people and systems.",
}

"""Requests that nobody should send, each with the errors that it is refused with."""

import json
from collections.abc import Iterable
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from tests.functions.api import MONDAY_AT_NINE, NINE, Json

T = TypeVar("T")

CREATE, MOVE = "create_appointment", "reschedule_appointment"
VALIDATE = "validate_appointment"
CANCEL, GET = "cancel_appointment", "get_appointment"
MARK, UPDATE = "mark_appointment", "update_appointment"
EXPORT, ERASE = "export_patient", "erase_patient"
MAKE, UNMAKE = "create_override", "delete_override"
LIST_OVERRIDES = "list_overrides"
HOLD, RELEASE = "hold_time", "release_hold"
SERIES, END = "create_series", "cancel_series"
LIST, FIRST = "list_appointments", "first_available"
OPENINGS, DOCTORS, SERVICES = "list_openings", "list_doctors", "list_services"
FILE, LINK, FEED = "appointment_calendar", "create_calendar_link", "doctor_calendar"

SOME_ID = "strange.20501121.x"
SOME_OVERRIDE = "strange.override.x"
SOME_HOLD = "strange.20501121.hold.x"
SOME_SERIES = "strange.series.x"
GOOD_BODIES: dict[str, Json] = {
    CREATE: MONDAY_AT_NINE,
    VALIDATE: MONDAY_AT_NINE,
    MOVE: {"appointment_id": SOME_ID, "start": "2050-11-22T09:00"},
    CANCEL: {"appointment_id": SOME_ID, "reason": "feels better"},
    MARK: {"appointment_id": SOME_ID, "status": "arrived"},
    UPDATE: {"appointment_id": SOME_ID, "patient": {"name": "Ada King"}, "reason": "check-up"},
    ERASE: {"patient_id": "ada"},
    MAKE: {
        "doctor_id": "strange",
        "kind": "time_off",
        "start": "2050-11-25",
        "end": "2050-11-25T12:00",
    },
    UNMAKE: {"override_id": SOME_OVERRIDE},
    HOLD: {**NINE, "seconds": 60},
    RELEASE: {"hold_id": SOME_HOLD},
    SERIES: {**MONDAY_AT_NINE, "rule": "FREQ=WEEKLY;COUNT=2", "if_unavailable": "skip"},
    END: {"series_id": SOME_SERIES, "after": "2050-11-21", "reason": "moves away"},
    LINK: {"doctor_id": "strange", "renew": True},
}
GOOD_QUERIES = {
    LIST: "doctor_id=strange&start=2050-11-21T00:00&end=2050-11-22T00:00",
    FIRST: "doctor_id=strange",
    OPENINGS: "doctor_id=strange&start=2050-11-21&end=2050-11-22&duration_minutes=30",
    DOCTORS: "page_size=1",
    SERVICES: "",
    GET: f"appointment_id={SOME_ID}",
    EXPORT: "patient_id=ada",
    LIST_OVERRIDES: "doctor_id=strange&start=2050-11-21&end=2050-11-22",
    FILE: f"appointment_id={SOME_ID}",
    FEED: "token=strange.x",
}
SKIPPED, REPEATED = "2051-03-12T02:30", "2051-11-05T01:30"
"""What the clocks of New York never show, and what they show twice."""
NEW_YORK = "America/New_York"


class Bad(NamedTuple):
    """A bad request: bytes, the JSON of a body, or a query string.

    Of each error it has the field and the type; of the first one also words of the message.
    """

    function: str
    request: object
    errors: list[tuple[str, str]]
    words: tuple[str, ...] = ()


def each(kind: str, values: Iterable[T]) -> list[tuple[T, str]]:
    """Values that are refused with errors of one type."""
    return [(value, kind) for value in values]


# Bodies

Values = Iterable[tuple[object, str]]
IDS: Values = [
    *each("string_type", [1, ["strange"], {}]),
    *each("string_pattern_mismatch", ["", "strange/days", "strange\n", "strange\0", "størånge"]),
    *each("string_pattern_mismatch", ["a" * 129]),
]
TIMES: Values = [
    *each("time", [2556109200, True, {}, "", "tomorrow"]),
    *each("time", ["2050-11-21", "20501121T0900", "2050-W47-1T09:00", "2050-11-21 09:00"]),
    *each("time", ["2050-11-21T09", "2050-11-21T09:00\n", "2050-11-21T09:00\0"]),
    *each("time", ["2050-11-21T09:00[America/New_York]", "2050-11-21T09:00 01:00"]),
    *each("time", ["２０５０-11-21T09:00"]),  # noqa: RUF001 - digits, but wide ones
    *each("time", ["2050-11-31T09:00", "2050-02-29T09:00", "2050-13-01T09:00", "0000-01-01T00:00"]),
    *each("time", ["2050-11-21T24:00", "2050-11-21T09:60", "2050-12-31T23:59:60Z"]),
    *each("time", ["2050-11-21T09:00+0100", "2050-11-21T09:00+24:00", "2050-11-21T09:00+05:60"]),
    *each("time_out_of_range", ["0001-01-01T00:00", "0001-01-01T00:00+23:59", "1899-12-31T23:59"]),
    *each("time_out_of_range", ["9999-01-01T00:00", "9999-12-31T23:59Z", "9999-12-31T23:59-23:59"]),
    *each("whole_minutes", ["2050-11-21T09:00:01", "2050-11-21T09:00:00.5Z"]),
    *each("whole_minutes", ["2050-11-21T09:00:00.0000001Z"]),
]
MINUTES: Values = [
    *each("int_type", [True, "30", 30.5, [30]]),
    *each("greater_than_equal", [0, -30]),
    *each("less_than_equal", [1441, 1e300, 10**4000]),
]
CONTROLS: Values = each(
    "control_character",
    [
        f"a{c}b"
        for c in "\0\x0b\x1b\x7f\x85\xad\u061c\u200b\u202a\u202e\u2066\u2069\ufeff\U000e0041"
    ],
)
"""What no text may hold: control and format characters, among them those that reverse a text."""
LINE_BREAKS: Values = each(
    "control_character", ["Ada\nL", "Ada\rL", "Ada\r\nBcc: a@b.c", "Ada\u2028L", "Ada\tL"]
)
ACCOUNT_IDS: Values = [
    *each("string_type", [1, ["ada"], {}]),
    *each("string_pattern_mismatch", ["", " ", "a b", "ada\n", "ada\0", "\u00e5da", "a" * 256]),
]
INVISIBLE = [
    "\u3164",
    "\u115f\uffa0",
    "\u2800",
    "\u0301",
    "\u200d",
    "\u034f\ufe0f",
    "\ue000",
    "\u0378",
]
"""Fillers that are letters, blanks that are symbols, marks and joiners alone, private use, none."""
DEEP: Json = {}
for _ in range(50):
    DEEP = {"patient": DEEP}

VALUES: dict[tuple[str, str], Values] = {
    (CREATE, "doctor_id"): [(None, "string_type"), *IDS],
    (MOVE, "doctor_id"): IDS,
    (MOVE, "appointment_id"): [(None, "string_type"), *IDS],
    (CANCEL, "appointment_id"): [(None, "string_type"), *IDS],
    (CREATE, "start"): [(None, "time"), *TIMES],
    (CREATE, "end"): TIMES,
    (MOVE, "start"): [(None, "time"), *TIMES],
    (MOVE, "end"): TIMES,
    (CREATE, "duration_minutes"): MINUTES,
    (MOVE, "duration_minutes"): MINUTES,
    (CREATE, "patient"): each("model_type", [None, "Ada Lovelace", [{"name": "Ada"}]]),
    (CREATE, "reason"): [(1, "string_type"), ("a" * 1001, "string_too_long"), *CONTROLS],
    (CANCEL, "reason"): [([], "string_type"), ("a" * 1001, "string_too_long"), *CONTROLS],
    (CREATE, "service_id"): IDS,
    (VALIDATE, "service_id"): IDS,
    (MOVE, "service_id"): each("extra_forbidden", ["check-up"]),
    (CREATE, "allow"): each("list_type", ["time_off", {"time_off": True}, True, 1]),
    (MOVE, "allow"): each("list_type", ["time_off", {}]),
    (CANCEL, "allow"): each("extra_forbidden", [[]]),
    (CREATE, "version"): each("extra_forbidden", [1]),
    (MARK, "appointment_id"): [(None, "string_type"), *IDS],
    (MARK, "status"): each(
        "literal_error",
        [None, "", "booked", "cancelled", "Arrived", "arrived ", "no-show", 1, True, ["arrived"]],
    ),
    (MARK, "reason"): each("extra_forbidden", ["late"]),
    (UPDATE, "appointment_id"): [(None, "string_type"), *IDS],
    (UPDATE, "patient"): [
        (None, "missing"),
        *each("model_type", ["Ada Lovelace", [{"name": "Ada"}]]),
    ],
    (UPDATE, "reason"): [(1, "string_type"), ("a" * 1001, "string_too_long"), *CONTROLS],
    (UPDATE, "start"): each("extra_forbidden", ["2050-11-22T09:00"]),
    (UPDATE, "service_id"): each("extra_forbidden", ["check-up"]),
    (CREATE, "validate_only"): each("extra_forbidden", [True, False, None]),
    (VALIDATE, "validate_only"): each("extra_forbidden", [True]),
    (VALIDATE, "start"): [(None, "time"), *TIMES],
    (CREATE, "idempotency_key"): each("extra_forbidden", ["k"]),
    (CREATE, ""): each("extra_forbidden", [1]),
    (MOVE, "reason"): each("extra_forbidden", ["ill"]),
    (CANCEL, "doctor_id"): each("extra_forbidden", ["strange"]),
    (CREATE, "hold_id"): IDS,
    (VALIDATE, "hold_id"): IDS,
    (HOLD, "doctor_id"): [(None, "string_type"), *IDS],
    (HOLD, "start"): [(None, "time"), *TIMES],
    (HOLD, "end"): TIMES,
    (HOLD, "duration_minutes"): MINUTES,
    (HOLD, "service_id"): IDS,
    (HOLD, "seconds"): [
        *each("int_type", [None, True, "300", 300.5, [300], {}]),
        *each("greater_than_equal", [29, 0, -300, -(10**4000)]),
        *each("less_than_equal", [901, 1e300, 10**4000]),
    ],
    (HOLD, "patient"): each("extra_forbidden", [{"name": "Ada"}]),
    (HOLD, "allow"): each("extra_forbidden", [[]]),
    (HOLD, "hold_id"): each("extra_forbidden", [SOME_HOLD]),
    (RELEASE, "hold_id"): [(None, "string_type"), *IDS],
    (RELEASE, "doctor_id"): each("extra_forbidden", ["strange"]),
    (SERIES, "rule"): [
        *each("string_type", [None, 1, True, ["FREQ=DAILY;COUNT=2"], {"FREQ": "DAILY"}]),
        *each("string_too_long", [f"FREQ=WEEKLY;COUNT=2;BYDAY=MO{',MO' * 20_000}"]),
    ],
    (SERIES, "if_unavailable"): each("literal_error", [None, "", "SKIP", "book", True, ["skip"]]),
    (SERIES, "hold_id"): each("extra_forbidden", [SOME_HOLD, None]),
    (SERIES, "seconds"): each("extra_forbidden", [300]),
    (SERIES, "until"): each("extra_forbidden", ["2051-01-01"]),
    (END, "series_id"): [(None, "string_type"), *IDS],
    (END, "after"): [
        *each("time", [2556109200, True, {}, "", "now", "2050-11-31", "20501121", "2050-11-21Z"]),
        *each("time", ["2050-11-21T09:00 01:00", "2050-11-21T09:00:00.5 01:00"]),
        *each("time_out_of_range", ["1899-12-31", "9999-12-31T23:59Z"]),
    ],
    (END, "reason"): [([], "string_type"), ("a" * 1001, "string_too_long"), *CONTROLS],
    (END, "appointment_id"): each("extra_forbidden", [SOME_ID]),
    (LINK, "doctor_id"): [(None, "string_type"), *IDS],
    (LINK, "renew"): each("bool_type", [None, 1, "true", "", []]),
    (LINK, "token"): each("extra_forbidden", ["strange.x"]),
    (ERASE, "patient_id"): ACCOUNT_IDS,
    (ERASE, "appointment_id"): each("extra_forbidden", [SOME_ID]),
}
NO_EMAILS = ("ada", "a@b c", "a@@b.example", "a@b", "a@b..c", ".a@b.example", "A <a@b.example>")
PATIENTS: list[tuple[Json, str, str]] = [
    ({}, "name", "missing"),
    *(({"name": name}, "name", "string_type") for name in (None, 1, DEEP)),
    *(({"name": name}, "name", "missing") for name in ("", " \t\n\u00a0\u3000", "\u200e \u200f")),
    *(({"name": name}, "name", "invisible") for name in INVISIBLE),
    *(({"name": name}, "name", kind) for name, kind in (*CONTROLS, *LINE_BREAKS)),
    ({"name": "\u115f\u00ad"}, "name", "control_character"),
    ({"name": "a" * 201}, "name", "string_too_long"),
    *(({"name": "A", "email": e}, "email", "email") for e in NO_EMAILS),
    *(({"name": "A", "email": e}, "email", kind) for e, kind in (*CONTROLS, *LINE_BREAKS)),
    ({"name": "Ada", "email": f"a@{'b' * 253}"}, "email", "string_too_long"),
    *(
        ({"name": "Ada", "phone": p}, "phone", "phone")
        for p in ("none", "123-4", "1" * 16, "½²①③⅘6")
    ),
    *(({"name": "A", "phone": p}, "phone", kind) for p, kind in (*CONTROLS, *LINE_BREAKS)),
    ({"name": "Ada", "phone": 5550199}, "phone", "string_type"),
    ({"name": "Ada", "phone": "1" * 51}, "phone", "string_too_long"),
    ({"name": "Ada", "nmae": "x"}, "nmae", "extra_forbidden"),
    *(({"name": "Ada", "id": each}, "id", kind) for each, kind in ACCOUNT_IDS),
    ({"name": "Ada", "id": "me"}, "id", "not_a_patient"),
    ({"name": "Ada", "owner": "ada"}, "owner", "extra_forbidden"),
]
ENDS = [
    ("2050-11-22T09:00", "2050-11-22T09:00"),
    ("2050-11-22T09:00", "2050-11-22T08:30"),
    ("2050-11-22T14:00Z", "2050-11-22T09:00-05:00"),
]
"""Starts and ends that can be compared, though no clock is known, and are not in order."""
ENDS_OF_STRANGE = [
    ("2050-11-22T14:00Z", "2050-11-22T09:00"),
    ("2050-11-22T09:00", "2050-11-22T14:00Z"),
    ("2050-11-22T09:00", "2050-11-22T10:30+02:00"),
]
"""Starts and ends that are not in order on Doctor Strange's clock."""
NO_OBJECT = (b"null", b"1", b'"Ada"', b"[]", b"NaN")
NO_JSON = (
    *(b"", b" \n", b'{"doctor_id": "strange"', b"{}{}", b"{'doctor_id': 'strange'}", b"{} // none"),
    *(b"doctor_id=strange", b"\0", b'{"doctor_id": "str\x01nge"}', b'{"doctor_id": "\xff"}'),
    *(b'{"doctor_id": "\xc0\xaf"}', rb'{"patient": {"name": "\ud800"}}'),
    *(rb'{"patient": {"name": "\udc00\ud800"}}', json.dumps(MONDAY_AT_NINE).encode("utf-16")),
    *(b"[" * 60_000, b'{"patient":' * 5_000, b"[" * 30_000 + b"]" * 30_000),
    b'{"duration_minutes": ' + b"9" * 60_000 + b"}",
)


def bad(function: str, field: str, kind: str, *words: str, **changes: object) -> Bad:
    """A good body but for these changes, of which one field is wrong."""
    return Bad(function, {**GOOD_BODIES[function], **changes}, [(field, kind)], words)


def lasting(function: str, start: str, end: str, kind: str) -> Bad:
    """A good body but for its start and its end, which is wrong."""
    return bad(function, "end", kind, start=start, end=end, duration_minutes=None)


UNFIT_NAMES = ("\u202egnp.exe", "A\r\nB\u2028", "\0", "A\r\nB", " ", "A" * 99, "<b>")
"""What no sentence repeats of a rule."""
RULES: list[tuple[str, ...]] = [
    *((rule, "FREQ=DAILY") for rule in ("", ";", "=DAILY", "COUNT=2;;FREQ=DAILY")),
    *((f"FREQ={each};COUNT=2", "FREQ", "WEEKLY") for each in ("", "YEARLY", "HOURLY", "DAILY ")),
    ("RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ", "not allowed"),
    ("FREQ=DAILY", "COUNT", "UNTIL"),
    *((f"FREQ=DAILY;COUNT={each}", "COUNT", "60") for each in ("", "0", "-1", "61", "1e1", 10**9)),
    (f"FREQ=DAILY;COUNT={'9' * 200}", "COUNT", "60"),
    ("FREQ=DAILY;COUNT=2;COUNT=2", "COUNT", "once"),
    *((f"FREQ=DAILY;COUNT=2;INTERVAL={each}", "INTERVAL", "366") for each in ("0", "367", "-1")),
    *((f"FREQ=WEEKLY;COUNT=2;BYDAY={each}", "BYDAY") for each in ("", "XX", "MO,", "1MO", "MO TU")),
    ("FREQ=WEEKLY;COUNT=2;BYDAY=TU", "BYDAY", "the day of start, 2050-11-21 (MO)"),
    ("FREQ=MONTHLY;COUNT=2;BYDAY=2MO", "BYDAY", "the day of start"),
    *((f"FREQ=DAILY;UNTIL={each}", "UNTIL", "date") for each in ("", "soon", "20501131", "2050")),
    ("FREQ=DAILY;COUNT=2;UNTIL=20501130", "UNTIL", "COUNT"),
    ("FREQ=WEEKLY;UNTIL=20501120", "UNTIL", "start"),
    ("FREQ=WEEKLY;UNTIL=20501121T085959", "UNTIL", "start"),
    ("FREQ=WEEKLY;UNTIL=20511123", "UNTIL", "366"),
    ("FREQ=DAILY;UNTIL=20510301", "UNTIL", "60"),
    ("FREQ=MONTHLY;INTERVAL=24;COUNT=60", "COUNT", "36600 days"),
    *((f"FREQ=DAILY;COUNT=2;{part}=1", part) for part in ("BYMONTHDAY", "BYSETPOS", "BYHOUR")),
    *((f"FREQ=DAILY;COUNT=2;{part}=MO", part) for part in ("WKST", "EXDATE", "X-DAYS")),
    ("FREQ=DA\u0131LY;COUNT=2", "FREQ", "ASCII"),
    *((f"FREQ=DAILY;COUNT=3;{name}=1", "part", "FREQ, INTERVAL") for name in UNFIT_NAMES[2:]),
    *((f"FREQ=DAILY;COUNT=3;{name}=1", "ASCII") for name in UNFIT_NAMES[:2]),
]
SHOWN_NAMES = [
    ("\u202ex\x85", r"\u202ex\x85"),
    ("a\r\nb", r"a\r\nb"),
    ("\u2066\U000e0041\u2028", r"\u2066\U000e0041\u2028"),
    ("\u05d0\u00e4 \u00df", "\u05d0\u00e4 \u00df"),
    ("\0" * 99, r"\x00" * 50),
    ("x" * 5_000, "x" * 200),
]
"""Names of fields, and how an answer repeats them."""
TWICE = ((CREATE, "doctor_id"), (CREATE, "start"), (MOVE, "start"), (CANCEL, "reason"))
TWICE_INSIDE = (
    (b'"name": ', b'"name": "Bob", "name": ', "patient.name"),
    (b'"name": ', b'"name": "Bob", "n\\u0061me": ', "patient.name"),
    (b'Lovelace"}', b'Lovelace"}, "reason": "ill", "reason": "well"', "reason"),
    (b'"start": ', b'"start": [1], "start": ', "start"),
    (b'"start": ', b'"start": {"\\u202e": 1, "\\u202e": 2}, "start": ', r"start.\u202e"),
    (
        b'"start": ',
        b'"start": {"%b": 1, "%b": 2}, "start": ' % (b"x" * 300, b"x" * 300),
        f"start.{'x' * 194}",
    ),
    (b'"start": ', b'"start": [{"a": ' + b"9" * 4300 + b', "a": {}}], "start": ', "start[0].a"),
)


def twice(function: str, name: str) -> bytes:
    """A good body that names a member twice."""
    good = GOOD_BODIES[function]
    member = json.dumps({name: good[name]}).encode()
    return member[:-1] + b", " + json.dumps(good).encode()[1:]


BAD_BODIES = [
    *(
        bad(function, name, kind, **{name: value})
        for (function, name), values in VALUES.items()
        for value, kind in values
    ),
    *(bad(CREATE, f"patient.{name}", kind, patient=person) for person, name, kind in PATIENTS),
    *(
        bad(UPDATE, f"patient.{name}", kind, patient=person)
        for person, name, kind in PATIENTS
        if kind != "not_a_patient"
    ),
    *(
        bad(function, f"allow[{len(allowed) - 1}]", "literal_error", "too_soon", allow=allowed)
        for function in (CREATE, VALIDATE, MOVE)
        for allowed in (["slot_taken"], ["time_off", "day_full"], [""], [None], [1], [["time_off"]])
    ),
    *(lasting(CREATE, *times, "not_after_start") for times in (*ENDS, *ENDS_OF_STRANGE)),
    *(lasting(MOVE, *times, "not_after_start") for times in ENDS),
    lasting(CREATE, "2050-11-22T09:00", "2050-11-23T09:01", "too_long"),
    lasting(CREATE, "2050-11-22T09:00Z", "2050-12-22T09:00Z", "too_long"),
    lasting(CREATE, f"{SKIPPED[:10]}T00:30", SKIPPED, "nonexistent_local_time"),
    lasting(CREATE, f"{REPEATED[:10]}T00:30", REPEATED, "ambiguous_local_time"),
    bad(CREATE, "start", "nonexistent_local_time", NEW_YORK, f"in {SKIPPED}", start=SKIPPED),
    bad(CREATE, "start", "ambiguous_local_time", NEW_YORK, f"in {REPEATED}", start=REPEATED),
    bad(CREATE, "end", "too_many", end="2050-11-21T09:30"),
    bad(MOVE, "end", "too_many", end="2050-11-22T09:30", duration_minutes=30),
    *(
        bad(function, "duration_minutes", "missing", "required", "end", duration_minutes=None)
        for function in (CREATE, HOLD, SERIES)
    ),
    bad(HOLD, "end", "too_many", end="2050-11-21T09:30"),
    *(lasting(HOLD, *times, "not_after_start") for times in (*ENDS, *ENDS_OF_STRANGE)),
    bad(HOLD, "start", "nonexistent_local_time", NEW_YORK, f"in {SKIPPED}", start=SKIPPED),
    bad(SERIES, "start", "ambiguous_local_time", NEW_YORK, f"in {REPEATED}", start=REPEATED),
    *(bad(SERIES, "rule", "invalid_rule", *words, rule=rule) for rule, *words in RULES),
    bad(CREATE, "duration_minutes", "greater_than_equal", doctor_id="doom", duration_minutes=0),
    bad(MOVE, "duration_minutes", "greater_than_equal", doctor_id="doom", duration_minutes=0),
    # What may have been meant, or else all that is known.
    bad(CREATE, "duration", "extra_forbidden", '"duration_minutes"', duration=30),
    bad(CREATE, "doctorId", "extra_forbidden", '"doctor_id"', doctorId="who"),
    bad(CREATE, "colour", "extra_forbidden", "duration_minutes, doctor_id", "allow", colour="red"),
    bad(CREATE, "patient.mail", "extra_forbidden", '"email"', patient={"name": "A", "mail": "a"}),
    bad(MOVE, "duration", "extra_forbidden", '"duration_minutes"', duration=30),
    bad(CANCEL, "reasn", "extra_forbidden", '"reason"', reasn="ill"),
    # Exactly one of two, and nobody is `me` who showed no token.
    bad(ERASE, "patient_id", "not_a_patient", '"me"', patient_id="me"),
    bad(ERASE, "appointment_ids", "too_many", "patient_id", appointment_ids=[SOME_ID]),
    bad(ERASE, "patient_id", "missing", "appointment_ids", patient_id=None),
    *(
        Bad(ERASE, {"appointment_ids": ids}, [(field, kind)])
        for ids, field, kind in (
            ([], "appointment_ids", "too_short"),
            ([SOME_ID] * 101, "appointment_ids", "too_long"),
            (SOME_ID, "appointment_ids", "list_type"),
            (["a/b"], "appointment_ids[0]", "string_pattern_mismatch"),
            ([SOME_ID, None], "appointment_ids[1]", "string_type"),
        )
    ),
    # All that is wrong, but not all of thousands.
    Bad(
        CREATE,
        {"start": "soon", "duration_minutes": 0, "patient": {}},
        [
            ("start", "time"),
            ("duration_minutes", "greater_than_equal"),
            ("doctor_id", "missing"),
            ("patient.name", "missing"),
        ],
    ),
    Bad(
        CANCEL,
        {"appointment_id": "a", **{f"x{n}": n for n in range(99)}},
        [(f"x{n}", "extra_forbidden") for n in range(20)],
    ),
    *(
        Bad(function, content, [("body", "model_type")])
        for function in GOOD_BODIES
        for content in NO_OBJECT
    ),
    *(
        Bad(function, {**GOOD_BODIES[function], name: 1}, [(shown, "extra_forbidden")])
        for function in GOOD_BODIES
        for name, shown in SHOWN_NAMES
    ),
    bad(CREATE, r"patient.\u202e", "extra_forbidden", patient={"name": "Ada", "\u202e": 1}),
    *(Bad(CREATE, content, [("body", "json_invalid")]) for content in NO_JSON),
    *(Bad(function, b"{", [("body", "json_invalid")]) for function in (MOVE, CANCEL)),
    *(Bad(function, twice(function, name), [(name, "repeated")]) for function, name in TWICE),
    *(
        Bad(CREATE, json.dumps(MONDAY_AT_NINE).encode().replace(once, more), [(field, "repeated")])
        for once, more, field in TWICE_INSIDE
    ),
]


# Query strings: what stands in them is escaped already

ESCAPED_IDS = ("", "a/b", f"{SOME_ID}%0a", f"{SOME_ID}%00", "%ff", "%ED%A0%80", "a" * 129)
ESCAPED_TIMES = [
    *each("time", ["", "2050-11-2", "2556109200", "2050-11-21 09:00", "2050-11-21T00:00%00"]),
    *each("time", ["2050-11-31", "2050-11-21Z", "2050-11-21+01:00", "2050-11-21%0a", "20501121"]),
    *each("time", ["2050-11-21T00:00%2001:00%0a", "2050-12-31T23:59:60Z", "2050-02-30T00:00"]),
    *each("time", ["2050-11-21T00:00-24:00", "2050-11-21T00:00-01:60"]),
    *each("time_out_of_range", ["0001-01-01T00:00Z", "9999-12-31T23:59Z", "1899-12-31"]),
]
ESCAPED_NUMBERS = [
    *each("int_type", ["", "ten", "1.0", "0.5", "3e1", "true", "PT30M", "%D9%A1", "%2B1", " 1"]),
    *each("int_type", ["1%00", "1%0a", "9" * 5000]),
    *each("greater_than_equal", ["0", "-1", f"-{'9' * 30}"]),
    *each("less_than_equal", ["1441", "9" * 1000]),
]
TIMES_IN_QUERIES = [
    (LIST, "start", "doctor_id=strange&end=2052-01-01T00:00"),
    (LIST, "end", "doctor_id=strange&start=2050-12-01T00:00"),
    (FIRST, "after", "doctor_id=strange"),
    (FIRST, "until", "doctor_id=strange"),
    (OPENINGS, "start", "duration_minutes=30&end=2050-12-01T00:00"),
    (OPENINGS, "end", "duration_minutes=30&start=2050-12-01T00:00"),
]
NUMBERS_IN_QUERIES = [
    (LIST, "page_size"),
    *((FIRST, name) for name in ("count", "duration_minutes", "step_minutes")),
    (OPENINGS, "step_minutes"),
]
WINDOWS_OF_OPENINGS = [
    ("2050-11-21", "2050-11-20", "not_after_start"),
    ("2050-11-21T00:00", "2050-11-21T00:00", "not_after_start"),
    ("2050-11-21T00:00Z", "2050-11-21T00:00", "not_after_start"),
    ("2050-11-21", "2051-01-02", "window_too_long"),
    ("2050-11-21T00:00", "2051-01-02T00:01", "window_too_long"),
    ("2050-11-21T00:00Z", "2051-01-03T00:00", "window_too_long"),
]
ADDED: list[tuple[str, str, str, str]] = [
    (LIST, "colour=red", "colour", "extra_forbidden"),
    (LIST, "pagesize=1", "pagesize", "extra_forbidden"),
    (LIST, "=1", "", "extra_forbidden"),
    *(
        (function, f"{quote(name)}=1", shown, "extra_forbidden")
        for function in GOOD_QUERIES
        for name, shown in SHOWN_NAMES
    ),
    (FIRST, "doctor_id[%E2%80%AE]=1", r"doctor_id[\u202e]", "extra_forbidden"),
    (LIST, ";", ";", "extra_forbidden"),
    (LIST, "%ff=1", "\ufffd", "extra_forbidden"),
    (LIST, "doctor_id=*", "doctor_id", "too_many"),
    (LIST, "doctor_id=" + "&doctor_id=".join(200 * ["who"]), "doctor_id", "too_long"),
    (LIST, "doctor_id=a*", "doctor_id[1]", "string_pattern_mismatch"),
    (OPENINGS, "doctor_id=*", "doctor_id[1]", "string_pattern_mismatch"),
    (OPENINGS, "count=1", "count", "extra_forbidden"),
    (OPENINGS, "duration_minutes=30", "duration_minutes", "repeated"),
    (OPENINGS, "step_minutes=7", "step_minutes", "not_a_divisor"),
    (DOCTORS, "page_size=1", "page_size", "repeated"),
    (DOCTORS, "page_token=W", "page_token", "page_token"),
    (DOCTORS, "service_id=scan", "service_id", "extra_forbidden"),
    (SERVICES, "page_size=1", "page_size", "extra_forbidden"),
    (LIST, "start=2050-11-21T00:00", "start", "repeated"),
    (LIST, "colour=red&colour=red", "colour", "extra_forbidden"),
    (LIST, "status=cancelled", "status", "literal_error"),
    (LIST, "status=", "status", "literal_error"),
    (LIST, "page_size=1001", "page_size", "less_than_equal"),
    (LIST, f"page_token={'W' * 501}", "page_token", "string_too_long"),
    (FIRST, "colour=red", "colour", "extra_forbidden"),
    (FIRST, "after=2050-11-21T00:00Z&after=2050-11-22T00:00Z", "after", "repeated"),
    (FIRST, "count=1&count=1", "count", "repeated"),
    (FIRST, "count=51", "count", "less_than_equal"),
    (FIRST, "step_minutes=7", "step_minutes", "not_a_divisor"),
    (FIRST, "doctor_id=a/b", "doctor_id[1]", "string_pattern_mismatch"),
    (GET, f"appointment_id={SOME_ID}", "appointment_id", "repeated"),
    (GET, "doctor_id=strange", "doctor_id", "extra_forbidden"),
    (FILE, f"appointment_id={SOME_ID}", "appointment_id", "repeated"),
    (FEED, "token=strange.x", "token", "repeated"),
    (FEED, "doctor_id=strange", "doctor_id", "extra_forbidden"),
    (LIST, "patient_id=ada", "patient_id", "too_many"),
    (LIST, "patient_id=%20", "patient_id", "string_pattern_mismatch"),
    (EXPORT, "patient_id=ada", "patient_id", "repeated"),
    (EXPORT, f"appointment_ids={SOME_ID}", "appointment_ids", "too_many"),
    (EXPORT, "appointment_ids=a/b", "appointment_ids[0]", "string_pattern_mismatch"),
    (EXPORT, "doctor_id=strange", "doctor_id", "extra_forbidden"),
    (EXPORT, "page_size=0", "page_size", "greater_than_equal"),
    (EXPORT, f"page_token={'W' * 501}", "page_token", "string_too_long"),
    (EXPORT, "page_token=W", "page_token", "page_token"),
]
WINDOWS_OF_LISTS = [
    ("2050-11-21T00:00", "2050-11-21T00:00", "not_after_start"),
    ("2050-11-21T00:00", "2050-11-20T23:59", "not_after_start"),
    ("2050-11-21T00:00", "2050-11-20", "not_after_start"),
    ("2050-11-21", "2051-11-22", "window_too_long"),
    ("2050-11-21T00:00", "2050-11-21T05:00Z", "not_after_start"),
    ("2050-11-21T00:00", "2051-11-22T00:01", "window_too_long"),
    ("2050-11-21T00:00", "2051-11-22T05:01Z", "window_too_long"),
]
WINDOWS_OF_SEARCHES = [
    ("after=2050-11-21T09:00Z&until=2050-11-21T09:00Z", "not_after_start"),
    ("after=2050-11-21T09:00Z&until=2050-11-21T08:00Z", "not_after_start"),
    ("after=2050-11-21&until=2050-11-20", "not_after_start"),
    ("until=2050-11-18T12:00Z", "not_after_start"),
    ("after=2020-01-01T00:00Z&until=2020-02-01T00:00Z", "not_after_start"),
    ("after=2050-11-21T00:00Z&until=2051-11-22T00:00:01Z", "window_too_long"),
]

BRACKETS = ("[]", "%5B%5D", "[0]", "[a][b]")

BAD_QUERIES = [
    *(
        Bad(function, f"{others}&{name}={time}", [(name, kind)])
        for function, name, others in TIMES_IN_QUERIES
        for time, kind in ESCAPED_TIMES
    ),
    *(
        Bad(function, f"{GOOD_QUERIES[function]}&{name}={number}", [(name, kind)])
        for function, name in NUMBERS_IN_QUERIES
        for number, kind in ESCAPED_NUMBERS
    ),
    *(
        Bad(function, query.format(text), [(field, "string_pattern_mismatch")])
        for text in ESCAPED_IDS
        for function, query, field in (
            (LIST, "doctor_id={}&start=2050-11-21T00:00&end=2050-11-22T00:00", "doctor_id[0]"),
            (FIRST, "doctor_id={}", "doctor_id[0]"),
            (GET, "appointment_id={}", "appointment_id"),
            (FILE, "appointment_id={}", "appointment_id"),
        )
    ),
    *(
        Bad(function, f"{GOOD_QUERIES[function]}&{added}", [(field, kind)])
        for function, added, field, kind in ADDED
    ),
    *(
        Bad(
            function,
            f"{GOOD_QUERIES[function]}&{name}=1&{name}=2",
            [(name.replace("%5B", "[").replace("%5D", "]"), "extra_forbidden")],
            (meant,),
        )
        for function, name, meant in (
            (LIST, "statu", '"status"'),
            (LIST, "colour", "doctor_id, patient_id, start, end, status, page_size, page_token"),
            (FIRST, "doctorId", '"doctor_id"'),
            (FIRST, "doctor_ids", '"doctor_id"'),
            *((FIRST, f"doctor_id{end}", "repeat doctor_id without brackets") for end in BRACKETS),
            *((LIST, f"doctor_id{end}", "repeat doctor_id without brackets") for end in BRACKETS),
            (FIRST, "colour[]", "doctor_id, service_id"),
            (GET, "appointmentId", '"appointment_id"'),
        )
    ),
    *(
        Bad(LIST, f"doctor_id=strange&start={start}&end={end}", [("end", kind)])
        for start, end, kind in WINDOWS_OF_LISTS
    ),
    *(Bad(FIRST, query, [("until", kind)]) for query, kind in WINDOWS_OF_SEARCHES),
    *(
        Bad(OPENINGS, f"duration_minutes=30&start={start}&end={end}", [("end", kind)])
        for start, end, kind in WINDOWS_OF_OPENINGS
    ),
    Bad(
        OPENINGS,
        "start=2050-11-21&end=2050-11-22",
        [("duration_minutes", "missing")],
        ("service_id",),
    ),
    Bad(LIST, "start=2050-11-21&end=2050-11-22", [("doctor_id", "missing")], ("patient_id",)),
    Bad(LIST, "patient_id=me&start=2050-11-21&end=2050-11-22", [("patient_id", "not_a_patient")]),
    Bad(LIST, "patient_id=ada&start=2050-11-21&end=2050-11-21T00:00", [("end", "not_after_start")]),
    Bad(EXPORT, "patient_id=me", [("patient_id", "not_a_patient")], ('"me"',)),
    Bad(EXPORT, f"appointment_ids={SOME_ID}&page_token=W", [("page_token", "too_many")]),
    Bad(
        EXPORT,
        "&".join([f"appointment_ids={SOME_ID}"] * 101),
        [("appointment_ids", "too_long")],
    ),
]

NOTHING: list[Bad] = [
    Bad(CREATE, {}, [(name, "missing") for name in ("start", "doctor_id", "patient")]),
    Bad(VALIDATE, {}, [(name, "missing") for name in ("start", "doctor_id", "patient")]),
    Bad(MOVE, {}, [("start", "missing"), ("appointment_id", "missing")]),
    Bad(CANCEL, {}, [("appointment_id", "missing")]),
    Bad(MARK, {}, [("appointment_id", "missing"), ("status", "missing")]),
    Bad(UPDATE, {}, [("appointment_id", "missing")]),
    Bad(UPDATE, {"appointment_id": SOME_ID}, [("patient", "missing")], ("reason",)),
    Bad(LIST, "", [(name, "missing") for name in ("start", "end")]),
    Bad(ERASE, {}, [("patient_id", "missing")]),
    Bad(EXPORT, "", [("patient_id", "missing")]),
    Bad(FIRST, "count=", [("count", "int_type")]),
    Bad(GET, "", [("appointment_id", "missing")]),
    Bad(OPENINGS, "", [("start", "missing"), ("end", "missing")]),
    Bad(DOCTORS, "page_size=", [("page_size", "int_type")]),
    Bad(SERVICES, "a=1", [("a", "extra_forbidden")]),
    Bad(MAKE, {}, [(name, "missing") for name in ("doctor_id", "kind", "start", "end")]),
    Bad(UNMAKE, {}, [("override_id", "missing")]),
    Bad(HOLD, {}, [(name, "missing") for name in ("start", "doctor_id")]),
    Bad(RELEASE, {}, [("hold_id", "missing")]),
    Bad(SERIES, {}, [(name, "missing") for name in ("start", "doctor_id", "patient", "rule")]),
    Bad(END, {}, [("series_id", "missing")]),
    Bad(LIST_OVERRIDES, "", [(name, "missing") for name in ("doctor_id", "start", "end")]),
    Bad(FILE, "", [("appointment_id", "missing")]),
    Bad(LINK, {}, [("doctor_id", "missing")]),
    Bad(FEED, "", [("token", "missing")]),
]
"""For each function the shortest request that it refuses."""

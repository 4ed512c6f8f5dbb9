"""The problems that functions answer with, as responses, each with an example.

The examples are made as all answers are, so their words are those that clients get.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.http.caller_errors import AppNotVerified, CallsTooOften
from shared.http.problems import ProblemKind, error_response, header_meanings, refusal_response
from shared.http.request_errors import (
    BodyTooLarge,
    InvalidRequest,
    MethodNotAllowed,
    RequestError,
    UnknownDoctor,
)
from shared.http.requests import LARGEST_BODY
from shared.http.schemas.problem import FieldError, Problem
from shared.model.appointment import Appointment, Patient
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.model.series import Skipped
from shared.rules.conflicts import Conflict
from shared.rules.openings import OpeningSearch
from shared.rules.refusals import (
    AlreadyCancelled,
    InThePast,
    OutsideWorkingHours,
    PatientBusy,
    Refusal,
    SeriesUnavailable,
    SlotTaken,
    TimeOff,
    TooLate,
    TooManyChanges,
    TooManyRequests,
    TooSoon,
    WrongStatus,
)
from shared.runtime.openapi.glossary import GLOSSARY
from shared.runtime.openapi.headers import common_headers
from shared.runtime.openapi.schemas import Json, name_of, reference

_MOST_SHARED = 2

_DOCTOR = Doctor("strange", "Doctor Strange", ZoneInfo("UTC"), ())
_START = datetime(2030, 1, 7, 9, tzinfo=UTC)
_HALF_HOUR = timedelta(minutes=30)
_ASKED = Interval(_START, _START + _HALF_HOUR)
_DAY = Interval(_START, _START + timedelta(hours=8))
_OPENING = Opening(_DOCTOR, Interval(_ASKED.end, _ASKED.end + _HALF_HOUR))
_SEARCH = OpeningSearch(_DAY, _HALF_HOUR, _START)
_TIME = (_DOCTOR, _ASKED, _SEARCH, (_OPENING,))
_AT_NIGHT = Interval(_START - timedelta(hours=2), _START - timedelta(hours=1.5))
_EARLY = (_DOCTOR, _AT_NIGHT, _SEARCH, (Opening(_DOCTOR, _ASKED),))

_APPOINTMENT_ID = GLOSSARY["appointment_id"].example
_APPOINTMENT = Appointment(
    _APPOINTMENT_ID,
    _DOCTOR.id,
    _ASKED,
    Patient("Ada Lovelace"),
    created_at=_START,
    updated_at=_START,
)
_SKIPPED = Skipped(datetime(2030, 1, 7, 9), _START, SlotTaken.code)  # noqa: DTZ001 - a wall clock

_SAMPLES: dict[str, RequestError | Refusal] = {
    sample.code: sample
    for sample in (
        InvalidRequest(
            [
                FieldError(
                    field="start",
                    message=GLOSSARY["message"].example,
                    type=GLOSSARY["FieldError.type"].example,
                )
            ]
        ),
        UnknownDoctor('there is no doctor "dolittle"; use an id such as "strange", "who"'),
        MethodNotAllowed("PUT", "POST, OPTIONS"),
        BodyTooLarge(LARGEST_BODY),
        AppNotVerified("send one header X-Firebase-AppCheck, with a token of App Check"),
        InThePast(_DOCTOR, _ASKED.end),
        SlotTaken(*_TIME, conflicts=(Conflict(_ASKED),)),
        PatientBusy(_DOCTOR, _ASKED, (Conflict(_ASKED, _APPOINTMENT_ID),)),
        OutsideWorkingHours(*_EARLY, working_windows=(_DAY,)),
        TimeOff(*_TIME, working_windows=(_DAY,)),
        TooSoon(*_TIME, earliest=_ASKED.end),
        TooLate(*_EARLY, latest=_START),
        WrongStatus("fulfilled"),
        AlreadyCancelled(_APPOINTMENT),
        SeriesUnavailable(_DOCTOR, 10, (_SKIPPED,), ((_OPENING,),)),
    )
}


def problem_responses(kinds: Iterable[ProblemKind]) -> Json:
    """Return the responses to problems of these kinds; those that share a status share one.

    Those of a few kinds are references, because many functions have them.
    """
    return {
        status: {"$ref": f"#/components/responses/{_name(kinds)}"}
        if len(kinds) <= _MOST_SHARED
        else _response(kinds)
        for status, kinds in _by_status(kinds).items()
    }


def shared_responses(functions: Iterable[Iterable[ProblemKind]]) -> Json:
    """Return the responses that the problems of these functions refer to, by name."""
    found = {
        _name(kinds): _response(kinds)
        for function in functions
        for kinds in _by_status(function).values()
        if len(kinds) <= _MOST_SHARED
    }
    return dict(sorted(found.items()))


def _by_status(kinds: Iterable[ProblemKind]) -> dict[str, list[ProblemKind]]:
    found: dict[str, list[ProblemKind]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.status):
        found.setdefault(str(kind.status), []).append(kind)
    return found


def _name(kinds: Iterable[ProblemKind]) -> str:
    """Return a name that no other kinds have: several of them may have one code."""
    return "Or".join(kind.__name__ for kind in kinds)


def _response(kinds: Iterable[ProblemKind]) -> Json:
    described = "; ".join(dict.fromkeys(f"`{kind.code}`: {kind.title}" for kind in kinds))
    examples = {kind.__name__: {"summary": kind.code, "value": _example(kind)} for kind in kinds}
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for kind in kinds
        for name, meaning in header_meanings(kind).items()
    }
    content = {"schema": reference(name_of(Problem)), "examples": examples}
    return {
        "description": described,
        "headers": common_headers() | headers,
        "content": {"application/problem+json": content},
    }


def _example(kind: ProblemKind) -> Any:  # noqa: ANN401 - JSON values
    sample = _sample(kind)
    made = refusal_response(sample) if isinstance(sample, Refusal) else error_response(sample)
    made.name(GLOSSARY["instance"].example)
    return json.loads(bytes(made.body))


def _sample(kind: ProblemKind) -> RequestError | Refusal:
    """Return an instance of a kind; most need nothing but their names."""
    if kind is TooManyRequests:
        return TooManyChanges(3600)
    if kind is CallsTooOften:
        return CallsTooOften(1)
    return _SAMPLES[kind.code] if kind.code in _SAMPLES else kind()  # type: ignore[call-arg]

"""What the properties of requests and answers mean, with an example of each, for the document.

A property whose model says what it means keeps those words, and has only its example from here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from shared.queries.openings import NoOpeningReason


class Word(NamedTuple):
    """What a property means, and an example of its value.

    Of a list of objects it may be what differs in them from what most have. `values` are those that
    there are so far, if others may come.
    """

    meaning: str
    example: Any
    values: tuple[str, ...] = ()


_APPOINTMENT = "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4"
_APPOINTMENT_ID = Word("the id of the appointment, which stays when it moves", _APPOINTMENT)
_CANCELLED = {"status": "cancelled", "cancelled_at": "2030-01-04T11:20:00Z", "version": 2}
_PATIENT_ID = "the `sub` of the patient's account; absent for people without one"
_COUNT = "how many appointments were erased"

GLOSSARY: Mapping[str, Word] = {
    "account": Word("what is kept of the account", None),
    "affected_count": Word("how many there are", 1),
    "after": Word("the earliest start", "2030-03-01T00:00:00Z"),
    "allow": Word("the rules that this booking may break", ["outside_working_hours"]),
    "appointment_id": _APPOINTMENT_ID,
    "appointment_ids": Word("the ids of appointments", [_APPOINTMENT]),
    "appointments": Word("the appointments", None),
    "cancellation_reason": Word("why it was cancelled, if somebody said so", "the patient is well"),
    "cancelled": Word("those that are cancelled", _CANCELLED),
    "cancelled_at": Word("when it was cancelled", "2030-01-04T11:20:00Z"),
    "changed_at": Word("when it was changed", ["2030-01-04T11:20:00Z"]),
    "closes": Word("when the work ends", "17:00"),
    "code": Word("which kind of problem it is; codes may be added", "slot_taken"),
    "count": Word("how many openings to find", 3),
    "created_at": Word("when it was made", "2029-12-20T10:15:00Z"),
    "date": Word("the date, on the doctor's clock", "2030-01-07"),
    "days": Word("the days", None),
    "deleted_at": Word("when it was deleted", "2030-01-04T11:20:00Z"),
    "delivered": Word("how many deliveries arrived", 3),
    "description": Word("what patients should know of it", "A look at all that matters"),
    "detail": Word(
        "what is wrong and what to do, in a sentence for people, which may change",
        "Doctor Strange is not free from 2030-01-07T09:00:00Z to 2030-01-07T09:30:00Z; the next "
        "opening of that length starts at 2030-01-07T09:30:00Z",
    ),
    "doctor_id": Word("the id of the doctor", "strange"),
    "doctor_name": Word("the name of the doctor", "Doctor Strange"),
    "doctors": Word("the doctors", None),
    "duration_minutes": Word("how long it takes, in minutes", 30),
    "earliest": Word("the first start that can be booked", "2030-01-07T12:00:00Z"),
    "email": Word("an e-mail address", "ada@example.org"),
    "end": Word("when it ends; this instant is no longer part of it", "2030-01-07T09:30:00Z"),
    "erased_at": Word("when the account was erased", []),
    "erasing": Word("whether it is being erased", example=False),
    "expires_at": Word("when the hold ends", "2030-01-04T11:25:00Z"),
    "failed": Word("how many deliveries failed", 0),
    "field": Word("the field, parameter or header, as `patient.name`", "start"),
    "freed_from": Word("from when on the rest of the time is free", "2030-01-07T09:20:00Z"),
    "hold_id": Word("the id of the hold", "strange.20300107.hold.5b0ddbd6b5e27a1cb2b6e3f4"),
    "id": Word("the id", _APPOINTMENT),
    "instance": Word("the `Request-Id`", "7f3c1a9e5d2b4c608d1e2f3a4b5c6d7e"),
    "kept": Word("those that stay booked", None),
    "latest": Word("the last start that can be booked", "2031-01-07T16:30:00Z"),
    "message": Word("what would be right", "must be a whole minute, without seconds"),
    "name": Word("the name", "Ada Lovelace"),
    "next_page_token": Word("the token of the next page", None),
    "note": Word("a note for the clinic, never shown to patients", "a conference"),
    "openings": Word("times that can be booked", None),
    "opens": Word("when the work begins", "09:00"),
    "other_fields": Word("what a newer version of the service has added", {"room": "4"}),
    "override_id": Word("the id of the override", "strange.override.5b0ddbd6b5e27a1cb2b6e3f4"),
    "page_size": Word("how many to answer at once", 100),
    "overrides": Word("the overrides", None),
    "patient_id": Word("the patient", "me"),
    "path": Word("where it is", "doctor_calendar?token=strange.5f2c8a"),
    "phone": Word("a telephone number, with 5 to 15 digits of any script", "+44 1815 1852"),
    "reason": Word("why the patient comes, or why it is cancelled", "a sore shoulder"),
    "renew": Word("whether to make another link", example=True),
    "retry_after": Word("the seconds until it may be free", 120),
    "rule": Word("how it recurs", "FREQ=WEEKLY;COUNT=10"),
    "searched_from": Word("the begin of the time that was searched", "2030-01-07T09:00:00Z"),
    "searched_until": Word("the end of the time that was searched", "2030-04-07T09:00:00Z"),
    "seconds": Word("how long it is kept", 300),
    "series_id": Word("the id of the series that it belongs to", "strange.series.5f2c"),
    "service_id": Word("the id of the service", "check-up"),
    "services": Word("the services", ["check-up"]),
    "skipped": Word("the occurrences that are not booked, and why", None),
    "start": Word("when it starts", "2030-01-07T09:00:00Z"),
    "starts": Word(
        "when it can start, with the doctor's UTC offset",
        ["2030-01-07T09:00:00Z", "2030-01-07T09:30:00Z"],
    ),
    "status": Word("the HTTP status", 409),
    "time_zone": Word("the IANA name of the doctor's time zone", "UTC"),
    "title": Word("the kind of problem, in words for people", "The time is taken"),
    "token": Word("the secret of the link", "strange.5f2c8a"),
    "told_start": Word("the start as it was told", "2030-01-07T09:00:00"),
    "type": Word("a URI that names the kind of problem", "urn:appointments:problem:slot_taken"),
    "updated_at": Word("when it changed last", "2029-12-20T10:15:00Z"),
    "version": Word("1 at first, and one more with every change", 1),
    "working_hours": Word("when the doctor works", None),
    # Of one object only.
    "Account.id": Word("the `sub` of the account", "7Hq2LkWm9YbXc4Rt"),
    "Appointment.id": _APPOINTMENT_ID,
    "ExportedAppointment.id": _APPOINTMENT_ID,
    "CancelAppointment.reason": Word("why it is cancelled", "the patient is well again"),
    "CancelSeries.reason": Word("why they are cancelled", "the treatment is over"),
    "Conflict.appointment_id": Word(
        "the id of the appointment that is in the way, if it is the caller's own", _APPOINTMENT
    ),
    "Doctor.id": Word("the id of the doctor", "strange"),
    "Doctor.name": Word("the name of the doctor", "Doctor Strange"),
    "ErasedPatient.appointments": Word(_COUNT, 12),
    "FieldError.type": Word(
        "what is wrong, in one stable word; others may be added", "whole_minutes"
    ),
    "KeptAppointment.code": Word("why it stays; codes may be added", "too_late_to_cancel"),
    "NewOverride.end": Word("when it ends", "2030-01-11"),
    "NewOverride.start": Word("when it starts", "2030-01-07"),
    "NewPatient.id": Word(_PATIENT_ID, "7Hq2LkWm9YbXc4Rt"),
    "NewPatient.name": Word(
        "the patient's name, with a character that can be seen", "Ada Lovelace"
    ),
    "OpeningList.reason": Word(
        "why there is no opening; reasons may be added", None, get_args(NoOpeningReason)
    ),
    "Patient.id": Word(_PATIENT_ID, "7Hq2LkWm9YbXc4Rt"),
    "Patient.name": Word("the patient's name", "Ada Lovelace"),
    "Service.id": Word("the id of the service", "check-up"),
    "Service.name": Word("the name of the service", "Check-up"),
    "WeeklyHours.days": Word("on which days", ["mon", "tue", "wed", "thu", "fri"]),
    "ServiceList.services": Word("the services", None),
    "UnavailableOccurrence.start": Word("when it would start", "2030-01-14T09:00:00Z"),
}

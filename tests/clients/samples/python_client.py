"""An app on openapi-python-client: a call returns either what was asked for, or a Problem."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from os import environ
from typing import TypeVar
from uuid import uuid4

from generated import AuthenticatedClient
from generated.api.appointments import (
    cancel_appointment,
    create_appointment,
    get_appointment,
    list_appointments,
    mark_appointment,
    reschedule_appointment,
    update_appointment,
    validate_appointment,
)
from generated.api.holds import hold_time
from generated.api.openings import first_available
from generated.api.overrides import create_override
from generated.api.series import cancel_series, create_series
from generated.models import (
    Appointment,
    AppointmentMark,
    AppointmentPage,
    CancelAppointment,
    CancelSeries,
    IfUnavailable,
    MarkAppointment,
    NewAppointment,
    NewHold,
    NewOverride,
    NewPatient,
    NewSeries,
    OverrideKind,
    Problem,
    RescheduleAppointment,
    TimeRange,
    UpdateAppointment,
)
from generated.types import UNSET, Unset

T = TypeVar("T")

ADA = NewPatient(id="ada", name="Ada Lovelace")
GRACE = NewPatient(name="Grace Hopper")


def minute(time: datetime | Unset | None) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M}" if time else "never"


def hours(windows: list[TimeRange] | Unset) -> str:
    return ",".join(f"{minute(each.start)} to {minute(each.end)}" for each in windows or [])


def told(problem: Problem) -> str:  # noqa: C901, PLR0911 - one case for each code
    """What the app tells people; of codes that it does not know, the sentence that came along."""
    free = minute(problem.openings[0].start) if problem.openings else "never"
    conflict = problem.conflicts[0] if problem.conflicts else None
    match problem.code:
        case "slot_taken" if problem.retry_after:
            return f"slot_taken: held, try again in {problem.retry_after} seconds"
        case "slot_taken" if conflict:
            return f"slot_taken: until {minute(conflict.end)}, free at {free}"
        case "patient_busy" if conflict:
            return f"patient_busy: with an appointment at {minute(conflict.start)}"
        case "outside_working_hours" | "time_off":
            return f"{problem.code}: {hours(problem.working_hours)}, free at {free}"
        case "too_soon":
            return f"too_soon: from {minute(problem.earliest)}, free at {free}"
        case "too_late":
            return f"too_late: until {minute(problem.latest)}, free at {free}"
        case "invalid_request":
            wrong = ",".join(f"{error.field} {error.type_}" for error in problem.errors or [])
            return f"invalid_request: {wrong}"
        case "wrong_status" if problem.appointment_status:
            return f"wrong_status: {problem.appointment_status.value}"
        case "series_unavailable":
            missing = ",".join(
                f"{each.start} {each.code}, free at {minute(each.openings[0].start)}"
                for each in problem.unavailable or []
            )
            return f"series_unavailable: {missing}"
        case "in_the_past" | "already_cancelled" | "version_mismatch":
            return problem.code
        case _:
            return f"{problem.status}: {problem.detail}"


def wish(  # noqa: PLR0913 - the parts of a request that differ
    start: str,
    patient: NewPatient = GRACE,
    *,
    doctor_id: str = "strange",
    duration_minutes: int = 30,
    reason: str | Unset = UNSET,
    hold_id: str | Unset = UNSET,
) -> NewAppointment:
    return NewAppointment(
        doctor_id=doctor_id,
        start=start,
        duration_minutes=duration_minutes,
        patient=patient,
        reason=reason,
        hold_id=hold_id,
    )


def run(base_url: str, headers: Mapping[str, str]) -> list[str]:  # noqa: PLR0915 - one story
    # Of Firebase; a server with AUTH=none does not look at it.
    token = environ.get("ID_TOKEN", "none")
    client = AuthenticatedClient(base_url, token=token, headers=dict(headers))
    lines: list[str] = []

    def show(answer: T | Problem | None, say: Callable[[T], str]) -> T | None:
        if isinstance(answer, Problem):
            lines.append(told(answer))
            return None
        assert answer is not None, "an answer that the document does not know"
        lines.append(say(answer))
        return answer

    def book(body: NewAppointment, key: str | None = None) -> Appointment | None:
        return show(
            create_appointment.sync(client=client, body=body, idempotency_key=key or str(uuid4())),
            lambda booked: f"booked at {minute(booked.start)} for {booked.patient.name}",
        )

    key = str(uuid4())
    booked = book(wish("2030-01-08T09:00:00Z", ADA, reason="a cough"), key)
    again = book(wish("2030-01-08T09:00:00Z", ADA, reason="a cough"), key)
    assert booked
    assert again
    lines.append("it is the same appointment" if again.id == booked.id else "it is another one")
    book(wish("2030-01-08T10:00:00Z"), key)
    book(wish("2030-01-08T09:00:00Z"))
    book(wish("2030-01-08T09:00:00Z", ADA, doctor_id="who"))
    book(wish("2030-01-08T20:00:00Z"))
    book(wish("2030-01-07T09:00:00Z"))
    book(wish("2031-01-07T09:00:00Z"))
    book(wish("2030-01-07T08:00:00Z"))
    book(wish("2030-01-08T09:00:00Z", duration_minutes=0))
    book(wish("2030-01-08T09:00:00Z", doctor_id="dolittle"))

    show(
        validate_appointment.sync(client=client, body=wish("2030-01-08T16:00:00Z")),
        lambda valid: f"could be booked until {minute(valid.end)}",
    )
    morning_off = NewOverride(
        doctor_id="strange",
        kind=OverrideKind.TIME_OFF,
        start="2030-01-09T09:00:00Z",
        end="2030-01-09T12:00:00Z",
    )
    show(
        create_override.sync(client=client, body=morning_off),
        lambda off: f"off until {minute(off.end)}, affects {off.affected_count}",
    )
    book(wish("2030-01-09T09:00:00Z"))

    wanted = NewHold(doctor_id="strange", start="2030-01-08T11:00:00Z", duration_minutes=30)
    hold = show(
        hold_time.sync(client=client, body=wanted),
        lambda held: f"held until {minute(held.expires_at)}",
    )
    assert hold
    book(wish("2030-01-08T11:00:00Z"))
    book(wish("2030-01-08T11:00:00Z", hold_id=hold.hold_id))

    series = NewSeries(
        doctor_id="strange",
        start="2030-01-08T09:00:00Z",
        duration_minutes=30,
        patient=GRACE,
        rule="FREQ=WEEKLY;COUNT=2",
    )
    show(create_series.sync(client=client, body=series), lambda _: "a series")
    series.if_unavailable = IfUnavailable.SKIP
    some = show(
        create_series.sync(client=client, body=series),
        lambda made: f"a series of {len(made.appointments)}, without {len(made.skipped)}",
    )
    assert some
    show(
        cancel_series.sync(client=client, body=CancelSeries(series_id=some.series_id)),
        lambda left: f"cancelled {len(left.cancelled)} of it, kept {len(left.kept)}",
    )

    today = book(wish("2030-01-07T10:00:00Z"))
    assert today
    arrived = MarkAppointment(appointment_id=today.id, status=AppointmentMark.ARRIVED)
    show(
        mark_appointment.sync(client=client, body=arrived),
        lambda marked: f"marked as {marked.status.value}",
    )
    show(
        cancel_appointment.sync(client=client, body=CancelAppointment(today.id)),
        lambda _: "cancelled",
    )

    times: list[str] = []
    page_token: str | Unset = UNSET
    while True:
        page = list_appointments.sync(
            client=client,
            doctor_id=["strange"],
            start="2030-01-08",
            end="2030-01-08",
            page_size=1,
            page_token=page_token,
        )
        assert isinstance(page, AppointmentPage)
        times += [minute(each.start) for each in page.appointments]
        if not page.next_page_token:
            break
        page_token = page.next_page_token
    lines.append(f"listed {','.join(times)}")

    show(
        update_appointment.sync(client=client, body=UpdateAppointment(booked.id, reason=None)),
        lambda changed: f"updated to version {changed.version}, reason: {changed.reason or 'none'}",
    )
    later = RescheduleAppointment("2030-01-10T14:00:00Z", booked.id)
    ids = {True: "with its id", False: "as another one"}
    show(
        reschedule_appointment.sync(client=client, body=later),
        lambda moved: f"moved to {minute(moved.start)}, {ids[moved.id == booked.id]}",
    )
    gone = CancelAppointment(booked.id)
    show(
        cancel_appointment.sync(client=client, body=gone, if_match='"1"'),
        lambda _: "cancelled",
    )
    show(
        cancel_appointment.sync(client=client, body=gone),
        lambda gone: f"{gone.status.value} at {minute(gone.cancelled_at)}",
    )
    show(reschedule_appointment.sync(client=client, body=later), lambda _: "moved")
    show(
        get_appointment.sync(client=client, appointment_id="nobody.20300108.a"),
        lambda _: "found",
    )
    show(
        first_available.sync(client=client, doctor_id=["strange"], duration_minutes=30),
        lambda found: f"the next opening is at {minute(found.openings[0].start)}",
    )
    return lines

"""The stored form of a day, which is one JSON text for each entry, of whereabouts."""

import json
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment, Patient
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.interval import Interval
from shared.model.override import Override, OverrideEntry, OverrideKey
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.appointment_documents import (
    Document,
    appointment_to_text,
    appointments_from_texts,
    day_from_texts,
    entry_to_text,
    pointer_from_document,
    pointer_to_document,
)
from shared.store.doctor_documents import doctor_from_document, doctor_to_document
from shared.store.override_documents import override_from_document, override_to_document
from shared.store.patient_documents import (
    history_changes,
    patient_from_document,
    patient_to_changes,
    rest_to_document,
)
from shared.store.port import PatientWrite, Stored, StoreRefused
from tests.builders import appointment, at, doctor, key, schedule, span

MON = "2026-11-23"
ID = "strange.20261123.a"
BOOKED = appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", ID)
EARLIER = appointment(f"{MON}T08:00Z", f"{MON}T08:30Z", "z")
FULL = BOOKED._replace(
    patient=Patient("Zoë", "zoe@example.org", "+1 555 0100"),
    created_at=at("2026-01-01T00:00:00.000001+00:00"),
    updated_at=at("2026-01-02T00:00Z"),
    reason='a "quoted" reason',
    cancelled_at=at("2026-01-03T00:00Z"),
    cancellation_reason="ill",
    told_start=datetime(2026, 11, 23, 4, 0),  # noqa: DTZ001 - on the doctor's clock
)
ADAS = PatientKey("ada" + 37 * "0")
OF_SERVICE = BOOKED._replace(
    owner=ADAS,
    version=7,
    service_id="x-ray",
    before=timedelta(minutes=5),
    after=timedelta(minutes=10),
    mark="no_show",
    freed_from=at("2026-11-23T09:20Z"),
    series_id="strange.series.b",
)
TAGS = {"id": "strange.20261123.a", "kind": "appointment", "schema": 3}
TIMES = {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T09:30:00Z"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            BOOKED,
            {
                **TAGS,
                **TIMES,
                "patient": {"name": "Ada Lovelace"},
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
            },
        ),
        (
            FULL,
            {
                **TAGS,
                **TIMES,
                "patient": {"name": "Zoë", "email": "zoe@example.org", "phone": "+1 555 0100"},
                "reason": 'a "quoted" reason',
                "created_at": "2026-01-01T00:00:00.000001Z",
                "updated_at": "2026-01-02T00:00:00Z",
                "cancelled_at": "2026-01-03T00:00:00Z",
                "cancellation_reason": "ill",
                "told_start": "2026-11-23T04:00:00",
            },
        ),
        (
            OF_SERVICE,
            {
                **TAGS,
                **TIMES,
                "patient": {"name": "Ada Lovelace"},
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
                "owner": "ada0000000000000000000000000000000000000",
                "version": 7,
                "service_id": "x-ray",
                "buffer_before": 5,
                "buffer_after": 10,
                "mark": "no_show",
                "freed_from": "2026-11-23T09:20:00Z",
                "series_id": "strange.series.b",
            },
        ),
    ],
    ids=["booked", "full", "of-service"],
)
def test_an_entry_is_written_without_what_its_day_tells_and_without_what_it_lacks(
    entry: Appointment, expected: Document
) -> None:
    assert json.loads(appointment_to_text(entry)) == expected


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("of_day", [BOOKED, FULL, OF_SERVICE], ids=["booked", "full", "of-service"])
def test_a_day_is_read_as_it_was_written_in_whatever_order_it_was_kept(
    of_day: Appointment,
    joined: bool,  # noqa: FBT001
) -> None:
    texts = [appointment_to_text(of_day), appointment_to_text(EARLIER)]
    kept = [",".join(texts)] if joined else texts
    assert day_from_texts(key(MON), kept) == schedule(MON, EARLIER, of_day)


@pytest.mark.parametrize("texts", [[], [""]], ids=["no-text", "an-empty-text"])
def test_a_day_without_entries_is_an_empty_day(texts: list[str]) -> None:
    assert day_from_texts(key(MON), texts) == schedule(MON)


@pytest.mark.parametrize(
    "newer",
    [{"room": "7"}, {"patient": {"name": "Ada Lovelace", "language": "en"}}],
    ids=["of-the-entry", "of-the-patient"],
)
def test_fields_of_a_newer_version_are_kept(newer: Document) -> None:
    fields = {**json.loads(appointment_to_text(BOOKED)), **newer}
    (read,) = day_from_texts(key(MON), [json.dumps(fields)]).appointments
    assert json.loads(appointment_to_text(read)) == fields


def test_an_entry_of_a_version_before_is_version_1_of_an_appointment_without_the_rest() -> None:
    text = """{"id":"strange.20261123.a","kind":"appointment","schema":3,
        "start":"2026-11-23T09:00:00Z","end":"2026-11-23T09:30:00Z",
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z",
        "patient":{"name":"Ada Lovelace"}}"""
    (read,) = day_from_texts(key(MON), [text]).appointments
    assert read == BOOKED._replace(updated_at=at("2026-01-02T00:00Z"))
    assert (read.version, read.service_id, read.mark, read.series_id) == (1, None, None, None)
    assert (read.held, read.reach) == (BOOKED.interval, BOOKED.interval)


# Overrides

HOLIDAY = OverrideEntry(
    "strange.override.1", "time_off", span(f"{MON}T12:00Z", "2026-11-30T12:00Z")
)
EVENING = OverrideEntry("strange.override.2", "extra_hours", span(f"{MON}T18:00Z", f"{MON}T20:00Z"))
HOLIDAY_FIELDS = {
    "id": "strange.override.1",
    "kind": "override",
    "schema": 3,
    "type": "time_off",
    "start": "2026-11-23T12:00:00Z",
    "end": "2026-11-30T12:00:00Z",
}


def test_an_override_stands_in_a_day_as_an_entry_of_a_kind_of_its_own() -> None:
    assert json.loads(entry_to_text(HOLIDAY)) == HOLIDAY_FIELDS
    texts = [entry_to_text(entry) for entry in (EVENING, FULL, HOLIDAY, EARLIER)]
    day = schedule(MON, EARLIER, FULL).with_override(HOLIDAY).with_override(EVENING)
    assert day.overrides == (HOLIDAY, EVENING)
    assert day_from_texts(key(MON), texts) == day
    # Nor does it matter that a newer version has written one of them.
    newer = [json.dumps({**json.loads(text), "room": 7}) for text in texts]
    read = day_from_texts(key(MON), newer)
    assert read.overrides == (HOLIDAY, EVENING)
    assert [a.unknown_fields for a in read.appointments] == 2 * [b'{"room":7}']


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": 4}, "strange.override.1 of strange, 2026-11-23 has schema 4"),
        ({"type": "lunch"}, "strange, 2026-11-23 is damaged: Invalid enum value 'lunch'"),
        ({"start": "noon"}, "strange, 2026-11-23 is damaged"),
        ({"kind": "absence"}, 'strange.override.1 of strange, 2026-11-23 is of the kind "absence"'),
    ],
    ids=["schema", "type", "start", "kind"],
)
def test_an_entry_of_an_override_that_is_not_understood_is_refused_loudly(
    fields: Document, said: str
) -> None:
    with pytest.raises(StoreRefused, match=said):
        day_from_texts(key(MON), [json.dumps({**HOLIDAY_FIELDS, **fields})])


def test_an_override_among_the_appointments_of_a_patient_is_refused_loudly() -> None:
    with pytest.raises(StoreRefused, match="an entry of it is no appointment"):
        appointments_from_texts("the patient ada", "", [entry_to_text(HOLIDAY)])


KEY = OverrideKey("strange", "strange.override.1")
OVERRIDE = Override(
    id="strange.override.1",
    doctor_id="strange",
    kind="time_off",
    interval=HOLIDAY.interval,
    created_at=at("2026-01-01T00:00:00.000001+00:00"),
)


@pytest.mark.parametrize(
    ("override", "fields"),
    [
        (OVERRIDE, {"note": None, "deleted_at": None}),
        (
            replace(OVERRIDE, note="a wedding", deleted_at=at("2026-01-02T00:00Z")),
            {"note": "a wedding", "deleted_at": "2026-01-02T00:00:00Z"},
        ),
    ],
    ids=["as-it-was-made", "deleted"],
)
def test_an_override_is_written_without_what_its_name_tells(
    override: Override, fields: Document
) -> None:
    written = {
        "kind": "override",
        "schema": 3,
        "type": "time_off",
        "start": "2026-11-23T12:00:00Z",
        "end": "2026-11-30T12:00:00Z",
        "created_at": "2026-01-01T00:00:00.000001Z",
        **fields,
    }
    assert override_to_document(override) == written
    there = {name: value for name, value in written.items() if value is not None}
    assert override_from_document(KEY, written) == override
    assert override_from_document(KEY, there) == override


def test_a_text_that_is_no_json_is_refused_loudly() -> None:
    with pytest.raises(StoreRefused, match="strange, 2026-11-23 is damaged"):
        day_from_texts(key(MON), ["{"])


@pytest.mark.parametrize(
    ("pointer", "fields"),
    [
        (Pointer(key("2026-11-24", "who")), {"doctor_id": "who", "day": "2026-11-24"}),
        (Pointer(ElsewhereKey("who", ID)), {"doctor_id": "who"}),
        (
            Pointer(key("2026-11-24", "who"), ADAS),
            {"doctor_id": "who", "day": "2026-11-24", "owner": ADAS.digits},
        ),
        (Pointer(ElsewhereKey("who", ID), ADAS), {"doctor_id": "who", "owner": ADAS.digits}),
    ],
    ids=["on-a-day", "ended-with-another-doctor", "on-a-day-owned", "ended-owned"],
)
def test_a_pointer_tells_where_an_appointment_is_that_has_left_the_day_of_its_birth(
    pointer: Pointer, fields: Document
) -> None:
    document = {"kind": "pointer", "schema": 3, **fields}
    assert pointer_to_document(pointer) == document
    assert pointer_from_document(ID, document) == pointer


# Patients

LATER = appointment(f"{MON}T16:00Z", f"{MON}T17:00Z", "later", doctor_id="who")
CHANGED_AT = at("2026-11-20T12:00:00.000001+00:00")


def test_a_patient_is_written_as_what_changes_and_what_is_to_be_removed() -> None:
    before = PatientSchedule(ADAS, (EARLIER, BOOKED, LATER), erasing=True)
    after = PatientSchedule(ADAS, (BOOKED, LATER._replace(reason="pain")), (CHANGED_AT,))
    changes = patient_to_changes(PatientWrite(Stored(before, 7), after))
    later = json.loads(changes["appointments"].pop("later"))
    assert (later["doctor_id"], later["reason"]) == ("who", "pain")
    assert changes == {
        "kind": "patient",
        "schema": 3,
        "appointments": {"z": None},
        "changed_at": ["2026-11-20T12:00:00.000001Z"],
        "erasing": None,
        "erased_at": None,
        "kept_until": None,
    }


def test_what_stays_of_an_erased_patient_is_written_whole_and_nothing_for_nothing() -> None:
    then = at("2026-11-20T11:00Z")
    rest = PatientSchedule(ADAS, (), (then, CHANGED_AT), erased_at=(CHANGED_AT,))
    document = rest_to_document(rest)
    assert document == {
        "kind": "patient",
        "schema": 3,
        "changed_at": ["2026-11-20T11:00:00Z", "2026-11-20T12:00:00.000001Z"],
        "erased_at": ["2026-11-20T12:00:00.000001Z"],
        "kept_until": "2026-11-21T12:00:00.000001Z",
    }
    assert patient_from_document(ADAS, document) == rest
    assert rest_to_document(PatientSchedule(ADAS)) is None


def test_a_patient_is_read_in_order_of_start_whatever_the_order_in_the_document() -> None:
    owned = FULL._replace(owner=ADAS, patient=Patient("Zoë", id="zoe"))
    schedule_ = PatientSchedule(ADAS, (LATER, owned, EARLIER), (CHANGED_AT,), True, (CHANGED_AT,))  # noqa: FBT003
    write = PatientWrite(Stored(PatientSchedule(ADAS), None), schedule_)
    read = patient_from_document(ADAS, patient_to_changes(write))
    assert read == replace(schedule_, appointments=(EARLIER, owned, LATER))


def test_a_document_of_a_patient_may_lack_all_but_its_tags() -> None:
    assert patient_from_document(ADAS, {"kind": "patient", "schema": 3}) == PatientSchedule(ADAS)


def test_what_ends_is_filed_by_the_month_in_utc_in_which_it_started_when_it_was_read() -> None:
    years = [f"{year:04}-12-31T23:59:59.999999+00:00" for year in (1, 2026)]
    old, new = (
        BOOKED._replace(id=start, interval=Interval(at(start), at(start) + timedelta(hours=1)))
        for start in years
    )
    read = Stored(PatientSchedule(ADAS, (old, EARLIER, BOOKED, new)), 7)
    moved = BOOKED._replace(interval=new.interval)
    write = PatientWrite(read, PatientSchedule(ADAS, (moved,)))
    z = EARLIER.interval.start
    months = {
        "0001-12": {old.id: old.interval.start},
        "2026-11": {"z": z},
        "2026-12": {new.id: new.interval.start},
    }
    assert history_changes(write) == months


def test_what_left_as_it_was_last_goes_to_the_history_and_what_is_forgotten_leaves_it() -> None:
    there = PatientSchedule(ADAS, (EARLIER, BOOKED))
    left = [PastAppointment("z", "2027-01", at("2027-01-01T09:00Z"))]
    gone = [PastAppointment(BOOKED.id, "2026-11", None), PastAppointment("old", "2027-01", None)]
    # What came back to the schedule and left it again, in one commit, is there.
    again = PastAppointment("z", "2027-01", None)
    write = PatientWrite(Stored(there, 7), PatientSchedule(ADAS), left, [*gone, again])
    assert history_changes(write) == {
        "2026-11": {BOOKED.id: None},
        "2027-01": {"z": at("2027-01-01T09:00Z"), "old": None},
    }


def test_the_hours_of_a_doctor_are_read_in_whatever_order_they_were_kept() -> None:
    who = doctor((("08:30", "12:00"), ("13:00", "24:00")))
    fields = doctor_to_document(who)
    fields["working_hours"].reverse()
    assert doctor_from_document(fields) == who

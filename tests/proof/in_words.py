"""Calls, the ways they go and what they answer, told to whoever follows a run step by step."""

from collections.abc import Collection, Mapping

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import Pointer, Whereabouts
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import DocumentKey, Keys, State, Stored, Writes
from tests.proof.calls import Call, Option

Key = DocumentKey


def told(option: Option) -> str:
    """A step."""
    how, call = option
    if call is None:
        return {"time": "time passes", "never": "no late commit takes effect any more"}[how]
    if call.verb == "ask":
        return f"{call.arguments[0]}"
    ways = {
        "goes": "",
        "slow": ", and the answer is under way",
        "answers": " is answered",
        "unanswered": " is not answered",
        "lands": ", late, takes effect",
        "contended": " is told of a version conflict",
        "fails": " is refused",
    }
    return f"instance {call.who}: {_described(call)}{ways[how]}"


def _described(call: Call) -> str:
    names = _read(*call.arguments) if call.verb == "load" else _written(*call.arguments)
    return f"{call.verb} #{call.number} of {', '.join(names)}"


def _read(keys: Keys | PatientKey | Collection[DayKey], *_: str) -> list[str]:
    if isinstance(keys, PatientKey):
        return [f"what left patient {keys.digits[:6]}"]
    if not isinstance(keys, Keys):
        return [f"the version of {_name(key)}" for key in sorted(keys)]
    names = [_name(key) for key in sorted(keys.days)] + [key[:6] for key in sorted(keys.records)]
    names += [f"where {key.appointment_id} is" for key in sorted(keys.elsewhere)]
    names += [f"patient {key.digits[:6]}" for key in sorted(keys.patients)]
    names += [f"override {key.override_id}" for key in sorted(keys.overrides)]
    return names + [f"series {name}" for name in sorted(keys.series)]


def _written(writes: Writes) -> list[str]:
    names = [f"{_name(each.day.key)} on v{each.read.version or 0}" for each in writes.days]
    names += [f"record {each.record.key[:6]}" for each in writes.records]
    names += [f"where {each.key.appointment_id} is" for each in writes.elsewhere]
    names += [f"{_name(p.schedule.key)} on v{p.read.version or 0}" for p in writes.patients]
    names += [f"override {o.override.id} on v{o.replaced or 0}" for o in writes.overrides]
    names += [f"series {each.id}" for each in writes.series]
    return names + [f"event {each.record.id}" for each in writes.events]


def shown(result: object) -> str:
    """What came of a call."""
    if isinstance(result, BaseException):
        return f"{type(result).__name__}: {result}"
    if isinstance(result, State):
        days = (_document(key, stored) for key, stored in result.days.items())
        there = (f"{k.appointment_id} {_where(s.value)}" for k, s in result.elsewhere.items())
        known = (_document(key, stored) for key, stored in result.patients.items())
        named = (f"override {k.override_id} v{s.version or 0}" for k, s in result.overrides.items())
        records = (f"record {key[:6]}" for key in result.records)
        series = (
            f"series {name} is {'' if it else 'not '}there" for name, it in result.series.items()
        )
        return "; ".join([*days, *records, *there, *known, *named, *series])
    if isinstance(result, Mapping):
        return "committed, " + ", ".join(f"{_name(key)} v{v}" for key, v in result.items())
    return f"{result}"


def _name(key: Key) -> str:
    if isinstance(key, str):
        return f"event {key}"
    if isinstance(key, PatientKey):
        return f"patient {key.digits[:6]}"
    return f"{key.doctor_id} {key.day}"


def _document(key: Key, stored: Stored[DaySchedule] | Stored[PatientSchedule]) -> str:
    entries = [f"{a.id} {_times(a)}" for a in stored.value.appointments]
    if isinstance(stored.value, DaySchedule):
        entries += [f"{hold.id} until {hold.ends_at:%H:%M:%S}" for hold in stored.value.holds]
    return f"{_name(key)} v{stored.version or 0} [{', '.join(entries)}]"


def _where(whereabouts: Whereabouts | None) -> str:
    match whereabouts:
        case None:
            return "is not here"
        case Appointment():
            return _times(whereabouts)
        case Pointer(DayKey() as day):
            return f"is on {_name(day)}"
    return f"ended with {whereabouts.to.doctor_id}"


def _times(appointment: Appointment) -> str:
    interval, end = appointment.interval, " cancelled" if appointment.cancelled_at else ""
    return f"{interval.start:%H:%M}-{interval.end:%H:%M}{end}"

"""Calls, the ways they go and what they answer, told to whoever follows a run step by step."""

from collections.abc import Mapping

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import Pointer, Whereabouts
from shared.store.port import State
from tests.proof.calls import Call, Option


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
    first, second, third = call.arguments
    if call.verb == "load":
        names = [_name(key) for key in sorted(first)] + [key[:6] for key in sorted(second)]
        names += [f"where {key.appointment_id} is" for key in sorted(third)]
    else:
        names = [f"{_name(write.day.key)} on v{write.read.version or 0}" for write in first]
        names += [f"record {write.record.key[:6]}" for write in second]
        names += [f"where {write.key.appointment_id} is" for write in third]
    return f"{call.verb} #{call.number} of {', '.join(names)}"


def shown(result: object) -> str:
    """What came of a call."""
    if isinstance(result, BaseException):
        return f"{type(result).__name__}: {result}"
    if isinstance(result, State):
        days = (f"{_name(k)} v{s.version or 0} {_entries(s.value)}" for k, s in result.days.items())
        there = (f"{k.appointment_id} {_where(s.value)}" for k, s in result.elsewhere.items())
        return "; ".join([*days, *(f"record {key[:6]}" for key in result.records), *there])
    if isinstance(result, Mapping):
        return "committed, " + ", ".join(f"{_name(key)} v{v}" for key, v in result.items())
    return f"{result}"


def _name(key: DayKey) -> str:
    return f"{key.doctor_id} {key.day}"


def _entries(day: DaySchedule) -> str:
    return f"[{', '.join(f'{a.id} {_times(a)}' for a in day.appointments)}]"


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

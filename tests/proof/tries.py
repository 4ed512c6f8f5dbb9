"""What clients tried and were told, retold as a history for the checker."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from shared.rules.conflicts import Conflict
from shared.rules.outcomes import (
    Accepted,
    BookedSeries,
    CancelledSeries,
    Held,
    Outcome,
    Released,
    Replayed,
    Unchanged,
)
from shared.rules.refusals import (
    AlreadyCancelled,
    KeyReused,
    PatientBusy,
    SeriesUnavailable,
    SlotTaken,
    TooEarly,
    TooManyRequests,
    UnknownAppointment,
    UnknownHold,
    VersionMismatch,
    WrongStatus,
)
from tests.proof.history import (
    Answer,
    Book,
    Booked,
    BookSeries,
    Busy,
    Call,
    Cancel,
    CancelSeries,
    Done,
    Get,
    Granted,
    HoldTime,
    Part,
    Refused,
    Release,
    Taken,
    Unavailable,
)
from tests.proof.promises import Broken
from tests.proof.world import MINUTES, Asked, Request, asks_for, granted, kept


@dataclass(slots=True)
class Try:
    """A request that was made; the steps at which it was asked and answered."""

    request: Request
    began: float = inf
    ended: float | None = None
    answer: Outcome | None = None


def history_of(tries: Sequence[Try], there: Collection[str]) -> tuple[list[Call], dict[str, str]]:
    """The operations, of which the tries with one key are one; and by which name each goes.

    `there` are those that there are in the end.
    """
    calls: list[Call] = []
    names = _names(tries, there)
    operations: dict[object, list[Try]] = {}
    for one in tries:
        asked = _renamed(one.request.asked, names)
        if isinstance(asked, Cancel | CancelSeries | Release):
            calls.extend(_of_an_end(one, asked, names))
            continue
        if isinstance(one.answer, KeyReused):
            _check_reuse(one, tries)
        elif refusal := _refusal(one.answer, names):
            if isinstance(asked, HoldTime):
                asked = replace(asked, refused=True)
            calls.append(Call(one.began, asked, one.ended, refusal))
        else:
            operations.setdefault(_operation(one), []).append(one)
    for group in operations.values():
        calls.extend(_of_an_operation(_by_effect(group, there), names))
    granted = [group for group in operations.values() if any(one.answer for one in group)]
    used = [_used(group[0]) for group in granted if group[0].request.key]
    if len(used) != len({*used}):
        raise Broken(f"a key was granted for two operations: {used}")
    return calls, names


def _renamed(asked: Asked, names: Mapping[str, str]) -> Asked:
    """The same, in which what is to be made goes by the name of what is there."""
    match asked:
        case Book(name) | HoldTime(name):
            return replace(asked, name=names[name])
        case BookSeries(several):
            return replace(asked, names=tuple(names[name] for name in several))
    return asked


def _told(answer: Outcome | None, names: Mapping[str, str]) -> Answer | None:
    """What an answer says of the request itself, whatever has changed since."""
    match answer:
        case Held(hold):
            return kept(hold, stands=True)
        case BookedSeries(series):
            ids = tuple(names.get(name, name) for name in series.appointment_ids)
            return Booked(ids, tuple((_minute(each.start), each.code) for each in series.skipped))
    return None


def _shown(answer: Outcome | None, names: Mapping[str, str]) -> dict[str, Granted]:
    """The appointments that an answer shows as they are by now."""
    match answer:
        case Accepted(appointment) | Replayed(appointment) | Unchanged(appointment):
            return {names.get(appointment.id, appointment.id): granted(appointment)}
        case BookedSeries(appointments=appointments):
            return {names.get(a.id, a.id): granted(a) for a in appointments}
    return {}


def _fresh(asked: Asked, name: str) -> Granted | None:
    """How an appointment is right after it was booked."""
    match asked:
        case Book(_, slot, owner):
            return Granted(slot, owner=owner)
        case BookSeries(several, slots, owner):
            return Granted(slots[several.index(name)], owner=owner)
    return None


def _minute(instant: datetime | None) -> int:
    assert instant, "no change of the clocks is simulated"
    return MINUTES[instant]


def _operation(one: Try) -> object:
    """What is the same for all tries of one operation."""
    return (_used(one), asks_for(one.request.asked)) if one.request.key else id(one)


def _used(one: Try) -> tuple[str | None, str | None]:
    """The key, and whose it is: the same key of two callers is two keys."""
    return one.request.key, one.request.asked.by


def _names(tries: Sequence[Try], there: Collection[str]) -> dict[str, str]:
    """By which name bookings and holds go: that which is there, or else that of the first try."""
    groups: dict[object, list[str]] = {}
    for one in tries:
        match one.request.asked:
            case Book(made) | HoldTime(made):
                groups.setdefault(_operation(one), []).append(made)
            case BookSeries(several):
                for number, made in enumerate(several):
                    groups.setdefault((_operation(one), number), []).append(made)
    return {
        name: next((each for each in group if each in there), group[0])
        for group in groups.values()
        for name in group
    }


def _by_effect(tries: Sequence[Try], there: Collection[str]) -> list[Try]:
    """The same tries, first the one that made what is there: what it saw of the clock counts."""
    return sorted(
        tries, key=lambda one: not any(name in there for name in _made_by(one.request.asked))
    )


def _made_by(asked: Asked) -> tuple[str, ...]:
    match asked:
        case Book(name) | HoldTime(name):
            return (name,)
        case BookSeries(several):
            return several
    return ()


def _of_an_operation(tries: Sequence[Try], names: Mapping[str, str]) -> Iterator[Call]:
    """Tries that were granted or not answered: together they took effect once, or never."""
    asked = _renamed(tries[0].request.asked, names)
    answered = [one for one in tries if one.ended is not None]
    replayed = [_is_a_replay(one.answer) for one in answered]
    unchanged = [isinstance(one.answer, Unchanged) for one in answered]
    if len(replayed) - sum(replayed) - sum(unchanged) > 1 or (any(replayed) and len(tries) == 1):
        raise Broken(f"one operation was answered {answered}: who has done it?")
    plain = len(tries) == len(answered) == 1 and not any(unchanged)
    began = min(one.began for one in tries)
    ended = min((one.ended for one in answered if one.ended is not None), default=None)
    answer: Answer | None = None if ended is None else Done()
    for one in answered:
        told = _told(one.answer, names)
        if told is not None and answer not in (Done(), told):
            raise Broken(f"one operation was answered {answer}, and {told}")
        answer = told or answer
        for name, shown in _shown(one.answer, names).items():
            if not plain or shown != _fresh(asked, name):
                yield Call(one.began, Get(name), one.ended, shown)
            elif isinstance(asked, Book):
                answer = shown
    yield Call(began, asked, ended, answer)


def _is_a_replay(answer: Outcome | None) -> bool:
    """Whether not the request itself has taken effect, but another with its key."""
    replayed = isinstance(answer, Held | BookedSeries) and answer.replayed
    return replayed or isinstance(answer, Replayed)


def _of_an_end(one: Try, asked: Asked, names: Mapping[str, str]) -> Iterator[Call]:
    """Of what is the same if it is done again: to cancel, or to give a hold up.

    What a series has come to is read again if an attempt was not answered: then others may have
    cancelled more of it meanwhile.
    """
    answer: Answer | None
    match one.answer:
        case Accepted(appointment) | AlreadyCancelled(appointment):
            answer = granted(appointment)
        case Released() | UnknownHold():
            answer = Done()
        case CancelledSeries(cancelled):
            answer = Done()
            for a in cancelled:
                yield Call(one.began, Get(names.get(a.id, a.id)), one.ended, granted(a))
        case _:
            answer = _refusal(one.answer, names)
    yield Call(one.began, asked, one.ended, answer)


def _refusal(answer: Outcome | None, names: Mapping[str, str]) -> Answer | None:
    match answer:
        case None | Accepted() | Replayed() | Unchanged() | KeyReused() | Held() | BookedSeries():
            return None
        case UnknownHold():
            return Refused(answer.code)
        case SeriesUnavailable(unavailable=unavailable):
            starts = (each.start for each in unavailable)
            codes = (each.code for each in unavailable)
            return Unavailable(tuple(zip(map(_minute, starts), codes, strict=True)))
        case AlreadyCancelled() | UnknownAppointment() | TooManyRequests():
            return Refused(answer.code)
        case VersionMismatch() | WrongStatus() | TooEarly():
            return Refused(answer.code)
        case PatientBusy(conflicts=conflicts):
            return Busy(_parts(conflicts, names))
        case SlotTaken(conflicts=conflicts, openings=openings, search=search):
            for opening in openings:
                taken = [*search.patient_busy, *(conflict.interval for conflict in conflicts)]
                if any(opening.interval.overlaps(interval) for interval in taken):
                    raise Broken(f"{opening} is offered, and taken")
            return Taken(_parts(conflicts, names), answer.retry_after)
    raise Broken(f"answered {answer}")


def _parts(conflicts: Sequence[Conflict], names: Mapping[str, str]) -> tuple[Part, ...]:
    parts = list[Part]()
    for interval, name in ((each.interval, each.appointment_id) for each in conflicts):
        times = MINUTES[interval.start], MINUTES[interval.end]
        parts.append((*times, names.get(name, name)) if name else times)
    return tuple(parts)


def _check_reuse(one: Try, tries: Sequence[Try]) -> None:
    """Another request with the key must have been granted, or may have been, before the answer."""
    assert one.ended is not None
    if not any(
        _used(other) == _used(one)
        and other.began < one.ended
        and asks_for(other.request.asked) != asks_for(one.request.asked)
        and not (isinstance(other.answer, KeyReused) or _refusal(other.answer, {}))
        for other in tries
    ):
        raise Broken("the key was not used for anything else")

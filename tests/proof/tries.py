"""What clients tried and were told, retold as a history for the checker."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from shared.rules.conflicts import Conflict
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    KeyReused,
    Outcome,
    PatientBusy,
    Replayed,
    SlotTaken,
    TooEarly,
    TooManyRequests,
    Unchanged,
    UnknownAppointment,
    VersionMismatch,
    WrongStatus,
)
from tests.proof.history import (
    Answer,
    Book,
    Busy,
    Call,
    Cancel,
    Done,
    Get,
    Granted,
    Part,
    Refused,
    Taken,
)
from tests.proof.promises import Broken
from tests.proof.world import MINUTES, Request, asks_for, granted


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
        asked = one.request.asked
        if isinstance(asked, Cancel):
            calls.append(Call(one.began, asked, one.ended, _of_a_cancel(one.answer, names)))
            continue
        if isinstance(asked, Book):
            asked = replace(asked, name=names[asked.name])
        if isinstance(one.answer, KeyReused):
            _check_reuse(one, tries)
        elif refusal := _refusal(one.answer, names):
            calls.append(Call(one.began, asked, one.ended, refusal))
        else:
            operations.setdefault(_operation(one), []).append(one)
    for group in operations.values():
        calls.extend(_of_an_operation(group, names))
    granted = [group for group in operations.values() if any(one.answer for one in group)]
    used = [_used(group[0]) for group in granted if group[0].request.key]
    if len(used) != len({*used}):
        raise Broken(f"a key was granted for two operations: {used}")
    return calls, names


def _operation(one: Try) -> object:
    """What is the same for all tries of one operation."""
    return (_used(one), asks_for(one.request.asked)) if one.request.key else id(one)


def _used(one: Try) -> tuple[str | None, str | None]:
    """The key, and whose it is: the same key of two callers is two keys."""
    return one.request.key, one.request.asked.by


def _names(tries: Sequence[Try], there: Collection[str]) -> dict[str, str]:
    """By which name the bookings go: that which is there, or else that of the first try."""
    groups: dict[object, list[str]] = {}
    for one in tries:
        if isinstance(one.request.asked, Book):
            groups.setdefault(_operation(one), []).append(one.request.asked.name)
    return {
        name: next((each for each in group if each in there), group[0])
        for group in groups.values()
        for name in group
    }


def _of_an_operation(tries: Sequence[Try], names: Mapping[str, str]) -> Iterator[Call]:
    """Tries that were granted or not answered: together they took effect once, or never."""
    asked = tries[0].request.asked
    assert not isinstance(asked, Cancel)
    if isinstance(asked, Book):
        asked = replace(asked, name=names[asked.name])
    answered = [one for one in tries if one.ended is not None]
    plain = len(answered) == len(tries) == 1 and isinstance(tries[0].answer, Accepted)
    kinds = [type(one.answer) for one in answered]
    if kinds.count(Accepted) > 1 or (Replayed in kinds and len(tries) == 1):
        raise Broken(f"one operation was answered {kinds}: who has done it?")
    began = min(one.began for one in tries)
    ended = min((one.ended for one in answered if one.ended is not None), default=None)
    answer: Answer | None = None if ended is None else Done()
    for one in answered:
        assert isinstance(one.answer, Accepted | Replayed | Unchanged)
        shown = granted(one.answer.appointment)
        if plain and isinstance(asked, Book) and shown == Granted(asked.slot, owner=asked.owner):
            answer = shown
        else:
            yield Call(one.began, Get(asked.name), one.ended, shown)
    yield Call(began, asked, ended, answer)


def _of_a_cancel(answer: Outcome | None, names: Mapping[str, str]) -> Answer | None:
    if isinstance(answer, Accepted | AlreadyCancelled):
        return granted(answer.appointment)
    return _refusal(answer, names)


def _refusal(answer: Outcome | None, names: Mapping[str, str]) -> Answer | None:
    match answer:
        case None | Accepted() | Replayed() | Unchanged() | KeyReused():
            return None
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
            return Taken(_parts(conflicts, names))
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

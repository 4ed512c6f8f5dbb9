"""Appointments found by their ids."""

from collections.abc import Mapping, Sequence

from shared.access.caller import ANYBODY, Caller
from shared.access.permissions import may_see, may_see_pointed
from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.store.port import Keys, Snapshot, State, Store, StoreUnavailable

MOST_AT_ONCE = 20  # Each may need a whole doctor-day, and all of them are in memory together.


class Contradiction(StoreUnavailable):
    """Documents of one view contradict each other; another attempt may help."""


async def look_up(store: Store, appointment_id: str, caller: Caller) -> Appointment | None:
    """Find an appointment by id, on a view of now; None if the caller may not see it.

    Looks again if the documents contradict each other, as `find_appointments` says. Raises
    StoreUnavailable if they still do.
    """
    return (await look_up_all(store, [appointment_id], caller)).get(appointment_id)


async def look_up_all(
    store: Store, appointment_ids: Sequence[str], caller: Caller = ANYBODY
) -> Mapping[str, Appointment]:
    """Find appointments by their ids as `look_up` does, some at a time, each on a view of now."""
    found: dict[str, Appointment] = {}
    for begin in range(0, len(appointment_ids), MOST_AT_ONCE):
        some = appointment_ids[begin : begin + MOST_AT_ONCE]
        try:
            found |= await _look_up_once(store, some, caller)
        except Contradiction:
            found |= await _look_up_once(store, some, caller)
    return found


async def _look_up_once(
    store: Store, appointment_ids: Sequence[str], caller: Caller
) -> Mapping[str, Appointment]:
    async with store.snapshot() as snapshot:
        return await find_appointments(snapshot, appointment_ids, caller)


async def find_appointment(
    snapshot: Snapshot, appointment_id: str, caller: Caller
) -> Appointment | None:
    """Find one appointment, as `find_appointments` does."""
    return (await find_appointments(snapshot, [appointment_id], caller)).get(appointment_id)


async def find_appointments(
    snapshot: Snapshot, appointment_ids: Sequence[str], caller: Caller
) -> Mapping[str, Appointment]:
    """Find appointments by id: one call, or two if any of them has left the day of its birth.

    One that the caller may not see is not found, in as many reads as one that does not exist.
    Raises Contradiction if the documents contradict each other: the store showed half of a commit,
    as Firestore's emulator sometimes does.
    """
    homes = {name: home for name in appointment_ids if (home := home_day(name))}
    if not homes:
        return {}
    births = [_birth(name, home) for name, home in homes.items()]
    state = await snapshot.load(Keys(days=set(homes.values()), elsewhere=births))
    found: dict[str, Appointment] = {}
    pointers: dict[str, Pointer] = {}
    for name, home in homes.items():
        match _visible(state, name, home, caller):
            case Appointment() as appointment:
                found[name] = appointment
            case Pointer() as pointer:
                pointers[name] = pointer
    return {**found, **await _followed(snapshot, pointers)} if pointers else found


def _visible(state: State, name: str, home: DayKey, caller: Caller) -> Whereabouts | None:
    """Return an appointment, or where it is; None if there is none that the caller may see."""
    appointment = state.days[home].value.find(name)
    if appointment and may_see(caller, appointment):
        return appointment
    where = state.elsewhere[_birth(name, home)].value
    if isinstance(where, Pointer):
        return where if may_see_pointed(caller, where) else None
    return where if where and may_see(caller, where) else None


async def _followed(
    snapshot: Snapshot, pointers: Mapping[str, Pointer]
) -> Mapping[str, Appointment]:
    days = {to for pointer in pointers.values() if isinstance(to := pointer.to, DayKey)}
    keys = [to for pointer in pointers.values() if isinstance(to := pointer.to, ElsewhereKey)]
    state = await snapshot.load(Keys(days=days, elsewhere=keys))
    return {name: _there(state, name, pointer) for name, pointer in pointers.items()}


def _there(state: State, name: str, pointer: Pointer) -> Appointment:
    where: Whereabouts | None
    if isinstance(to := pointer.to, DayKey):
        where = state.days[to].value.find(name)
    else:
        where = state.elsewhere[to].value
    if isinstance(where, Appointment):
        return where
    raise Contradiction(f"{name} has left the day of its birth, and is nowhere else")


def _birth(appointment_id: str, home: DayKey) -> ElsewhereKey:
    return ElsewhereKey(home.doctor_id, appointment_id)

"""What the local server says at its start."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlencode, urlsplit

from shared.directory.doctor_changes import as_stored
from shared.http.dependencies import Dependencies
from shared.http.searches import Search
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.model.service import Service
from shared.model.time_zones import MINUTE
from shared.queries.openings import first_openings
from shared.rules.availability import SEARCHED
from shared.runtime.composition import clinic_file
from shared.runtime.endpoints import endpoints
from shared.settings import AuthSettings, NotificationSettings

DAY_OFF_IN = timedelta(days=28)
"""How long after the first free day the doctor takes one off, out of the way of all else."""

_ID = "$ID"
_SIGNED_IN = ' -H "Authorization: Bearer $TOKEN"'


async def greeting(dependencies: Dependencies) -> str:
    """Return what the server says at its start: addresses, and commands to paste that work now."""
    url = f"http://localhost:{dependencies.settings.port}"
    auth = dependencies.settings.auth
    lines = [f"{url}/{name}" for name in endpoints()]
    lines += [f"{url}/docs  (read about every function and try it)"]
    lines += ["", f"Book at {url} and see the day at {url}/desk"]
    lines += ["", *_who_may_call(auth), _who_is_told(dependencies.settings.notifications)]
    search = await _search(dependencies)
    if openings := await _free_tomorrow(dependencies, search):
        commands = _commands(url, auth, search.service, *openings)
        lines += ["", _try(auth), *_signing_up(auth), *commands]
    if await _differs(dependencies):
        file = dependencies.settings.doctors_file
        lines += ["", f"The store differs from {file}: `make doctors` loads it."]
    if dependencies.settings.auth is None:
        lines += ["", "Everybody who can connect may do everything: AUTH is none."]
    return "\n".join([*lines, "", f"Appointments are kept in {dependencies.settings.store}."])


async def _differs(dependencies: Dependencies) -> bool:
    """Whether the clinic file says something else than the store."""
    file = clinic_file(dependencies.settings)
    stored = await dependencies.doctor_cache.find([doctor.id for doctor in file.doctors])
    if list(stored.values()) != as_stored(file.doctors, stored):
        return True
    return await dependencies.store.clinic() != file.clinic


async def _search(dependencies: Dependencies) -> Search:
    """Return what to look for: half an hour, or a service where there must be one."""
    clinic = await dependencies.clinic_cache.clinic()
    service = next(iter(clinic.services.values()), None) if clinic.policy.service_required else None
    doctors = await dependencies.doctor_cache.offering(service.id if service else None)
    longest = clinic.policy_of(service.id if service else None).longest
    length = (service and service.length) or min(30 * MINUTE, longest)
    return Search(doctors, clinic, service, length, dependencies.now())


async def _free_tomorrow(dependencies: Dependencies, search: Search) -> Sequence[Opening]:
    """Return two free times of one doctor from tomorrow on, or nothing."""
    tomorrow = search.earliest(search.now + timedelta(days=1))
    until = min(tomorrow + SEARCHED, search.latest_end)
    if until <= tomorrow:
        return []
    wanted = search.within(Interval(tomorrow, until), 30)
    async with dependencies.store.snapshot() as snapshot:
        first = await first_openings(snapshot, search.doctors, wanted, count=1)
        for opening in first.openings:
            found = await first_openings(snapshot, [opening.doctor], wanted, count=2)
            if len(found.openings) == 2:  # noqa: PLR2004 - one to book, one to move to
                return found.openings
    return []


def _who_may_call(auth: AuthSettings | None) -> Iterator[str]:
    """Yield the line that says whose tokens count; without any, the last line says so."""
    if auth:
        signed = ", unsigned by the emulator," if auth.unsigned else ""
        yield f"Callers are known by their tokens{signed} of {auth.issuer}."


def _who_is_told(told: NotificationSettings) -> str:
    """Return the line that says who is told of events, without what may be secret."""
    sinks = [f"a webhook at {urlsplit(url).netloc}" for url in _hooks(told)]
    if told.mail:
        sinks.append("patients by mail")
    if told.pubsub:
        sinks.append(f"the topic {told.pubsub.name}")
    return f"Told of events: {', '.join(sinks) or 'nobody (docs/notifications.md)'}."


def _hooks(told: NotificationSettings) -> tuple[str, ...]:
    return told.webhooks.urls if told.webhooks else ()


def _try(auth: AuthSettings | None) -> str:
    if auth is None or auth.unsigned:
        return "Try, in another terminal:"
    return "Try, in another terminal, with a user's token in TOKEN (docs/authentication.md):"


def _signing_up(auth: AuthSettings | None) -> Iterator[str]:
    """Yield a command that signs a new user up with the emulator, and keeps the token."""
    if auth and auth.unsigned:
        url = f"http://{auth.emulator}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=local"
        body = """'{"email": "ada-'$RANDOM'@clinic.example", "password": "secret"}'"""
        keep = """sed -n 's/.*"idToken": *"\\([^"]*\\)".*/\\1/p'"""
        yield f"TOKEN=$(curl -s '{url}' -H 'Content-Type: application/json' -d {body} | {keep})"


def _commands(
    url: str,
    auth: AuthSettings | None,
    service: Service | None,
    opening: Opening,
    another: Opening,
) -> Iterator[str]:
    """Yield commands to book the one opening, look around, move to the other one, and cancel.

    Where everybody may do everything, the doctor takes a day off at the end.
    """
    zone = opening.doctor.zone
    start = opening.interval.start.astimezone(zone)
    day = datetime.combine(start, time(), zone)
    what = _what(service, opening)
    booked = {"doctor_id": opening.doctor.id, "start": start.isoformat(), **what}
    body = {**booked, "patient": {"name": "Ada Lovelace"}}
    token = "" if auth is None else _SIGNED_IN
    # Shows the response and keeps the id in it for the commands that follow.
    keep_id = """ID=$(curl -s %s | tee /dev/stderr | sed -n 's/.*"id":"\\([^"]*\\)".*/\\1/p')"""
    yield keep_id % _post(f"{url}/create_appointment", body, token)
    window = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}
    whose = {"patient_id": "me"} if auth else {"doctor_id": "*"}
    query = urlencode(whose | window, safe=":*")
    yield f"curl '{url}/list_appointments?{query}'{token}"
    of_service = f"&{urlencode(what)}" if service else ""
    yield f"curl '{url}/first_available?doctor_id={opening.doctor.id}{of_service}'"
    yield f'curl "{url}/get_appointment?appointment_id={_ID}"{token}'
    later = another.interval.start.astimezone(another.doctor.zone).isoformat()
    move = {"appointment_id": _ID, "doctor_id": another.doctor.id, "start": later}
    yield f"curl {_post(f'{url}/reschedule_appointment', move, token)}"
    yield f"curl {_post(f'{url}/cancel_appointment', {'appointment_id': _ID}, token)}"
    if auth is None:
        date = (day + DAY_OFF_IN).date().isoformat()
        off = {"doctor_id": opening.doctor.id, "kind": "time_off", "start": date, "end": date}
        yield f"curl {_post(f'{url}/create_override', off, token)}"


def _what(service: Service | None, opening: Opening) -> dict[str, str | int]:
    """Return what a request says of the kind and the length of an appointment."""
    length = {"duration_minutes": opening.interval.length // MINUTE}
    if service is None:
        return {**length}
    return {"service_id": service.id, **({} if service.length else length)}


def _post(url: str, body: object, token: str) -> str:
    data = json.dumps(body).replace(_ID, "'$ID'")  # The shell inserts it between the quotes.
    return f"{url}{token} -H 'Content-Type: application/json' -d '{data}'"

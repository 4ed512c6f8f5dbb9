"""From a request about an appointment to what became of it: moving, cancelling and the like."""

import secrets
from collections.abc import Callable, Collection
from typing import Any

from shared.http.call import Call
from shared.model.appointment_id import home_day
from shared.model.documents import Documents
from shared.rules.existing_appointment import Doctors, Sought
from shared.rules.outcomes import Decision, Outcome
from shared.rules.refusals import UnknownAppointment
from shared.transactions.command import Command, accounts
from shared.transactions.idempotency_keys import Idempotency
from shared.transactions.known_doctors import run_with_doctors

Decide = Callable[[Documents], Decision]


def this_attempt(call: Call[Any], subject: str) -> Idempotency:
    """Return what tells attempts at this very request apart from all other requests.

    `subject` is the id of what it changes.
    """
    return Idempotency.of(secrets.token_hex(16), [subject], call.caller)


async def change(
    call: Call[Any],
    decide: Callable[[Sought], Decide],
    doctor_ids: Collection[str] = (),
    idempotency: Idempotency | None = None,
) -> Outcome:
    """Decide and commit a change of the appointment that a request names by `appointment_id`.

    `decide` makes the decision from what is sought; `doctor_ids` are further doctors that it needs
    to know. `idempotency` is what tells an attempt whose answer was lost that it was committed.
    Without it the decision has to: by the state that the appointment is in. That is enough for
    what nobody can change any more, and not where the request is about a version, which its own
    commit makes an older one.
    """
    dependencies, appointment_id = call.dependencies, call.asked.appointment_id
    home = home_day(appointment_id)
    if home is None:
        return UnknownAppointment()
    clinic = await dependencies.clinic_cache.clinic()
    if idempotency is None and call.versions is not None:
        idempotency = this_attempt(call, appointment_id)

    def command(doctors: Doctors) -> Command:
        about = call.caller, clinic, call.versions, call.arrived_at
        sought = Sought(appointment_id, home, doctors, *about)
        return _command(call, sought, decide(sought), idempotency)

    return await run_with_doctors(
        dependencies.transactions,
        dependencies.doctor_cache,
        {home.doctor_id, *doctor_ids},
        command,
    )


def _command(
    call: Call[Any], sought: Sought, decide: Decide, idempotency: Idempotency | None
) -> Command:
    return Command(
        days=frozenset({sought.home}),
        decide=decide,
        now=call.arrived_at,
        subject=sought.appointment_id,
        births=frozenset({sought.birth}),
        caller=call.caller,
        patients=accounts(call.caller.patient),
        idempotency=idempotency,
    )

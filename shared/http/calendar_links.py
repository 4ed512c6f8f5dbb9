"""The secret links to doctors' calendars.

A token is the doctor's id, a dot and a secret, which the store keeps as it is: whoever can read the
store can read the appointments, too. So a link can be shown again, one read tells whether a token
counts, and a new secret ends the old link at once. Nothing of it is ever logged.
"""

import hmac
import secrets

from shared.directory.ids import may_be_a_doctors
from shared.store.port import Store

_NOBODY = "-"
"""No doctor can have this id; the store is asked about it all the same."""


async def make_link(store: Store, doctor_id: str, *, renew: bool) -> tuple[str, bool]:
    """Return the token of a doctor's link, and whether it is a new one.

    A link that is there stays, unless `renew`.
    """
    before = await store.calendar_link(doctor_id)
    if before is not None and not renew:
        return _token(doctor_id, before), False
    proposed = secrets.token_urlsafe(32)
    kept = await store.replace_calendar_link(doctor_id, before, proposed)
    return _token(doctor_id, kept), kept == proposed


async def doctor_of_link(store: Store, token: str) -> str | None:
    """Return the id of the doctor whose calendar a token opens; None if it opens none.

    Costs one read and the same time, whatever is wrong with a token.
    """
    named, _, secret = token.rpartition(".")
    doctor_id = named if may_be_a_doctors(named) else _NOBODY
    kept = await store.calendar_link(doctor_id)
    # Without a link, too, something is compared that nobody can know.
    right = hmac.compare_digest((kept or secrets.token_urlsafe(32)).encode(), secret.encode())
    return doctor_id if kept and right else None


def _token(doctor_id: str, secret: str) -> str:
    return f"{doctor_id}.{secret}"

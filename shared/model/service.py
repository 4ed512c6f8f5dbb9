"""Services: the kinds of appointments that a clinic offers."""

from datetime import timedelta

from msgspec import Struct

from shared.model.policy import POLICY, Policy

NO_TIME = timedelta()


class Service(Struct, frozen=True):
    """A kind of appointment.

    `length` is None where an appointment of it may have any. Before and after it the doctor needs
    `before` and `after` to themselves. `policy` is the clinic's with what differs for this service.
    """

    id: str
    name: str
    length: timedelta | None = None
    before: timedelta = NO_TIME
    after: timedelta = NO_TIME
    description: str | None = None
    policy: Policy = POLICY

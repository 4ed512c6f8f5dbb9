"""People who call, as verified tokens would name them."""

from collections.abc import Sequence

from shared.access.caller import ANONYMOUS, Caller

ISSUER = "https://issuer.test"

ADA = Caller("patient", ISSUER, "ada")
BOB = Caller("patient", ISSUER, "bob|2")
STEPHEN = Caller("doctor", ISSUER, "stephen", frozenset({"strange"}))
OTHER_DOCTOR = Caller("doctor", ISSUER, "smith", frozenset({"who"}))
CLERK = Caller("staff", ISSUER, "clerk")

CALLERS = {
    "anonymous": ANONYMOUS,
    "ada": ADA,
    "bob": BOB,
    "stephen": STEPHEN,
    "other-doctor": OTHER_DOCTOR,
    "clerk": CLERK,
}


class Known:
    """An `Authenticator` that knows who sends a request, whatever the headers are."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def begin(self) -> None:
        """There is nothing to fetch."""

    async def caller(
        self,
        authorization: Sequence[str],  # noqa: ARG002
        app_check: Sequence[str],  # noqa: ARG002
        *,
        app_check_needed: bool,  # noqa: ARG002
    ) -> Caller:
        """The one that it knows."""
        return self._caller

"""Set what an account of Firebase may do: `python -m shared.runtime.set_role NAME ROLE`.

NAME is the id of the account, or its e-mail address. ROLE is `staff`, `doctor` with one
`--doctor ID` for each doctor that it is, or `none`: a patient again. Other claims stay.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from shared.access.roles import DOCTOR_IDS
from shared.runtime.command_line import CommandLine
from shared.runtime.firebase_accounts import AccountsError, FirebaseAccounts, open_accounts
from shared.settings import AuthSettings, SettingsError, read_settings

ROLES = ("staff", "doctor", "none")
_AFTER = "It counts in tokens from now on; those that the app has are valid for up to an hour."
_END = "If they allow more, end them: python -m shared.runtime.block_caller {uid}"


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    accounts: Callable[[AuthSettings], FirebaseAccounts] = open_accounts,
) -> None:
    """Set the role, and print it. Ends with one line and status 1 if that fails."""
    name, role, doctors = _parsed(arguments)
    try:
        auth = _auth(environment)
        opened = accounts(auth)
        account = opened.find(name)
        others = {
            claim: value
            for claim, value in account.claims.items()
            if claim not in (auth.role_claim, DOCTOR_IDS)
        }
        opened.put_claims(replace(account, claims=others | _claims(auth, role, doctors)))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except AccountsError as error:
        raise SystemExit(f"set_role: {error}") from None
    now = {"none": "a patient", "doctor": f"doctor {', '.join(doctors)}"}.get(role, role)
    print(f"{account.uid} is {now} now. {_AFTER}")
    if auth.role_claim in account.claims:
        print(_END.format(uid=account.uid))


def _auth(environment: Mapping[str, str]) -> AuthSettings:
    auth = read_settings({**environment, "STORE": "sqlite:unused.db"}).auth
    if auth is None or auth.project is None:
        raise SettingsError(
            "AUTH: must be firebase, with GOOGLE_CLOUD_PROJECT and, for the emulator, "
            "FIREBASE_AUTH_EMULATOR_HOST; other issuers add the claims of roles by their own means"
        )
    return auth


def _claims(auth: AuthSettings, role: str, doctors: Sequence[str]) -> dict[str, Any]:
    if role == "none":
        return {}
    ids = {DOCTOR_IDS: list(doctors)} if doctors else {}
    return {auth.role_claim: role, **ids}


def _parsed(arguments: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    description = "Set what an account may do."
    parser = CommandLine(prog="python -m shared.runtime.set_role", description=description)
    parser.add_argument("name", help="id or e-mail address of the account")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--doctor", action="append", default=[], metavar="ID", help="repeatable")
    given = parser.parse_args(arguments)
    if (given.role == "doctor") != bool(given.doctor):
        parser.error("--doctor: must name a doctor with the role doctor, and with no other")
    for doctor in given.doctor:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", doctor):
            parser.error(f'--doctor: must be the id of a doctor, not "{doctor}"')
    return given.name, given.role, given.doctor


if __name__ == "__main__":
    main(sys.argv[1:])

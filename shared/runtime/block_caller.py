"""End all tokens of a caller now: `python -m shared.runtime.block_caller SUB`.

SUB is the `sub` of the caller's tokens; with Firebase, the id of the account. Every instance
refuses the tokens that were issued before within a minute. Whoever can still sign in gets new ones:
to keep somebody out, disable the account at the issuer first.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from shared.http.dependencies import Dependencies
from shared.model.patient_key import patient_key
from shared.runtime.command_line import CommandLine
from shared.runtime.operator_commands import run
from shared.settings import Settings, SettingsError


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Block, and print since when. Ends with one line and status 1 if that fails."""
    description = "End all tokens that a caller has."
    parser = CommandLine(prog="python -m shared.runtime.block_caller", description=description)
    parser.add_argument(
        "sub", help="the sub of the caller's tokens; with Firebase, the account's id"
    )
    parser.add_argument("--issuer", help="of the tokens; default: that of AUTH")
    given = parser.parse_args(arguments)
    run(environment, lambda it: block(it, given.sub, given.issuer), _check_that_tokens_count)


async def block(dependencies: Dependencies, sub: str, issuer: str | None = None) -> None:
    """Block a caller from now on, and print it."""
    auth, now = dependencies.settings.auth, dependencies.now()
    known = issuer or (auth.issuer if auth else "")
    await dependencies.store.block(patient_key(known, sub), now)
    print(f"Tokens of {sub} that were issued before {now:%Y-%m-%dT%H:%M:%SZ} end within a minute.")


def _check_that_tokens_count(settings: Settings) -> None:
    if settings.auth is None:
        raise SettingsError("AUTH: must be set as for the functions: nobody has a token without it")


if __name__ == "__main__":
    main(sys.argv[1:])

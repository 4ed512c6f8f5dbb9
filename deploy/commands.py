"""Commands: run one, retry it while the project is new, and explain a failure."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Command = Sequence[str]

ROOT = Path(__file__).parents[1]
_PAUSE_SECONDS = 15
_TRIES = 9
_NOT_INSTALLED = 127

# gcloud and firebase report an absent resource in these words. "Permission" beside them means that
# the resource may be there, hidden from the caller; and npm may not find what would look for it.
_ABSENT = (
    r"(?is)(?!.*(permission|npm err)).*(not[ _]?found|does not exist|cannot find|could not find)"
)
# What only a service has that the project has never used is absent, too.
_UNUSED = r"(?is).*has not been used in project \S+ before or it is disabled"
# For some minutes, parts of Google Cloud do not know a new project or account.
_NEW = (
    r"has not been used|propagat|gcf-artifacts|gcf-v2-sources|underlying data changed"
    r"|service account .* does not exist"
)
_ADVICE = {
    _NEW: "wait two minutes: parts of Google Cloud do not know your new project yet",
    r"No such file.*gcloud": "install gcloud: https://cloud.google.com/sdk/docs/install",
    r"cloud-sql-proxy: (command )?not found": (
        "install it: https://cloud.google.com/sql/docs/postgres/sql-proxy#install"
    ),
    r"psql: (command )?not found": "install psql, a client of PostgreSQL",
    r"npx\W+No such file": "install Node 20 or newer: https://nodejs.org",
    r"active account|Reauthentication|invalid_grant": "log in: gcloud auth login",
    r"default credentials|Failed to authenticate": (
        "log in for programs: gcloud auth application-default login"
    ),
    r"billing account|enable billing|billing.*disabled": (
        "link an account: gcloud billing projects link PROJECT --billing-account=ACCOUNT"
    ),
    r"getOpenIdToken": (
        "deploy with --invoker user:YOUR_ADDRESS; a new permission takes some minutes"
    ),
    r"allowedPolicyMemberDomains|permitted customer": (
        "your organization forbids what is open to everybody: see docs/deploy.md, Failures"
    ),
    r"PERMISSION_DENIED|does not have permission|\b403\b": "become owner of the project",
}


class Failed(Exception):
    """An action failed; the message tells the operator why and what to do."""


def output_of(command: Command, wait: Callable[[float], object] = time.sleep) -> str:
    """Run a command, for two minutes again and again while the project is too new for it.

    Raises Failed, with the command's message and advice, if it fails.
    """
    result = _call(command)
    for _ in range(_TRIES - 1):
        if not (result.returncode and re.search(_NEW, _said(result), re.IGNORECASE)):
            break
        say(".", end="")
        wait(_PAUSE_SECONDS)
        result = _call(command)
    if result.returncode:
        raise Failed(_explained(command, _said(result)))
    return result.stdout.strip()


def found_by(command: Command) -> str:
    """Return the output of a command that looks for a resource; empty if the resource is absent.

    Raises Failed if the command fails for any other reason.
    """
    result = _call(command)
    if result.returncode == 0:
        return result.stdout.strip()
    is_absent = any(re.match(words, _said(result)) for words in (_ABSENT, _UNUSED))
    return "" if is_absent else output_of(command)


def say(text: str, end: str = "\n") -> None:
    """Tell the operator at once."""
    print(text, end=end, flush=True)  # noqa: T201 - this is a command


def _call(command: Command) -> subprocess.CompletedProcess[str]:
    # Nobody would see a question of gcloud's, and it would wait for an answer forever.
    environment = {**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
    try:
        return subprocess.run(  # noqa: S603 - from the table
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, _NOT_INSTALLED, "", str(error))


def _said(result: subprocess.CompletedProcess[str]) -> str:
    """Return both streams: firebase prints errors to standard output, npx warnings to the other."""
    return "\n".join(text.strip() for text in (result.stderr, result.stdout) if text.strip())


def _explained(command: Command, message: str) -> str:
    found = (advice for said, advice in _ADVICE.items() if re.search(said, message, re.IGNORECASE))
    advice = [f"This may help: {text}" for text in found][:1]
    again = "Then run the same command again: finished steps are not repeated."
    return "\n\n".join(["failed:", shlex.join(command), message, *advice, again])

"""What a deployment consists of: actions that can be run, or shown as shell commands."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

ROOT = Path(__file__).parents[1]
_PAUSE_SECONDS = 15
_TRIES = 9
_NOT_INSTALLED = 127
_SHOWN = 200
_SHOWS_IN_WORDS = {".*": "succeeds", ".+": "prints something", "": "prints nothing"}

# What gcloud says of something that is not there. Whatever else it says does not mean that, nor
# where it may only be that one is not allowed to see it.
_NOT_THERE = r"(?is)(?!.*permission).*(not[ _]?found|does not exist|cannot find)"
# What it says for some minutes in a new project, where not all of Google Cloud knows of it yet.
_NEW = (
    r"has not been used|propagat|gcf-artifacts|gcf-v2-sources|underlying data changed"
    r"|service account .* does not exist"
)
# What else it says, and what helps.
_ADVICE = {
    _NEW: "wait two minutes: not all of Google Cloud knows of your project's parts yet",
    r"No such file.*gcloud": "install it: https://cloud.google.com/sdk/docs/install",
    r"active account|Reauthentication|invalid_grant": "log in: gcloud auth login",
    r"default credentials": "log in for programs, too: gcloud auth application-default login",
    r"billing account|enable billing|billing.*disabled": (
        "link an account: gcloud billing projects link PROJECT --billing-account=ACCOUNT"
    ),
    r"PERMISSION_DENIED|does not have permission|\b403\b": "be owner of the project",
}


class Failed(Exception):
    """An action failed; the message is all that a person needs."""


class Action(Protocol):
    """Something to do."""

    def script(self) -> list[str]:
        """The same as lines of bash."""

    def run(self) -> None:
        """Do it, and say so; raises Failed."""


@dataclass(frozen=True)
class Step:
    """A command, unless `unless` succeeds and all that it prints matches `shows`.

    Where it does, `otherwise` makes a command from what was printed, if one is to be run then.
    """

    title: str
    command: Sequence[str]
    unless: Sequence[str] = ()
    shows: str = ".*"
    otherwise: Callable[[str], Sequence[str]] | None = None

    @classmethod
    def removal(
        cls, title: str, found: Sequence[str], delete: Callable[[str], Sequence[str]]
    ) -> Self:
        """Delete what a command finds; it may print a name that `delete` needs."""
        return cls(title, (), unless=found, shows=".+", otherwise=delete)

    def script(self) -> list[str]:
        """The command, below comments that say when it is run."""
        lines = [f"# {self.title}"]
        if self.unless:
            shows = _SHOWS_IN_WORDS.get(self.shows, f"prints {self.shows}")
            word = "unless" if self.command else "if"
            lines.append(f"# {word} this {shows}: {shlex.join(self.unless)}")
        if self.command:
            lines.append(shlex.join(self.command))
        if self.otherwise and self.command:
            lines.append(f"# otherwise: {_shown(self.otherwise('NAME'))}")
        elif self.otherwise:
            found = f'"$({shlex.join(self.unless)})"'
            lines.append(shlex.join(self.otherwise("NAME")).replace("NAME", found))
        return lines

    def run(self) -> None:
        """Run what is needed, and say whether anything was."""
        say(f"{self.title} ... ", end="")
        found = self._found()
        command = self.command
        if found is not None:
            command = self.otherwise(found) if self.otherwise else ()
        if command:
            output_of(command)
        say("done" if command else "nothing to do")

    def _found(self) -> str | None:
        if not self.unless:
            return None
        asked = _call(self.unless)
        if asked.returncode and re.match(_NOT_THERE, asked.stderr):
            return None
        printed = output_of(self.unless) if asked.returncode else asked.stdout.strip()
        return printed if re.fullmatch(self.shows, printed, re.DOTALL) else None


@dataclass(frozen=True)
class Note:
    """Lines to read."""

    lines: Sequence[str]

    def script(self) -> list[str]:
        """The lines, as comments."""
        return [f"# {line}" for line in self.lines]

    def run(self) -> None:
        """Say them."""
        say("\n".join(["", *self.lines, ""]))


def output_of(command: Sequence[str], wait: Callable[[float], object] = time.sleep) -> str:
    """What a command prints; it is tried for two minutes where what it needs may be too new.

    Raises Failed, with its message and advice, if it fails.
    """
    result = _call(command)
    for _ in range(_TRIES - 1):
        if not (result.returncode and re.search(_NEW, result.stderr, re.IGNORECASE)):
            break
        say(".", end="")
        wait(_PAUSE_SECONDS)
        result = _call(command)
    if result.returncode:
        raise Failed(_failure(command, result.stderr.strip() or result.stdout.strip()))
    return result.stdout.strip()


def say(text: str, end: str = "\n") -> None:
    """Tell the operator, at once."""
    print(text, end=end, flush=True)  # noqa: T201 - this is a command


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # A question of gcloud's would wait for an answer for ever, because nobody sees it.
    environment = {**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
    try:
        return subprocess.run(  # noqa: S603 - what the plan says
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


def _failure(command: Sequence[str], message: str) -> str:
    found = (advice for said, advice in _ADVICE.items() if re.search(said, message, re.IGNORECASE))
    advice = [f"What may help: {text}" for text in found][:1]
    again = "Run this again then: what is done stays, and is not done twice."
    return "\n\n".join(["failed:", _shown(command), message, *advice, again])


def _shown(command: Sequence[str]) -> str:
    """A command without the end of what is very long."""
    return shlex.join(word if len(word) < _SHOWN else f"{word[:_SHOWN]}..." for word in command)

"""Resources of the project, and the steps that create, update and delete them."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.commands import Command, found_by, output_of, say

# In `update` and `delete`, these stand for the columns that `describe` prints.
NAME, ETAG = "NAME", "ETAG"


@dataclass(frozen=True)
class Resource:
    """A resource, as commands: look for it, create it, update it, delete it.

    It exists if `describe` succeeds and prints something, and is up to date if the whole output
    matches `current`. Without `describe`, `create` always runs. Without `update`, `create` also
    updates. Without `delete`, the resource outlives a removal. If it is not `wanted`, a deployment
    deletes it.
    """

    title: str
    create: Command
    describe: Command = ()
    current: str = ".+"
    update: Command = ()
    delete: Command = ()
    duration: str = ""
    wanted: bool = True


@dataclass(frozen=True)
class Step:
    """A command that may be needed; `command` returns an empty one if it is not."""

    title: str
    lines: Sequence[str]
    command: Callable[[], Command]

    def script(self) -> list[str]:
        """Return the command, below comments that say when it is needed."""
        return [f"# {self.title}", *self.lines]

    def run(self) -> None:
        """Run the command if it is needed."""
        say(f"{self.title} ... ", end="")
        command = self.command()
        if command:
            output_of(command)
        say("done" if command else "nothing to do")


@dataclass(frozen=True)
class Note:
    """Lines for the operator to read."""

    lines: Sequence[str]

    def script(self) -> list[str]:
        """Return the lines as comments."""
        return [f"# {line}" for line in self.lines]

    def run(self) -> None:
        """Print the lines."""
        say("\n".join(["", *self.lines, ""]))


def ensure(it: Resource) -> Step:
    """Return the step that creates a resource if it is absent, or updates it if it is not current.

    In a script, `create` stands for both. What is not wanted is deleted.
    """
    if not it.wanted:
        step = remove(it)
        line = f'test -z "$({shlex.join(it.describe)})" || {step.lines[-1]}'
        return Step(step.title, [line], step.command)

    def needed() -> Command:
        found = found_by(it.describe) if it.describe else ""
        if found and re.fullmatch(it.current, found, re.DOTALL):
            return ()
        return _filled(it.update, found) if found and it.update else it.create

    lines = [shlex.join(it.create)]
    if it.describe:
        prints = "something" if it.current in (".+", "") else it.current
        lines.insert(0, f"# unless this prints {prints}: {shlex.join(it.describe)}")
    if it.update:
        lines.append(f"# to update: {shlex.join(it.update)}")
    return Step(it.title + it.duration, lines, needed)


def remove(it: Resource) -> Step:
    """Return the step that deletes a resource if it exists."""

    def needed() -> Command:
        found = found_by(it.describe)
        return _filled(it.delete, found) if found else ()

    look = shlex.join(it.describe)
    name = f'"$({look} | cut -f1)"'
    delete = " ".join(name if word == NAME else shlex.quote(word) for word in it.delete)
    return Step(it.title, [f"# if this prints something: {look}", delete], needed)


def _filled(command: Command, found: str) -> Command:
    name, _, etag = found.partition("\t")
    words = [name if word == NAME else word for word in command]
    return [word.replace(f'"etag": "{ETAG}"', f'"etag": "{etag}"') for word in words]

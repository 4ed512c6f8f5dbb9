"""Every command that the deployment can run, against what the installed gcloud takes."""

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deploy.container import container
from deploy.functions import functions
from deploy.options import Options
from deploy.remove import remove
from deploy.watch import watch
from tests.deploy.deployments import PAGES, shell_lines

GCLOUD = shutil.which("gcloud")
pytestmark = pytest.mark.skipif(GCLOUD is None, reason="gcloud is not installed")

EVERYTHING = Options(
    project="hospital-42",
    region="europe-west1",
    allowed_origins="https://a.example",
    invoker=("user:me@clinic.example",),
    notification_channel=("one",),
)
Tree = dict[str, Any]


def commands() -> set[tuple[str, ...]]:
    """All commands of gcloud: run, tried, or only told."""
    actions = [it for verb in (functions, container, watch, remove) for it in verb(EVERYTHING)]
    lines = [line for action in actions for line in action.script()]
    return {tuple(words) for line in lines for words in gcloud_in(line)}


def gcloud_in(line: str) -> Iterator[list[str]]:
    for start in re.finditer(r"gcloud (?=[a-z])", line):
        # One that is part of another one, in "$(...)", is looked at by itself.
        outer = re.sub(r'"\$\(.*\)"', "NAME", line[start.end() :])
        yield shlex.split(outer.partition(')"')[0])


@pytest.fixture(scope="module")
def tree() -> Tree:
    """What gcloud completes on the command line, which it comes with."""
    assert GCLOUD
    sdk = Path(GCLOUD).resolve().parents[1]
    text = (sdk / "data" / "cli" / "gcloud_completions.py").read_text()
    found: Tree = ast.literal_eval(text[text.index("{") :])
    return found


def leaf(tree: Tree, words: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The name of a command, and the flags that it takes, with those that every command takes."""
    flags, name = dict(tree["flags"]), []
    for word in words:
        if word not in tree["commands"]:
            break
        tree = tree["commands"][word]
        flags |= tree["flags"]
        name.append(word)
    assert not tree["commands"], f"gcloud has no {' '.join(words)}"
    return " ".join(name), flags


def check(tree: Tree, used: Iterable[tuple[str, ...]]) -> set[str]:
    """Check commands and flags; what is not checked is only in alpha or beta. Their names."""
    checked = set()
    for words in used:
        if words[0] in ("alpha", "beta"):
            continue
        name, flags = leaf(tree, words)
        checked.add(name)
        for word in words:
            if word.startswith("--"):
                assert problem(word, flags) is None, (name, problem(word, flags))
    return checked


def test_gcloud_knows_every_command_and_flag_of_the_pages(tree: Tree) -> None:
    printed = [line for page in PAGES for line in shell_lines(page)]
    checked = check(tree, {tuple(words) for line in printed for words in gcloud_in(line)})
    assert {"firestore databases restore", "firestore export", "logging read"} <= checked
    assert {"run services update-traffic", "functions describe"} <= checked


def test_gcloud_knows_every_command_and_flag(tree: Tree) -> None:
    checked = check(tree, commands())
    assert {"functions deploy", "run deploy", "builds submit", "functions delete"} <= checked
    assert {"firestore databases create", "monitoring dashboards update"} <= checked
    assert len(checked) > 30


def problem(word: str, flags: dict[str, Any]) -> str | None:
    """What is wrong with a flag, if anything is."""
    flag, equals, value = word.partition("=")
    kind = flags.get(flag, flags.get(flag.replace("--no-", "--", 1)))
    if kind is None:
        return f"there is no {flag}"
    if (kind == "bool") == bool(equals):
        return f"{flag} takes a value, or takes none"
    if isinstance(kind, list) and value not in kind:
        return f"{flag} is one of {kind}, not {value}"
    return None


def test_gcloud_knows_the_commands_for_alerts_that_newer_versions_have_without_alpha() -> None:
    used = {words for words in commands() if words[0] == "alpha"}
    verbs = sorted({words[3] for words in used})
    assert verbs == ["create", "delete", "list", "update"]
    with ThreadPoolExecutor() as threads:
        helps = dict(zip(verbs, threads.map(help_for_alerts, verbs), strict=True))
    for words in used:
        for flag in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert re.search(rf"{flag}\b", helps[words[3]]), (words, flag)


def help_for_alerts(verb: str) -> str:
    assert GCLOUD
    command = [GCLOUD, "alpha", "monitoring", "policies", verb, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout)

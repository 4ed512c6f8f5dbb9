"""Every command of gcloud that deploy or a page prints is one of the installed gcloud."""

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.options import Options
from deploy.plans import PLANS
from deploy.smoke import token_command
from tests.deploy.deployments import PAGES, shell_lines

GCLOUD = shutil.which("gcloud")
pytestmark = pytest.mark.skipif(GCLOUD is None, reason="gcloud is not installed")

EVERYTHING = Options(
    project="hospital-42",
    auth="none",
    region="europe-west1",
    allowed_origins="https://a.example",
    invoker=("user:me@clinic.example",),
    notification_channel=("one",),
)
OPEN = replace(EVERYTHING, auth="firebase")
IN_SQL = {"sql_instance": "clinic"}
SINKS = {"env": ("PUBSUB_TOPIC=appointments",), "secret": ("MAIL=mail",)}
OPTIONS = [
    option
    for each in (EVERYTHING, OPEN)
    for option in (each, replace(each, **SINKS), replace(each, **IN_SQL))  # type: ignore[arg-type]
]
Tree = dict[str, Any]


def commands() -> set[tuple[str, ...]]:
    """Return all commands of gcloud, be they run, tried or only printed."""
    plans = [PLANS[verb](options) for verb in PLANS for options in OPTIONS]
    lines = [line for plan in plans for action in plan for line in action.script()]
    lines += [shlex.join(token_command(options)) for options in (EVERYTHING, OPEN)]
    return {tuple(words) for line in lines for words in gcloud_in(line)}


def gcloud_in(line: str) -> Iterator[list[str]]:
    line = re.sub(r"'--config=\{.*\}'", "--config=JSON", line)
    for start in re.finditer(r"gcloud (?=[a-z])", line):
        # A command within "$(...)" is found by itself, and so is one within the text of another.
        outer = re.sub(r'"\$\(.*\)"', "NAME", line[start.end() :])
        command = re.split(r' \| |\)"', outer)[0]
        yield shlex.split(command if command.count("'") % 2 == 0 else command.partition("'")[0])


@pytest.fixture(scope="module")
def tree() -> Tree:
    """Return the tree of commands and flags that gcloud completes on the command line."""
    assert GCLOUD
    sdk = Path(GCLOUD).resolve().parents[1]
    text = (sdk / "data" / "cli" / "gcloud_completions.py").read_text()
    found: Tree = ast.literal_eval(text[text.index("{") :])
    return found


def checked(tree: Tree, words: tuple[str, ...]) -> str:
    """Check a command and its flags; return its name."""
    flags, name = dict(tree["flags"]), []
    for word in words:
        if word not in tree["commands"]:
            break
        tree = tree["commands"][word]
        flags |= tree["flags"]
        name.append(word)
    assert not tree["commands"], f"gcloud has no {' '.join(words)}"
    problems = [problem(word, flags) for word in words if word.startswith("--")]
    assert not any(problems), (name, problems)
    return " ".join(name)


def problem(word: str, flags: dict[str, Any]) -> str | None:
    flag, equals, value = word.partition("=")
    kind = flags.get(flag, flags.get(flag.replace("--no-", "--", 1)))
    if kind is None:
        return f"there is no {flag}"
    if (kind == "bool") == bool(equals):
        return f"{flag} takes a value, or takes none"
    if isinstance(kind, list) and value not in kind:
        return f"{flag} is one of {kind}, not {value}"
    return None


def test_gcloud_knows_every_command_and_flag_of_deploy_and_of_the_pages(tree: Tree) -> None:
    pages = {tuple(it) for page in PAGES for line in shell_lines(page) for it in gcloud_in(line)}
    # The tree has no commands in alpha and beta.
    used = [words for words in pages | commands() if words[0] not in ("alpha", "beta")]
    names = {checked(tree, words) for words in used}
    assert {"functions deploy", "run deploy", "builds submit", "functions delete"} <= names
    assert {"firestore databases create", "monitoring dashboards update"} <= names
    assert {"firestore databases restore", "firestore export", "logging read"} <= names
    assert {"auth print-identity-token", "iam service-accounts add-iam-policy-binding"} <= names
    assert {"scheduler jobs create http", "scheduler jobs update http"} <= names
    assert {"eventarc triggers create", "eventarc triggers update"} <= names
    assert {"pubsub subscriptions update", "secrets add-iam-policy-binding"} <= names
    assert {"sql instances create", "sql instances patch", "sql databases create"} <= names
    assert {"sql users create", "sql users set-password", "run services update"} <= names
    assert len(names) > 50


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

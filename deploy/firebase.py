"""Commands of firebase-tools, as gcloud has no such ones."""

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.commands import ROOT
from deploy.options import Options

# firebase.json names one database and no region, so others need a configuration of their own.
# firebase looks for what it deploys in the folder of its configuration.
_CONFIG = "firebase.deploy.json"
_WITH_CONFIG = f'trap "rm -f {_CONFIG}" EXIT; echo "$0" > {_CONFIG}; "$@"'


def firebase(options: Options, words: str) -> list[str]:
    """Return a command of firebase-tools on the project, which asks no questions."""
    program = ["firebase"] if shutil.which("firebase") else ["npx", "--yes", "firebase-tools@15"]
    # Google refuses a person's requests that name no project to charge.
    charged = ["env", f"GOOGLE_CLOUD_QUOTA_PROJECT={options.project}"]
    return [*charged, *program, *words.split(), "--non-interactive", "--project", options.project]


def configured(command: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """Return a command of firebase-tools with a configuration of its own."""
    return ["bash", "-c", _WITH_CONFIG, json.dumps(config), *command, "--config", _CONFIG]


def section(name: str) -> dict[str, Any]:
    """Return a section of firebase.json."""
    return dict(json.loads((ROOT / "firebase.json").read_text("utf-8"))[name])

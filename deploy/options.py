"""The options of the command line, checked."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn


@dataclass(frozen=True)
class Options:
    """What an operator decides."""

    project: str = ""
    region: str = ""
    database: str = "(default)"
    location: str = ""
    clinic_time_zone: str = "UTC"
    doctors_file: str = "doctors.json"
    allowed_origins: str = ""
    concurrency: str = "80"
    cpu: str = "1"
    memory: str = "512Mi"
    min_instances: str = "0"
    max_instances: str = "20"
    invoker: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    notification_channel: tuple[str, ...] = ()
    url: str = ""

    def account(self, name: str) -> str:
        """The e-mail address of a service account of the project."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    def environment(self) -> dict[str, str]:
        """The environment that the functions run with."""
        variables = {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_DATABASE": self.database,
            "CLINIC_TIME_ZONE": self.clinic_time_zone,
            "ALLOWED_ORIGINS": self.allowed_origins,
        }
        given = {name: value for name, value in variables.items() if value}
        return {**given, **dict(setting.split("=", 1) for setting in self.env)}


# What each is for, what it looks like, and how to say so. No value has a space in it, or a
# semicolon, so that commands can be made of them.
_OPTIONS = {
    "project": ("its id", "[a-z][a-z0-9-]{4,28}[a-z0-9]", 'an id such as "my-clinic"'),
    "region": ("where it runs", "[a-z]+-[a-z]+[0-9]+", 'one such as "europe-west1"'),
    "database": (
        "the Firestore database",
        r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]",
        '"(default)", or 4 to 63 lower-case letters, digits and hyphens',
    ),
    "location": (
        "where a new database is put; default: the region",
        "[a-z]+[a-z0-9-]+",
        'one such as "eur3" or "europe-west1"',
    ),
    "clinic-time-zone": (
        "of doctors that name none",
        "[A-Za-z0-9_+/-]+",
        'an IANA time zone such as "Europe/Berlin"',
    ),
    "doctors-file": ("your doctors", r"[^\s;]+", 'a file such as "doctors.json"'),
    "allowed-origins": (
        "web pages that may call, separated by commas; default: none",
        r"[^\s;]*",
        'like "https://clinic.example,https://other.example"',
    ),
    "concurrency": ("requests at once in an instance", "[1-9][0-9]{0,2}|1000", "1 to 1000"),
    "cpu": ("CPUs of an instance", "[12468]", "1, 2, 4, 6 or 8"),
    "memory": ("of an instance", "[0-9]+(Mi|Gi)", 'one such as "512Mi" or "1Gi"'),
    "min-instances": ("kept warm, and paid for, all the time", "[0-9]{1,3}", "0 to 999"),
    "max-instances": ("never more than these", "[1-9][0-9]{0,2}", "1 to 999"),
    "invoker": (
        "who may call; repeatable",
        r"(user|group|serviceAccount|domain):[^\s:]+",
        'somebody such as "user:me@clinic.example"; never everybody, who would see all patients',
    ),
    "env": (
        "another variable of their environment; repeatable",
        r"[A-Z][A-Z0-9_]*=[^\s;]*",
        'a name and a value, such as "DEADLINE_SECONDS=5"',
    ),
    "notification-channel": (
        "who is told of an alert, from now on; repeatable",
        r"[^\s,]+",
        'the name of one, such as "projects/my-clinic/notificationChannels/1"',
    ),
    "url": (
        "of the container or the local runner, instead of --project",
        r"https?://[^/\s]+",
        'one without a path, such as "http://localhost:8080"',
    ),
}
_VERBS = {
    "functions": "the database, and each function by itself",
    "container": "the database, and all functions in one container",
    "watch": "metrics, alerts and a dashboard",
    "smoke": "find, book, list and cancel an appointment",
    "remove": "delete all but the data",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line."""
        sys.exit(message)

    def convert_arg_line_to_args(self, arg_line: str) -> list[str]:
        """An option and its value, or nothing, in a line of a file."""
        return arg_line.split()


def parsed(arguments: Sequence[str]) -> tuple[str, Options, bool]:
    """The verb, the options, and whether only to show the commands; a bad value ends it."""
    given = vars(_parser().parse_args(arguments))
    verb, dry_run = str(given.pop("verb")), bool(given.pop("dry_run"))
    options = Options(**{name: _frozen(value) for name, value in given.items()})
    for name in ("project", "region"):
        if not getattr(options, name) and not (verb == "smoke" and options.url):
            sys.exit(f"--{name}: is needed")
    if int(options.min_instances) > int(options.max_instances):
        sys.exit("--min-instances: must not be above --max-instances")
    return verb, options, dry_run


def _frozen(value: Any) -> Any:  # noqa: ANN401 - what argparse found
    return tuple(value) if isinstance(value, list) else value


def _parser() -> argparse.ArgumentParser:
    description = "Put the functions into production. @FILE stands for options, a line for each."
    parser = _Parser(prog="python3 -m deploy", description=description, fromfile_prefix_chars="@")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in _VERBS.items():
        # Each takes them all, so that one file serves for everything that is done to a deployment.
        verb_parser = verbs.add_parser(verb, help=text, description=text)
        for name in _OPTIONS:
            _add(verb_parser, name)
        verb_parser.add_argument(
            "--dry-run", action="store_true", help="print every command, run none"
        )
    return parser


def _add(parser: argparse.ArgumentParser, name: str) -> None:
    text, pattern, right = _OPTIONS[name]
    default = {field.name: field.default for field in fields(Options)}[name.replace("-", "_")]
    parser.add_argument(
        f"--{name}",
        type=_checked(pattern, right),
        action="append" if isinstance(default, tuple) else "store",
        default=argparse.SUPPRESS,
        metavar="VALUE",
        help=f"{text}; default: {default}" if default else text,
    )


def _checked(pattern: str, right: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        raise argparse.ArgumentTypeError(f'must be {right}, not "{text}"')

    return check

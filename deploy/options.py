"""Options of the command line: what they mean, and which values are valid."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from shared.public_headers import ANCESTOR, FRAMES, NOBODY

# Service accounts: the functions', the builds', that of whoever calls as a service, and that of
# whoever has events delivered.
RUNTIME, BUILD = "appointments", "appointments-build"
CALLER, EVENTS = "appointments-caller", "appointments-events"

SQL_DATABASE = "appointments"

_SINKS = ("WEBHOOK_URLS", "MAIL", "PUBSUB_TOPIC")
_OF_SINKS = re.compile("WEBHOOK_.*|MAIL|MAIL_.*|PUBSUB_TOPIC|REMINDERS")


@dataclass(frozen=True)
class Options:
    """The operator's decisions."""

    project: str = ""
    region: str = ""
    database: str = "(default)"
    location: str = ""
    sql_instance: str = ""
    sql_tier: str = "db-custom-1-3840"
    clinic_time_zone: str = "UTC"
    doctors_file: str = "doctors.json"
    allowed_origins: str = ""
    frame_ancestors: str = ""
    concurrency: str = "80"
    cpu: str = "1"
    memory: str = "512Mi"
    min_instances: str = "0"
    max_instances: str = "20"
    auth: str = ""
    auth_audience: str = ""
    auth_role_claim: str = ""
    auth_tenant: str = ""
    auth_services: str = ""
    app_check: str = ""
    invoker: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    notification_channel: tuple[str, ...] = ()
    url: str = ""

    @property
    def is_open(self) -> bool:
        """Whether everybody can reach the functions, which then ask for a token themselves."""
        return self.auth not in ("", "none")

    @property
    def audience(self) -> str:
        """Whom the token of a service is for."""
        return self.auth_audience.partition(",")[0] or self.project

    def account(self, name: str) -> str:
        """Return the e-mail address of a service account of the project."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    def gcloud(self, words: str, *arguments: str) -> list[str]:
        """Return a gcloud command on the project; `arguments` may contain spaces."""
        return ["gcloud", *words.split(), *arguments, f"--project={self.project}"]

    @property
    def has_sinks(self) -> bool:
        """Whether anybody is told of events."""
        given = dict(setting.split("=", 1) for setting in self.env) | self.secrets()
        return any(given.get(name) for name in _SINKS)

    def secrets(self) -> dict[str, str]:
        """Return the variables that hold secrets: of each the secret and its version."""
        pairs = [setting.split("=", 1) for setting in self.secret]
        return {name: value if ":" in value else f"{value}:latest" for name, value in pairs}

    def environment(self, *, sinks: bool = True) -> dict[str, str]:
        """Return the environment of the functions, but for secrets; or without that of sinks."""
        variables = {
            "GOOGLE_CLOUD_PROJECT": self.project,
            **self.store(),
            "CLINIC_TIME_ZONE": self.clinic_time_zone,
            "ALLOWED_ORIGINS": self.allowed_origins,
            "AUTH": self.auth,
            "AUTH_AUDIENCE": self.auth_audience,
            "AUTH_ROLE_CLAIM": self.auth_role_claim,
            "AUTH_TENANT": self.auth_tenant,
            "AUTH_SERVICES": ",".join(self._services()),
            "APP_CHECK": self.app_check,
        }
        given = {name: value for name, value in variables.items() if value}
        given |= dict(setting.split("=", 1) for setting in self.env)
        return {n: value for n, value in given.items() if sinks or not _OF_SINKS.fullmatch(n)}

    def store(self) -> dict[str, str]:
        """Return the variables that say where everything is kept."""
        if not self.sql_instance:
            return {"FIRESTORE_DATABASE": self.database}
        user, host = self.sql_user.replace("@", "%40"), f"/cloudsql/{self.sql_connection}"
        address = f"postgresql://{user}@/{SQL_DATABASE}?host={host}"
        return {"STORE": address, "STORE_LOGIN": "iam", "STORE_CONNECTIONS": "4"}

    @property
    def sql_connection(self) -> str:
        """Return the name by which services connect to the instance of Cloud SQL."""
        return f"{self.project}:{self.region}:{self.sql_instance}"

    @property
    def sql_user(self) -> str:
        """Return the functions' account as a user of PostgreSQL."""
        return f"{RUNTIME}@{self.project}.iam"

    def _services(self) -> list[str]:
        own = [self.account(CALLER)] if self.is_open else []
        own += [self.account(EVENTS)] if self.is_open and self.has_sinks else []
        return own + ([self.auth_services] if self.auth_services else [])


# The meaning of each option, and its values as a pattern and in words. No value contains a space or
# a semicolon, so commands can be split at spaces, and variables at semicolons.
_OPTIONS = {
    "project": ("id of the project", "[a-z][a-z0-9-]{4,28}[a-z0-9]", 'an id such as "my-clinic"'),
    "region": ("location of the functions", "[a-z]+-[a-z]+[0-9]+", 'one such as "europe-west1"'),
    "database": (
        "Firestore database",
        r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]",
        '"(default)", or 4 to 63 lower-case letters, digits and hyphens',
    ),
    "location": (
        "of a new database; default: the region",
        "[a-z]+[a-z0-9-]+",
        'one such as "eur3"',
    ),
    "sql-instance": (
        "of Cloud SQL, to keep everything there and not in Firestore",
        "[a-z][a-z0-9-]{0,61}[a-z0-9]",
        'a name such as "clinic"',
    ),
    "sql-tier": (
        "machine of a new instance of Cloud SQL",
        "db-[a-z0-9-]+",
        'one such as "db-custom-2-7680"',
    ),
    "clinic-time-zone": (
        "of doctors who name none",
        "[A-Za-z0-9_+/-]+",
        'an IANA time zone such as "Europe/Berlin"',
    ),
    "doctors-file": ("file of your doctors", r"[^\s;]+", 'a file such as "doctors.json"'),
    "allowed-origins": (
        "web pages that may call, separated by commas; default: none",
        r"[^\s;]*",
        'like "https://clinic.example,https://other.example"',
    ),
    "frame-ancestors": (
        "who may show the booking page in a frame, separated by commas; default: nobody",
        f"{NOBODY}|({ANCESTOR})(,({ANCESTOR}))*",
        FRAMES,
    ),
    "auth": (
        "whose tokens the functions ask for; they are then open to the internet",
        r"none|firebase|https://[^\s;]+",
        '"firebase", the https:// address of an issuer, or "none": only --invoker may call then',
    ),
    "auth-audience": (
        "whom the tokens are for; needed with an issuer",
        r"[^\s;]+",
        "names separated by commas",
    ),
    "auth-role-claim": (
        "claim of the tokens that holds the role; default: role",
        r"[^\s;]+",
        'a name such as "realm_access.roles"',
    ),
    "auth-tenant": (
        "tenant of the Firebase project",
        "[A-Za-z0-9-]+",
        'the id of one, such as "clinic-x7k2p"',
    ),
    "auth-services": (
        "more service accounts that may do what staff may, separated by commas",
        r"[^\s;,@]+@[^\s;,@]+\.[^\s;,@]+(,[^\s;,@]+@[^\s;,@]+\.[^\s;,@]+)*",
        'e-mail addresses such as "backend@my-clinic.iam.gserviceaccount.com"',
    ),
    "app-check": ("whether callers need Firebase's App Check, too", "off|on", '"off" or "on"'),
    "concurrency": ("concurrent requests per instance", "[1-9][0-9]{0,2}|1000", "1 to 1000"),
    "cpu": ("CPUs per instance", "[12468]", "1, 2, 4, 6 or 8"),
    "memory": ("memory per instance", "[0-9]+(Mi|Gi)", 'one such as "512Mi" or "1Gi"'),
    "min-instances": ("instances kept warm, and paid for", "[0-9]{1,3}", "0 to 999"),
    "max-instances": ("most instances", "[1-9][0-9]{0,2}", "1 to 999"),
    "invoker": (
        "permitted caller; with tokens, of the service account that calls as staff; repeatable",
        r"(user|group|serviceAccount|domain):[^\s:;]+",
        'somebody such as "user:me@clinic.example"; never everybody, who would see all patients',
    ),
    "env": (
        "another variable of the functions' environment; repeatable",
        r"[A-Z][A-Z0-9_]*=[^\s;]*",
        'a name and a value, such as "DEADLINE_SECONDS=5"',
    ),
    "secret": (
        "a variable that holds a secret of Secret Manager; repeatable",
        r"[A-Z][A-Z0-9_]*=[A-Za-z0-9_-]{1,255}(:([1-9][0-9]*|latest))?",
        'a name and a secret, such as "WEBHOOK_SECRET=webhook" or "WEBHOOK_SECRET=webhook:2"',
    ),
    "notification-channel": (
        "receiver of alerts; repeatable",
        r"[^\s,;]+",
        'the name of one, such as "projects/my-clinic/notificationChannels/1"',
    ),
    "url": (
        "of the container or the local runner, instead of --project",
        r"https?://[^/\s;]+",
        'one without a path, such as "http://localhost:8080"',
    ),
}
_VERBS = {
    "functions": "deploy the database, and each function by itself",
    "container": "deploy the database, and all functions in one container",
    "watch": "create or update metrics, alerts and a dashboard",
    "smoke": "find, book, list and cancel an appointment",
    "remove": "delete everything but the data",
}


_DEPLOYING = ("functions", "container")
_OF_FIRESTORE = ("database", "location")
# A setting that says who may call must not be set in two places.
_WITH_AUTH = ("auth_audience", "auth_role_claim", "auth_tenant", "auth_services", "app_check")
_OF_FIREBASE = ("auth_tenant", "app_check")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with the message alone, without the usage."""
        sys.exit(message)

    def convert_arg_line_to_args(self, arg_line: str) -> list[str]:
        """Split a line of a file into an option and its value."""
        return arg_line.split()


def parsed(arguments: Sequence[str]) -> tuple[str, Options, bool]:
    """Return the verb, the options, and whether to print only; exit at an invalid value."""
    given: dict[str, Any] = vars(_parser().parse_args(arguments))
    verb, dry_run = given.pop("verb"), given.pop("dry_run")
    repeated = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    options = Options(**(given | repeated))
    for name in ("project", "region"):
        alone = verb == "smoke" and options.url and not options.is_open
        if not getattr(options, name) and not alone:
            sys.exit(f"--{name}: is required")
    _check_who_may_call(options, deploying=verb in _DEPLOYING)
    _check_variables(options)
    _check_store(options)
    if int(options.min_instances) > int(options.max_instances):
        sys.exit("--min-instances: must not be above --max-instances")
    return verb, options, dry_run


def _check_who_may_call(options: Options, *, deploying: bool) -> None:
    """Exit unless the options say without doubt who may call."""
    if deploying and not options.auth:
        sys.exit(f"--auth: is required: {_OPTIONS['auth'][2]}")
    for name in _WITH_AUTH:
        flag, given = f"--{name.replace('_', '-')}", getattr(options, name)
        if given and not options.is_open:
            sys.exit(f"{flag}: means nothing without tokens; set --auth, or remove it")
        if given and name in _OF_FIREBASE and options.auth != "firebase":
            sys.exit(f"{flag}: needs --auth firebase")
    if options.is_open and options.auth != "firebase" and not options.auth_audience:
        sys.exit("--auth-audience: is required with an issuer: whom its tokens are for")


def _check_variables(options: Options) -> None:
    """Exit if a variable has two values, or one that belongs to an option."""
    for option, settings in (("--env", options.env), ("--secret", options.secret)):
        for name in (setting.partition("=")[0] for setting in settings):
            if name.lower() in ("auth", "frame_ancestors", *_WITH_AUTH):
                flag = f"--{name.lower().replace('_', '-')}"
                sys.exit(f"{option}: must not set {name}; use {flag}")
    if twice := options.environment().keys() & options.secrets().keys():
        sys.exit(f"--secret: {min(twice)} has a value already; name it once")


def _check_store(options: Options) -> None:
    """Exit unless the options say without doubt where everything is kept."""
    if not options.sql_instance:
        return
    for name in _OF_FIRESTORE:
        if getattr(options, name) != getattr(Options, name):
            sys.exit(f"--{name}: is of Firestore; remove it, or --sql-instance")
    if taken := {"STORE", "STORE_LOGIN"} & {it.partition("=")[0] for it in options.env}:
        sys.exit(f"--env: must not set {min(taken)}; --sql-instance does")


def _parser() -> argparse.ArgumentParser:
    description = "Deploy to Google Cloud. @FILE stands for options, one per line."
    parser = _Parser(prog="python3 -m deploy", description=description, fromfile_prefix_chars="@")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in _VERBS.items():
        # Every verb takes every option, so that one file serves for all verbs.
        verbs.add_parser(verb, help=text, description=text, parents=[_options()])
    return parser


def _options() -> _Parser:
    parser = _Parser(add_help=False)
    for name, (text, pattern, valid) in _OPTIONS.items():
        default = getattr(Options, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}",
            type=_checked(pattern, valid),
            action="append" if isinstance(default, tuple) else "store",
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=f"{text}; default: {default}" if default else text,
        )
    parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    return parser


def _checked(pattern: str, valid: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        raise argparse.ArgumentTypeError(f'must be {valid}, not "{text}"')

    return check

"""The plan of each verb: actions, made from the table of resources."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deploy import cloud_sql, firestore
from deploy.events import url_of
from deploy.options import BUILD, RUNTIME, Options
from deploy.resources import Note, Resource, Step, ensure, remove
from deploy.smoke import Smoke, address_of
from deploy.table import CONTAINER, TABLE, functions

Action = Step | Note | Smoke


def _ensured(options: Options, *groups: str) -> Iterator[Step]:
    return (ensure(resource) for group in groups for resource in TABLE[group](options))


def _deployed(options: Options, *groups: str) -> Iterator[Step]:
    before = ["project", *(["caller"] if options.is_open else []), "secrets", "database", "events"]
    return _ensured(options, *before, *groups, "doctors")


def _functions(options: Options) -> Iterator[Action]:
    yield from _deployed(options, "functions", "hosting")
    address = address_of(replace(options, url=""))
    lines = ["The functions:", *(f"  {address(name)}" for name in functions())]
    if not options.is_open:
        lines += ["Hosting cannot reach them, as they are open only to --invoker (--auth none)."]
    yield Note(lines)
    yield from _connections(options, len(functions()))
    yield Smoke(replace(options, url=""))


def _container(options: Options) -> Iterator[Action]:
    yield from _deployed(options, "container")
    yield from _connections(options, 1)
    yield Smoke(replace(options, url=""), url_from=url_of(options, CONTAINER))


def _connections(options: Options, services: int) -> Iterator[Note]:
    """Say how many connections Cloud SQL must allow."""
    if options.sql_instance:
        of_each = options.environment()["STORE_CONNECTIONS"]
        most = services * int(options.max_instances) * int(of_each)
        counted = f"{services} x {options.max_instances} instances x {of_each}"
        text = f"At most {most} connections to Cloud SQL ({counted}): see docs/postgresql.md."
        yield Note([text])


def _remove(options: Options) -> Iterator[Action]:
    # Every resource would seem absent from a project with a misspelt name.
    reach = options.gcloud(f"projects describe {options.project} --format=none")
    yield ensure(Resource("Access to the project", reach))
    created = [resource for group in TABLE.values() for resource in group(options)]
    # Also what these options do not want, as it may be there; without `create`, it is no resource.
    removable = (it for it in reversed(created) if it.delete and it.create)
    yield from (remove(resource) for resource in removable)
    database = cloud_sql if options.sql_instance else firestore
    commands = [
        *database.deletion(options),
        *(f"iam service-accounts delete {options.account(name)}" for name in (RUNTIME, BUILD)),
    ]
    note = """\
The appointments remain. These commands delete them for good, and then the service accounts;
backups remain until they expire:"""
    shown = (f"  {shlex.join(options.gcloud(command))}" for command in commands)
    yield Note([*note.splitlines(), *shown])


PLANS: dict[str, Callable[[Options], Iterable[Action]]] = {
    "functions": _functions,
    "container": _container,
    "watch": lambda options: _ensured(options, "monitoring"),
    "smoke": lambda options: [Smoke(options)],
    "remove": _remove,
}

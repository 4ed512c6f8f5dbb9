"""Look after events that were set aside, or wait: `python -m shared.runtime.events VERB`.

    list           print what was set aside and what waits, but for reminders that are not due
    resend ID ...  try what was set aside again, as if for the first time; or --all of it
    drop ID ...    delete events, so that nobody is told of them any more; or --all set aside

Prints columns with tabs between them, and nothing about a patient.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from shared.http.dependencies import Dependencies
from shared.model.outbox import Delivery, DeliveryState, OutboxRecord
from shared.notifications.delivery_run import JITTER
from shared.notifications.queue import CLAIM, LAST_PAUSE, is_claimed, resent, writes
from shared.runtime.command_line import CommandLine
from shared.runtime.operator_commands import run
from shared.store.port import Store, Stored, StoreUnavailable, VersionConflict, Writes

COLUMNS = ("state", "event", "type", "appointment", "version", "sink", "tries", "since", "reason")
PAGE = 100
PAUSE_SECONDS = 2.0
TRIES = round(CLAIM.total_seconds() / PAUSE_SECONDS) + 10
"""Enough to outlast a claim, and what others change meanwhile."""

_LONGEST_PAUSE = LAST_PAUSE * (1 + JITTER)
_NOT_TRIED = Delivery()

Pause = Callable[[float], Awaitable[None]]


class Verb(Struct, frozen=True):
    """A change of events, None if one is to be deleted, and what to say if it was made, or not."""

    change: Callable[[OutboxRecord, datetime], OutboxRecord | None]
    done: str
    refused: str


RESEND = Verb(
    lambda record, now: resent(record, now) if record.is_set_aside else record,
    "is tried again",
    "no such event was set aside",
)
DROP = Verb(lambda _, __: None, "is dropped", "there is no such event")


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Do what the verb says, and print it. Ends with status 1 if it was not possible for all."""
    given = _parsed(arguments)
    if given.verb == "list":
        run(environment, list_events)
        return
    verb = RESEND if given.verb == "resend" else DROP
    if not run(environment, lambda it: change_events(it, verb, None if given.all else given.ids)):
        raise SystemExit(1)


async def list_events(dependencies: Dependencies) -> None:
    """Print a line for each event and each sink that did not take it, and how many there are."""
    store, now = dependencies.store, dependencies.now()
    print("\t".join(COLUMNS))
    set_aside = [_print(record, "set_aside") async for record in _set_aside(store)]
    waiting = [
        _print(record, "waiting") async for record in _waiting(store, now) if record.event.at <= now
    ]
    print(f"{sum(set_aside)} set aside, {sum(waiting)} waiting")


async def change_events(
    dependencies: Dependencies,
    verb: Verb,
    ids: Collection[str] | None,
    pause: Pause = asyncio.sleep,
) -> bool:
    """Change events, without ids all that were set aside, and print what was done.

    Returns whether that was possible for all. Raises StoreError.
    """
    if ids is None:
        ids = [record.id async for record in _set_aside(dependencies.store)]
    changed = set[str]()
    for _, group in groupby(sorted(set(ids)), _appointment_of):
        some = list(group)
        done = await _change(dependencies, verb, some, pause)
        for event_id in some:
            print(f"{event_id}: {verb.done if event_id in done else verb.refused}")
        changed |= done
    print(f"{len(changed)} of {len(set(ids))} events")
    return changed.issuperset(ids)


async def _change(
    dependencies: Dependencies, verb: Verb, ids: Collection[str], pause: Pause
) -> set[str]:
    """Change events of one appointment once nobody delivers them; return the ids of those."""
    store, appointment_id = dependencies.store, _appointment_of(next(iter(ids)))
    for _ in range(TRIES):
        records, now = await store.waiting_events([appointment_id]), dependencies.now()
        if records and is_claimed(records, now):
            await pause(PAUSE_SECONDS)
            continue
        after = [
            Stored(
                verb.change(each.value, now) if each.value.id in ids else each.value, each.version
            )
            for each in records
        ]
        pairs = zip(records, after, strict=True)
        changed = {old.value.id for old, new in pairs if new.value != old.value}
        if not changed:
            return changed
        try:
            await store.commit(Writes(events=writes(records, _due_now(after, now))))
        except VersionConflict:
            continue
        return changed
    raise StoreUnavailable(f"the events of {appointment_id} are being delivered; try again later")


def _due_now(
    records: Sequence[Stored[OutboxRecord | None]], now: datetime
) -> list[Stored[OutboxRecord | None]]:
    """Return the records, the first one that is left due, as it speaks for those behind it.

    So it is written, too, and whoever has claimed it meanwhile is noticed.
    """
    first = next((each for each in records if each.value), None)
    return [
        Stored(replace(each.value, due_at=now), each.version)
        if each is first and each.value
        else each
        for each in records
    ]


async def _set_aside(store: Store) -> AsyncIterator[OutboxRecord]:
    after = ""
    while page := await store.set_aside_events(PAGE, after):
        for each in page:
            yield each.value
        after = page[-1].value.id


async def _waiting(store: Store, now: datetime) -> AsyncIterator[OutboxRecord]:
    """Yield the events of each appointment that somebody is to look at, longest due first."""
    after, seen = None, set[str]()
    while page := await store.due_events(now + _LONGEST_PAUSE, PAGE, after):
        names = dict.fromkeys(each.value.event.appointment_id for each in page)
        turns = {name: turn for turn, name in enumerate(names) if name not in seen}
        found = [each.value for each in await store.waiting_events(turns)]
        for record in sorted(found, key=lambda it: turns[it.event.appointment_id]):
            yield record
        after, seen = page[-1].value, seen.union(turns)


def _print(record: OutboxRecord, state: DeliveryState) -> bool:
    """Print a line for each sink in this state; return whether there is any."""
    found = [(sink, each) for sink, each in record.deliveries.items() if each.state == state]
    if not found and state == "waiting" and not record.is_set_aside:
        found = [("-", _NOT_TRIED)]
    event = record.event
    for sink, delivery in sorted(found, key=lambda it: it[0]):
        since = delivery.failing_since or event.at
        columns = (
            state.replace("_", " "),
            event.id,
            f"appointment.{event.type}",
            event.appointment_id,
            str(event.version),
            sink,
            str(delivery.tries),
            f"{since:%Y-%m-%dT%H:%M:%SZ}",
            " ".join(delivery.reason.split()),
        )
        print("\t".join(columns))
    return bool(found)


def _appointment_of(event_id: str) -> str:
    return event_id.partition("~")[0]


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    description = "Look after events that were set aside, or wait."
    parser = CommandLine(prog="python -m shared.runtime.events", description=description)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="print what was set aside, and what waits")
    for name, text in (("resend", "try what was set aside again"), ("drop", "delete events")):
        verb = verbs.add_parser(name, help=text, description=f"{text.capitalize()}.")
        verb.add_argument("ids", nargs="*", metavar="ID", help="of an event, as list prints it")
        verb.add_argument("--all", action="store_true", help="all that was set aside")
    given = parser.parse_args(arguments)
    if given.verb != "list" and bool(given.ids) == given.all:
        parser.error(f"{given.verb}: name events, or --all that was set aside")
    return given


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # So `| head` ends it without a traceback.
    main(sys.argv[1:])

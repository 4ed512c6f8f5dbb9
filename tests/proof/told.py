"""Whether everything that happened was told, once the rest has been delivered."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.model.time_zones import time_zone
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.runtime.sinks import open_sinks
from shared.settings import NotificationSettings, WebhookSettings
from shared.store.port import Store, StoreError
from tests.proof.processes import ALL_TIME
from tests.proof.receiver import SECRET, Receiver, wrong_events

STEP = timedelta(hours=12)
"""More than the clock of any process is wrong, and longer than any pause between tries."""
MOST_STEPS = 20
MOST_WAITING = 300
HELPING_SECONDS = 20.0
SECONDS = 600.0
LONG_AFTER = datetime(2200, 1, 1, tzinfo=UTC)


async def caught_up(store: Store, receiver: Receiver) -> None:
    """Help the deliverers until few events wait, also those of clocks that were ahead.

    Firestore's emulator has no indexes: for each query of the outbox it looks at all that waits,
    and with thousands of events nobody gets anything done any more.
    """
    for number in range(1, MOST_STEPS + 1):
        try:
            if len(await store.due_events(LONG_AFTER, MOST_WAITING)) < MOST_WAITING:
                return
            await _deliver(store, receiver, number * STEP, HELPING_SECONDS)
        except StoreError:  # It may just be down.
            await asyncio.sleep(1)


async def events_told(store: Store, receiver: Receiver) -> list[str]:
    """Deliver what still waits; return sentences about what was lost, false or out of order."""
    receiver.patient = True
    for number in range(1, MOST_STEPS + 1):
        await _deliver(store, receiver, number * STEP, SECONDS)
        if not await store.due_events(LONG_AFTER, 1):
            break
    left = await store.due_events(LONG_AFTER, 1000)
    waiting = [f"{each.value.id} still waits for {each.value.due_at}" for each in left]
    return waiting + wrong_events(receiver.arrived, await _versions(store))


async def _deliver(store: Store, receiver: Receiver, ahead: timedelta, seconds: float) -> None:
    """Deliver all that is due by a clock that is so much ahead, for so many seconds at most."""
    webhook = WebhookSettings((receiver.url,), (SECRET,), loopback=True)
    sinks = partial(open_sinks, NotificationSettings(webhook), store)
    known = DoctorCache(store), ClinicCache(store, time_zone("UTC"))
    random = Random(1)  # noqa: S311 - jitter
    deliverer = Deliverer(
        store, Messages(store, *known), sinks, lambda: datetime.now(UTC) + ahead, random
    )
    try:
        await deliverer.run(seconds)
    finally:
        await deliverer.close()


async def _versions(store: Store) -> dict[str, int]:
    """The versions of all appointments, by id."""
    async with store.snapshot() as snapshot:
        doctors = await store.list_doctors(1000)
        booked = [
            appointment
            for doctor in doctors
            async for day in snapshot.scan(doctor.id, date.min, date.max)
            for appointment in day.appointments
        ]
        ended = [a for d in doctors async for a in snapshot.scan_ended(d.id, ALL_TIME)]
    return {appointment.id: appointment.version for appointment in (*booked, *ended)}

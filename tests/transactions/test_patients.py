"""Commands of patients with accounts: what they cost, whom they keep waiting, what they show.

That no patient is booked twice, or too often, is shown by the simulation in tests/proof.
"""

import asyncio
from datetime import datetime
from functools import partial
from typing import cast

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.documents import Documents
from shared.model.patient_history import PastAppointment
from shared.model.patient_schedule import PatientSchedule
from shared.rules.erasing import erase
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted, Decision, Outcome, Replayed
from shared.rules.refusals import BeingErased, PatientBusy, SlotTaken, UnknownAppointment
from shared.store.port import PatientWrite, Stored, StoreRefused, Writes
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.plan import MOST_BYTES, BatchPlan
from tests.builders import (
    appointment,
    at,
    doctor,
    key,
    owned,
    patient,
    schedule,
    schedule_of,
)
from tests.commands import cancel, command, conflicts, granted, move
from tests.scripted_store import (
    ScriptedStore,
    Step,
    after,
    fails_after,
    fails_for_good,
    instance,
    prompt,
    slow,
)
from tests.simulated_loop import simulated

MON, TUE = "2026-11-23", "2026-11-24"
NINE, HALF_PAST, TEN, ELEVEN = (f"{MON}T{clock}Z" for clock in ("09:00", "09:30", "10:00", "11:00"))
TUE_NINE = f"{TUE}T09:00Z"
NOW = at("2026-11-20T12:00Z")
ADA, BOB = patient("ada"), patient("bob")
ID = "strange.20261123.a"
HERS = owned(appointment(NINE, HALF_PAST, ID), ADA)


def with_hers() -> ScriptedStore:
    """A store with an appointment of Ada's at nine on Monday."""
    store = ScriptedStore(schedule(MON, HERS))
    store.put_patients(schedule_of(ADA, HERS))
    return store


def held(store: ScriptedStore, caller: Caller) -> list[str]:
    """The ids in a patient's schedule."""
    assert caller.patient
    found = store.patients.get(caller.patient)
    return [a.id for a in found.value.appointments] if found else []


async def all_of(coordinator: Coordinator, *commands: Command) -> list[Outcome]:
    return await asyncio.gather(*(coordinator.run(each) for each in commands))


# What has left


def plan_of(store: ScriptedStore, *commands: Command) -> PatientWrite:
    """What one batch of commands writes of Ada, who has an appointment at nine on Monday."""
    state = store.view()
    plan = BatchPlan.on(
        replace(state, elsewhere=dict.fromkeys(commands[0].births, Stored(None, None)))
    )
    for each in commands:
        granted(cast("Outcome", plan.decide(each)))
    (write,) = plan.writes().patients
    return write


def for_ada(command: Command) -> Command:
    """The same command, once everything is known that it needs."""
    return replace(command, patients=frozenset({schedule_of(ADA).key}), elsewhere=command.births)


def erasing(now: datetime = NOW) -> Command:
    """To erase Ada's appointment of Monday."""
    there = cancel(MON, ID)
    sought = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY)
    return replace(there, decide=partial(erase, sought=sought, now=now))


def test_what_one_command_moves_and_the_next_cancels_has_left_from_where_it_was_last() -> None:
    moved, given_up = for_ada(move(MON, TEN, ID)), for_ada(cancel(MON, ID))
    write = plan_of(with_hers(), moved, given_up)
    assert write.ended() == [PastAppointment(ID, "2026-11", at(TEN))]
    assert write.forgotten == ()


def test_what_is_erased_leaves_the_schedule_for_nowhere() -> None:
    write = plan_of(with_hers(), for_ada(erasing()))
    assert (write.schedule.appointments, write.ended(), write.forgotten) == ((), [], ())


def test_what_left_and_is_erased_with_the_same_commit_never_comes_to_the_history() -> None:
    write = plan_of(with_hers(), for_ada(cancel(MON, ID)), for_ada(erasing()))
    assert (write.schedule.appointments, write.ended(), write.forgotten) == ((), [], ())


def test_what_had_left_and_is_erased_leaves_the_history() -> None:
    store = with_hers()
    store.put_patients(schedule_of(ADA))
    write = plan_of(store, for_ada(erasing()))
    assert (write.ended(), write.forgotten) == ([], [PastAppointment.of(HERS)])


# What it costs


@pytest.mark.parametrize(
    ("earlier", "asked", "loads"),
    [
        pytest.param([], command(NINE, by=ADA), 1, id="the-first-of-all"),
        pytest.param([command(TEN, "x")], command(NINE, by=ADA), 1, id="on-a-known-day"),
        pytest.param([command(TEN, "x", by=ADA)], command(NINE, by=ADA), 0, id="the-second"),
        pytest.param([command(TEN, ID, by=ADA)], cancel(MON, ID, by=ADA), 0, id="cancelling"),
        pytest.param([command(TEN, ID, by=ADA)], move(MON, NINE, ID, by=ADA), 0, id="moving"),
        pytest.param([command(TEN, ID, by=ADA)], cancel(MON, ID), 0, id="by-staff-once-known"),
    ],
)
@simulated
async def test_a_patient_costs_a_load_where_the_schedule_is_not_known(
    earlier: list[Command], asked: Command, loads: int
) -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    for each in earlier:
        granted(await coordinator.run(each))
    store.loads = store.commits = 0
    granted(await coordinator.run(asked))
    assert (store.loads, store.commits) == (loads, 1)


@simulated
async def test_staff_learn_from_the_appointment_whose_schedule_they_need() -> None:
    store = with_hers()
    assert granted(await instance(store).run(cancel(MON, ID))) == ID
    assert (store.loads, store.commits) == (2, 1)
    assert held(store, ADA) == []


@simulated
async def test_a_refusal_is_not_based_on_a_cached_schedule() -> None:
    store = with_hers()
    coordinator = instance(store)
    assert conflicts(await coordinator.run(command(f"{MON}T09:15Z", "b", by=ADA)))
    store.put(schedule(MON))
    store.put_patients(schedule_of(ADA))
    assert granted(await coordinator.run(command(f"{MON}T09:15Z", "b", by=ADA))) == "b"


@simulated
async def test_a_booking_that_goes_on_a_cached_schedule_is_decided_again_if_that_is_outdated() -> (
    None
):
    store = ScriptedStore()
    one, other = instance(store, 1), instance(store, 2)
    await one.run(command(ELEVEN, "a", by=ADA))
    granted(await other.run(command(NINE, "who.20261123.b", by=ADA)))
    outcome = await one.run(command(NINE, "c", by=ADA))
    assert isinstance(outcome, PatientBusy)
    assert conflicts(outcome) == [("09:00", "09:30")]


# Together, and alone


@simulated
async def test_of_two_doctors_at_one_time_a_patient_gets_one() -> None:
    store = ScriptedStore()
    asked = command(NINE, "a", by=ADA), command(NINE, "who.20261123.b", by=ADA)
    one, other = await all_of(instance(store), *asked)
    assert granted(one) == "a"
    assert isinstance(other, PatientBusy)
    assert held(store, ADA) == ["a"]


@simulated
async def test_all_patients_of_one_day_are_committed_at_once() -> None:
    store = ScriptedStore()
    asked = [
        command(f"{MON}T{9 + n}:00Z".replace("T9", "T09"), f"n{n}", by=who)
        for n, who in enumerate((ADA, BOB, ADA, patient("eve")))
    ]
    outcomes = await all_of(instance(store), *asked)
    assert [granted(outcome) for outcome in outcomes] == ["n0", "n1", "n2", "n3"]
    assert store.commits == 2  # The first does not wait for the others.


@simulated
async def test_a_patient_who_is_held_elsewhere_keeps_nobody_waiting() -> None:
    store = ScriptedStore()
    store.on_commit.append(slow(5))
    coordinator = instance(store)
    first, waits = (
        asyncio.create_task(coordinator.run(each))
        for each in (command(NINE, "a", by=ADA), command(TUE_NINE, "b", by=ADA))
    )
    await asyncio.sleep(1)
    assert granted(await coordinator.run(command(f"{TUE}T10:00Z", "c"))) == "c"
    assert not waits.done()
    assert [granted(await task) for task in (first, waits)] == ["a", "b"]


def busy_elsewhere(store: ScriptedStore) -> Step:
    """Somebody else changes the schedule of Ada first."""
    return after(lambda: store.put_patients(schedule_of(ADA)))


@simulated
async def test_a_busy_patient_makes_the_others_of_a_batch_try_again_only_once() -> None:
    store = ScriptedStore()
    others = [command(f"{MON}T{hour}:00Z", f"at-{hour}", by=BOB) for hour in (10, 11, 12)]
    asked = [command(f"{MON}T15:00Z", "first"), command(NINE, "hers", by=ADA), *others]
    # Together in vain, then the others, then hers twice in vain.
    disturbed = busy_elsewhere(store)
    store.on_commit.extend([slow(1), disturbed, prompt, disturbed, disturbed])
    outcomes = await all_of(instance(store), *asked)
    assert [granted(outcome) for outcome in outcomes] == [
        "first",
        "hers",
        "at-10",
        "at-11",
        "at-12",
    ]
    assert store.commits == 6
    assert held(store, BOB) == ["at-10", "at-11", "at-12"]


@simulated
async def test_a_patient_whose_day_alone_has_changed_stays_with_the_others() -> None:
    store = ScriptedStore()
    store.on_commit.extend([slow(1), after(lambda: store.put(schedule(MON)))])
    asked = command(f"{MON}T15:00Z", "first"), command(NINE, "hers", by=ADA), command(TEN, "b")
    outcomes = await all_of(instance(store), *asked)
    assert [granted(outcome) for outcome in outcomes] == ["first", "hers", "b"]
    assert store.commits == 3


@simulated
async def test_a_commit_without_an_answer_does_not_count_as_a_change_of_the_schedule() -> None:
    store = ScriptedStore()
    store.on_commit.extend([slow(1), fails_after])
    asked = [command(NINE, "hers", by=ADA), command(TEN, "his", by=BOB)]
    outcomes = await all_of(instance(store), command(f"{MON}T15:00Z", "first"), *asked)
    assert [granted(outcome) for outcome in outcomes] == ["first", "hers", "his"]
    # Of the day; of the two together, twice; and of each, to see what has become of it.
    assert (store.loads, store.commits) == (5, 2)


@simulated
async def test_a_schedule_whose_commit_had_no_answer_is_read_again() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(command(NINE, "a", by=ADA))
    await coordinator.run(command(f"{TUE}T12:00Z", "b"))
    store.on_commit.append(fails_after)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await coordinator.run(command(TEN, "c", by=ADA))
    await asyncio.sleep(1)
    assert granted(await coordinator.run(command(TUE_NINE, "d", by=ADA))) == "d"
    assert held(store, ADA) == ["a", "c", "d"]
    assert store.commits == 4


@simulated
async def test_the_store_may_object_to_a_command_beside_one_that_is_left_for_later() -> None:
    store = ScriptedStore()
    store.on_commit.extend([slow(1), busy_elsewhere(store), fails_for_good, fails_for_good])
    coordinator = instance(store)
    asked = command(f"{MON}T15:00Z", "first"), command(NINE, "hers", by=ADA), command(TEN, "b")
    first, hers, refused = await asyncio.gather(
        *(coordinator.run(each) for each in asked), return_exceptions=True
    )
    assert granted(first) == "first"
    # "b" is refused with "hers" gone, then "hers" by itself, then "b" goes through.
    assert isinstance(hers, StoreRefused)
    assert granted(refused) == "b"


@simulated
async def test_what_would_make_a_commit_too_large_goes_into_the_next() -> None:
    store = ScriptedStore()
    store.on_commit.append(slow(1))
    large = MOST_BYTES // 2
    starts = {f"at-{hour}": f"{MON}T{hour}:00Z" for hour in range(10, 15)}
    asked = [with_unknown(command(start, name), large) for name, start in starts.items()]
    outcomes = await all_of(instance(store), command(NINE, "first"), *asked)
    assert [granted(outcome) for outcome in outcomes] == ["first", *starts]
    # Of the five, two fill a commit.
    assert (store.loads, store.commits) == (1, 4)


def with_unknown(asked: Command, size: int) -> Command:
    """The same booking, with fields that a newer version wrote."""

    def decide(documents: Documents) -> Decision:
        changes, outcome = asked.decide(documents)
        assert isinstance(outcome, Accepted)
        return changes, Accepted(outcome.appointment._replace(unknown_fields=b"x" * size))

    return replace(asked, decide=decide)


# What is shown


@simulated
async def test_a_replay_shows_the_appointment_only_to_whom_may_see_it() -> None:
    store = ScriptedStore()
    who = Caller("doctor", "https://issuer.example", "w", frozenset({"strange"}))
    asked = replace(command(NINE, ID, idempotency_key="k"), caller=who)
    coordinator = instance(store)
    assert granted(await coordinator.run(asked)) == ID
    again = replace(asked, request_id="another")
    assert isinstance(await coordinator.run(again), Replayed)
    elsewhere = replace(again, caller=replace(who, doctor_ids=frozenset({"who"})))
    assert await coordinator.run(elsewhere) == UnknownAppointment()


@simulated
async def test_so_does_the_answer_to_a_booking_whose_commit_had_none() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    nobodys = replace(command(NINE, ID), caller=BOB)
    assert await instance(store).run(nobodys) == UnknownAppointment()


@pytest.mark.parametrize("appointment_id", [ID, "strange.20261123.unknown"])
@simulated
async def test_what_a_patient_may_not_see_costs_what_the_unknown_costs(appointment_id: str) -> None:
    store = with_hers()
    for asked in (cancel(MON, appointment_id, by=BOB), move(MON, TEN, appointment_id, by=BOB)):
        store.loads, store.read = 0, []
        assert await instance(store).run(asked) == UnknownAppointment()
        # The day; what is kept beside it; and all of it for a refusal.
        assert (store.loads, store.days_read()) == (3, ["strange 2026-11-23"] * 2)
    assert held(store, ADA) == [ID]


@simulated
async def test_openings_beside_a_refusal_leave_out_when_the_patient_is_busy() -> None:
    taken = appointment(NINE, HALF_PAST, "other")
    store = ScriptedStore(schedule(MON, taken))
    store.put_patients(schedule_of(ADA, appointment(HALF_PAST, TEN, "who.20261123.x")))
    outcome = await instance(store).run(command(NINE, "a", by=ADA))
    assert isinstance(outcome, SlotTaken)
    starts = [f"{opening.interval.start:%H:%M}" for opening in outcome.openings]
    assert starts == ["10:00", "10:30", "11:00"]


@simulated
async def test_nothing_is_booked_for_an_account_that_is_being_erased() -> None:
    store = with_hers()
    assert ADA.patient
    store.put_patients(PatientSchedule(ADA.patient, (HERS,), erasing=True))
    by_ada = command(TEN, "b", by=ADA), move(MON, TEN, ID, by=ADA), cancel(MON, ID, by=ADA)
    for asked in (*by_ada, move(MON, TEN, ID)):
        assert await instance(store).run(asked) == BeingErased()
    assert store.commits == 0


@simulated
async def test_a_preview_tells_of_the_patients_own_conflicts() -> None:
    store = with_hers()
    preview = await instance(store).preview(command(NINE, "who.20261123.b", by=ADA))
    assert isinstance(preview, PatientBusy)


def test_a_plan_that_changes_nothing_has_nothing_to_write() -> None:
    plan = BatchPlan.on(ScriptedStore().view())
    assert not plan.changes_anything
    assert plan.writes() == Writes([], [], [], [], (), [], [])

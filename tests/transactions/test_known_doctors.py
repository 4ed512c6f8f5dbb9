"""Commands about appointments whose doctors are known only once they were found."""

from collections.abc import Collection, Mapping
from functools import partial

import pytest

from shared.access.caller import ANYBODY
from shared.directory.doctor_cache import DoctorCache
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Doctors, Sought
from shared.rules.outcomes import Accepted, Decision, NeedsDoctor
from shared.store.port import StoreUnavailable
from shared.transactions.command import Command
from shared.transactions.known_doctors import run_with_doctors
from tests.builders import appointment, at, doctor, key, schedule
from tests.scripted_store import ScriptedStore, instance

NOW = at("2026-11-20T09:00Z")
MON, ID = "2026-11-23", "strange.20261123.a"
HERE = ElsewhereKey("strange", ID)
THEIRS = appointment(f"{MON}T09:00Z", f"{MON}T10:00Z", ID, doctor_id="who")


class Employing(ScriptedStore):
    """A store of an appointment that was moved to another doctor, and of some doctors."""

    def __init__(self, *names: str) -> None:
        super().__init__(schedule(MON), schedule(MON, THEIRS, doctor_id="who"))
        self.put_elsewhere(HERE, Pointer(key(MON, "who")))
        self.employed = {name: doctor(doctor_id=name) for name in names}
        self.asked: list[str] = []

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        self.asked += ids
        return {name: self.employed[name] for name in ids if name in self.employed}


def cancelling(doctors: Doctors) -> Command:
    request = Cancellation(Sought(ID, key(MON), doctors, ANYBODY))
    decide = partial(cancel, request=request, now=NOW)
    return Command(frozenset({key(MON)}), decide, NOW, ID, ANYBODY, frozenset({HERE}))


def needing_who(_: Doctors) -> Command:
    """A command that never has enough."""

    def decide(_: Documents) -> Decision:
        return Documents(), NeedsDoctor("who")

    return Command(frozenset({key(MON)}), decide, NOW, ID, ANYBODY, frozenset({HERE}))


async def test_the_doctor_whom_it_is_with_by_now_is_looked_up_once_that_is_known() -> None:
    store = Employing("strange", "who")
    run = run_with_doctors(instance(store), DoctorCache(store), {"strange"}, cancelling)
    assert isinstance(await run, Accepted)
    assert store.asked == ["strange", "who"]


async def test_a_doctor_who_is_not_there_may_be_new() -> None:
    store = Employing("strange")
    run = run_with_doctors(instance(store), DoctorCache(store), {"strange"}, cancelling)
    with pytest.raises(StoreUnavailable, match="the doctor who is new, or was deleted by hand"):
        await run


async def test_nobody_is_looked_up_twice_for_one_command() -> None:
    store = Employing("strange", "who")
    run = run_with_doctors(instance(store), DoctorCache(store), {"strange"}, needing_who)
    with pytest.raises(StoreUnavailable, match="the doctor who is new"):
        await run
    assert store.asked == ["strange", "who"]

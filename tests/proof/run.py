"""One run of the proof on one store: processes, clients, faults, and a verdict."""

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields, replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import httpx

from shared.transactions.overrides import DEADLINES
from tests.end_to_end.processes import DEADLINE, run_module
from tests.firestore_emulator import VARIABLE
from tests.ports import HOST
from tests.postgresql_server import PostgresqlServer, running_server
from tests.proof.accounts import POLICY, SETTINGS
from tests.proof.checker import judge
from tests.proof.faults import Faults, meanwhile
from tests.proof.first_sight import Verdict, problems
from tests.proof.history import (
    BookSeries,
    CancelSeries,
    DeleteOverride,
    HoldTime,
    MakeOverride,
    MarkAs,
    Release,
    Things,
    Update,
)
from tests.proof.kept_histories import kept
from tests.proof.processes import (
    Functions,
    Program,
    appointments_in,
    function_processes,
    integrity,
    own_emulator,
    power_cut_copy,
)
from tests.proof.proxy import Proxy
from tests.proof.receiver import affected, listening
from tests.proof.rules import MISMATCH, OFF, TOO_MANY, UNKNOWN_HOLD
from tests.proof.schedules import opened, wrong_schedules
from tests.proof.search import LIMIT
from tests.proof.told import caught_up, events_told
from tests.proof.workload import (
    SERVICES,
    Client,
    Round,
    Tally,
    add_holds,
    add_overrides,
    final_state,
)

PROCESSES = 3
CLIENTS = 16
OPERATIONS = 20
"""Of each client of a round."""
TRIES_OF_A_CONTROL = 5
"""Runs in which it must be caught at the latest: what it gets wrong, it gets wrong at times."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

DEADLINE_SECONDS = 4
"""After this, and the grace of the plan, a request is answered; overrides have several of it."""

FILE = "appointments.db"
DATABASE = "clinic"

DAYS_AT_ONCE = {"sqlite": 2, "postgresql": 2, "firestore": 1}
"""That are listed or searched; the emulator shows half of a commit to queries at times."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked of a run. It ends when there was enough of both, or when it is stuck.

    With `faults=0` nothing fails; `control` names the store that breaks the promise, if any.
    `grace` is how many seconds after the deadline an answer may come at the latest.
    """

    operations: int
    faults: int
    grace: float
    rounds_at_once: int = 2
    control: str = ""


@dataclass(slots=True)
class Report:
    """What came of a run."""

    store: str
    grace: float
    control: str = ""
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    faults: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    schedules: list[str] = field(default_factory=list)
    """Of patients, each that is not as the doctors' days say."""
    events: list[str] = field(default_factory=list)
    """Of appointments of which others were not told rightly."""
    told: int = 0
    told_again: int = 0
    affected: int = 0
    noticed: bool | None = None
    """Whether the loss of all data was seen; None where it was not tried."""

    def found_out(self) -> Sequence[str]:
        """What tells a control, of the kind that it does not prevent.

        Who writes patients' schedules blindly also loses what stands in them.
        """
        verdict = self.verdict
        kinds = {
            "patients unchecked": (*verdict.patients, *self.schedules),
            "overrides remembered": verdict.away,
            "holds remembered": verdict.kept,
        }
        return kinds.get(self.control, verdict.double)

    def wrong(self) -> list[str]:
        """Every claim that did not hold, in sentences."""
        verdict = self.verdict
        found = [*verdict.double, *verdict.patients, *verdict.away, *verdict.kept]
        found += [*verdict.lost, *verdict.phantom]
        found += [*verdict.unexplained, *verdict.undecided, *self.schedules, *self.events]
        found += [f"nobody should get: {answer}" for answer in self.tally.unexpected]
        if self.tally.stuck:
            found.append(f"it was stuck: {self.tally.given_up} operations were never answered")
        for longest, deadlines in (
            (self.tally.longest, 1),
            (self.tally.longest_override, DEADLINES),
        ):
            if longest > deadlines * DEADLINE_SECONDS + self.grace:
                found.append(f"a request was left waiting for {longest:.1f} s")
        if self.noticed is False:
            found.append("all data was lost, and nobody noticed")
        return [f"{self.store}: {sentence}" for sentence in found]


@dataclass(slots=True)
class Site:
    """What runs: the functions' processes, each behind a proxy, and what is behind them."""

    folder: Path
    processes: list[Functions]
    proxies: list[Proxy]
    place: Path | str
    """Where the store itself is: a file, or the address of what is behind its proxy."""
    emulator: Program | None = None
    database: PostgresqlServer | None = None
    store_proxy: Proxy | None = None

    @property
    def urls(self) -> list[str]:
        """Where clients find the functions."""
        return [f"http://{proxy.address}" for proxy in self.proxies]


@asynccontextmanager
async def site(
    store: str, folder: Path, control: str, told: Mapping[str, str]
) -> AsyncIterator[Site]:
    """Everything that runs, on an empty store. `told` are the settings of who is told of events."""
    settings = {"DEADLINE_SECONDS": str(DEADLINE_SECONDS), "CONTROL": control, **SETTINGS, **told}
    (folder / "doctors.json").write_text(json.dumps(_clinic()))
    async with AsyncExitStack() as stack:
        running = Site(folder, [], [], folder / FILE)
        if store == "sqlite":
            settings["STORE"] = f"sqlite:{FILE}"
        elif store == "postgresql":
            settings["STORE"] = await _open_database(running, stack, control)
        else:
            settings |= {"STORE": "firestore", VARIABLE: await _open_emulator(running, stack)}
        patient = {**settings, **DEADLINE}  # The emulator may still be waking.
        load = await asyncio.to_thread(run_module, "shared.runtime.load_doctors", folder, patient)
        load.check_returncode()
        running.processes = stack.enter_context(function_processes(PROCESSES, folder, settings))
        running.proxies = [
            await stack.enter_async_context(Proxy(p.port)) for p in running.processes
        ]
        yield running


async def _open_emulator(running: Site, stack: AsyncExitStack) -> str:
    """Start an emulator behind a proxy, and return the address of that."""
    running.emulator = stack.enter_context(own_emulator(running.folder))
    running.place = f"{HOST}:{running.emulator.port}"
    running.store_proxy = await stack.enter_async_context(Proxy(running.emulator.port))
    return running.store_proxy.address


async def _open_database(running: Site, stack: AsyncExitStack, control: str) -> str:
    """Start a PostgreSQL server behind a proxy, and return the address of a database there.

    What a control does wrong is not prevented by the constraint of the schema.
    """
    running.database = await asyncio.to_thread(stack.enter_context, running_server())
    running.place = await asyncio.to_thread(running.database.new_database, DATABASE)
    if control:
        running.database.allow_double_bookings(running.place)
    running.store_proxy = await stack.enter_async_context(Proxy(running.database.port))
    return running.database.address(DATABASE, running.store_proxy.port)


async def prove(
    store: str, plan: Plan, folder: Path, histories: Path, progress: Progress
) -> Report:
    """Let clients work while things fail, then ask whether anything went wrong.

    Histories that no order explains, and those of which this is not decided, are kept in a folder.
    """
    report, rounds = Report(store, plan.grace, plan.control), list[Round]()
    helping = asyncio.Lock()
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(listening())
        # What a control tells is not looked at, and to tell it would leave less time for races.
        own = site(store, folder, plan.control, {} if plan.control else receiver.settings)
        running = await stack.enter_async_context(own)
        # One for each client: what a shared one spends on choosing a connection grows with them.
        clients_at_once = plan.rounds_at_once * CLIENTS
        phones = [await stack.enter_async_context(_phone()) for _ in range(clients_at_once)]
        faults = _faults(running, rounds)
        report.faults = faults.counts
        failing = asyncio.ensure_future(
            # In step with the operations, so that there is enough of both at the same time.
            faults.go_on(lambda n: n * plan.operations <= plan.faults * report.tally.operations)
        )
        began = monotonic()

        async def work(own: Sequence[httpx.AsyncClient]) -> None:
            while not _enough(report, plan):
                round_ = Round(len(rounds), DAYS_AT_ONCE[store])
                rounds.append(round_)
                clients = (Client(n, round_, running.urls, report.tally) for n in range(CLIENTS))
                works = (c.work(phone, OPERATIONS) for c, phone in zip(clients, own, strict=True))
                await asyncio.gather(*works)
                report.seconds = monotonic() - began
                progress(_line(report))
                if running.emulator and not plan.control:
                    async with helping, opened(running.place) as emulator:
                        await caught_up(emulator, receiver)

        shares = (phones[n :: plan.rounds_at_once] for n in range(plan.rounds_at_once))
        await meanwhile(failing, asyncio.gather(*(work(share) for share in shares)))
        if plan.faults:
            # Whatever an unanswered request could still do, it has done, or never will.
            for process in running.processes:
                await asyncio.to_thread(process.restart)
            await asyncio.sleep(DEADLINE_SECONDS + 1)
        url = running.processes[0].url
        states = [await final_state(phones[0], url, r, report.tally) for r in rounds]
        accounts = [account for round_ in rounds for account in round_.accounts]
        async with opened(running.place) as store_itself:
            report.schedules = await wrong_schedules(store_itself, accounts)
            await add_overrides(store_itself, rounds, states)
            await add_holds(store_itself, rounds, states)
            if not plan.control:
                with _standing_still(running.processes):
                    report.events = await events_told(store_itself, receiver)
        report.told = len({told.name for told in receiver.arrived})
        report.told_again = len(receiver.arrived) - report.told
        report.affected = affected(receiver.arrived)
        if running.emulator:
            report.noticed = await _loses_everything(running, phones[0], rounds)
    progress(_line(report) + ", looking for an order that explains it")
    limit = STEPS_OF_A_CONTROL if plan.control else LIMIT
    report.verdict = await asyncio.to_thread(_verdict, rounds, states, histories, limit)
    return report


@contextmanager
def _standing_still(processes: Sequence[Functions]) -> Iterator[None]:
    """Freeze the processes meanwhile."""
    with ExitStack() as stack:
        for process in processes:
            stack.callback(process.thaw)
            process.freeze()
        yield


def _phone() -> httpx.AsyncClient:
    # The client has a patience of its own; and to load certificates takes longer than a booking.
    return httpx.AsyncClient(timeout=None, trust_env=False, verify=NO_TLS)  # noqa: S113


def _faults(running: Site, rounds: Sequence[Round]) -> Faults:
    faults = Faults(seed=1)
    faults.of_network(running.proxies, "client and function")
    faults.of_processes(running.processes)
    if running.store_proxy:
        faults.of_network([running.store_proxy], "function and store")
    if running.emulator and running.store_proxy:
        faults.of_emulator(running.emulator, running.store_proxy)
    elif running.database:
        faults.of_database(running.database)
    else:
        faults.add("power cuts", 2, _PowerCuts(running, rounds).cut)
    return faults


class _PowerCuts:
    """What a loss of power would leave must be sound, and hold all that was acknowledged."""

    def __init__(self, running: Site, rounds: Sequence[Round]) -> None:
        self._running = running
        self._rounds = rounds

    async def cut(self) -> None:
        acknowledged = {i for round_ in self._rounds for i in round_.ids.values()}
        file = self._running.folder / FILE
        with TemporaryDirectory() as folder:
            processes = self._running.processes
            copy = await asyncio.to_thread(power_cut_copy, processes, file, Path(folder))
            verdict = await asyncio.to_thread(integrity, copy)
            assert verdict == "ok", verdict
            there = {appointment.id for appointment in await appointments_in(copy)}
        assert acknowledged <= there, f"lost with the power: {acknowledged - there}"


async def _loses_everything(
    running: Site, http: httpx.AsyncClient, rounds: Sequence[Round]
) -> bool:
    """Restart the emulator, which is empty then, and see whether the proof would notice."""
    assert running.emulator
    await asyncio.to_thread(running.emulator.restart)
    try:
        state = await final_state(http, running.processes[0].url, rounds[0], Tally())
    except httpx.HTTPStatusError:
        return True
    return bool(problems(rounds[0].calls, {}, state).lost)


def _verdict(
    rounds: Sequence[Round], states: Sequence[Things], histories: Path, limit: int
) -> Verdict:
    """Of all rounds together; each is a history by itself, since it has days of its own."""
    # Not forked from this process, which may have threads of a database's client.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(2, context) as pool:
        verdicts = list(pool.map(judge_round, rounds, states, repeat(histories), repeat(limit)))
    kinds = (field.name for field in fields(Verdict))
    return Verdict(*(tuple(s for v in verdicts for s in getattr(v, kind)) for kind in kinds))


def judge_round(round_: Round, state: Things, histories: Path, limit: int = LIMIT) -> Verdict:
    """Of one round; what is unexplained or undecided says where its history is kept."""
    history = round_.history(state)
    verdict = judge(history, limit)
    if not (verdict.unexplained or verdict.undecided):
        return verdict
    file = kept(histories, f"round-{round_.number}", history)

    def told(sentences: Sequence[str]) -> tuple[str, ...]:
        # The number of a round is the seed of its clients.
        return tuple(f"round {round_.number}, kept in {file}: {each}" for each in sentences)

    return replace(
        verdict, unexplained=told(verdict.unexplained), undecided=told(verdict.undecided)
    )


STEPS_OF_A_CONTROL = 2_000
"""Where all is known to be wrong, nobody waits for the search to see that no order explains it."""


def _enough(report: Report, plan: Plan) -> bool:
    done = report.tally.operations >= plan.operations and report.faults.total() >= plan.faults
    return done or report.tally.stuck


def _line(report: Report) -> str:
    tally = report.tally
    return (
        f"{report.store}: {report.seconds:.0f} s, {tally.operations:,} operations, "
        f"{report.faults.total():,} faults, {tally.retries:,} tries without an answer"
    )


def _clinic() -> object:
    """A clinic file. Its patients may do little, so that runs soon have one who may do no more."""
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    kept = {
        "strange": ("UTC", "09:00", "17:00"),
        "who": ("Europe/London", "00:00", "24:00"),
    }
    return {
        "policy": POLICY,
        "services": [
            {
                "id": name,
                "name": name,
                "buffer_before_minutes": before,
                "buffer_after_minutes": after,
            }
            for name, (before, after) in SERVICES.items()
        ],
        "doctors": [
            {
                "id": name,
                "name": name,
                "time_zone": zone,
                "working_hours": [{"days": week, "opens": opens, "closes": closes}],
            }
            for name, (zone, opens, closes) in kept.items()
        ],
    }


def lines(reports: Sequence[Report]) -> Iterator[str]:
    """The table at the end, in Markdown: a row for each figure, a column for each store."""
    kinds = sorted({kind for report in reports for kind in report.faults})
    rows: list[tuple[str, list[str]]] = [
        ("operations", [f"{r.tally.operations:,}" for r in reports]),
        ("of these by signed-in patients", [f"{r.tally.by_patients:,}" for r in reports]),
        ("answered patient_busy", [f"{r.tally.answers['Busy']:,}" for r in reports]),
        ("answered too_many_requests", [f"{r.tally.answers[TOO_MANY.code]:,}" for r in reports]),
        ("overrides made, and deleted", [_asked(r, MakeOverride, DeleteOverride) for r in reports]),
        ("answered time_off", [f"{r.tally.answers[OFF.code]:,}" for r in reports]),
        ("times held, and released", [_asked(r, HoldTime, Release) for r in reports]),
        ("answered unknown_hold", [f"{r.tally.answers[UNKNOWN_HOLD.code]:,}" for r in reports]),
        ("series, and cancelled ones", [_asked(r, BookSeries, CancelSeries) for r in reports]),
        ("answered series_unavailable", [f"{r.tally.answers['Unavailable']:,}" for r in reports]),
        ("marks, and corrections", [_asked(r, MarkAs, Update) for r in reports]),
        ("answered version_mismatch", [f"{r.tally.answers[MISMATCH.code]:,}" for r in reports]),
        ("events told, and told again", [f"{r.told:,}, {r.told_again:,}" for r in reports]),
        ("of these that time off affects", [f"{r.affected:,}" for r in reports]),
        ("faults", [f"{r.faults.total():,}" for r in reports]),
        *((f"of these {kind}", [f"{r.faults[kind]:,}" for r in reports]) for kind in kinds),
        ("tries without an answer, sent again", [f"{r.tally.retries:,}" for r in reports]),
        ("operations given up without an answer", [f"{r.tally.given_up:,}" for r in reports]),
        ("**double bookings**", [f"**{len(r.verdict.double)}**" for r in reports]),
        ("**double bookings of a patient**", [f"**{len(r.verdict.patients)}**" for r in reports]),
        ("**bookings in time off**", [f"**{len(r.verdict.away)}**" for r in reports]),
        ("**bookings of held times**", [f"**{len(r.verdict.kept)}**" for r in reports]),
        ("**lost bookings**", [f"**{len(r.verdict.lost)}**" for r in reports]),
        ("**phantom bookings**", [f"**{len(r.verdict.phantom)}**" for r in reports]),
        ("**wrong schedules of patients**", [f"**{len(r.schedules)}**" for r in reports]),
        ("**events lost, false or out of order**", [f"**{len(r.events)}**" for r in reports]),
        ("rounds that no order explains", [f"{len(r.verdict.unexplained)}" for r in reports]),
        ("rounds that are undecided", [f"{len(r.verdict.undecided)}" for r in reports]),
        ("longest time without an answer", [f"{r.tally.longest:.1f} s" for r in reports]),
        ("of an override", [f"{r.tally.longest_override:.1f} s" for r in reports]),
        ("duration", [f"{r.seconds:.0f} s" for r in reports]),
    ]
    yield "| | " + " | ".join(report.store for report in reports) + " |"
    yield "|---|" + "---:|" * len(reports)
    for name, figures in rows:
        yield f"| {name} | " + " | ".join(figures) + " |"


def _asked(report: Report, *kinds: type) -> str:
    return ", ".join(f"{report.tally.asked[kind.__name__]:,}" for kind in kinds)

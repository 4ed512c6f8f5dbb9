"""The faults that the proof is made under: each of them does what its name says."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import grpc  # type: ignore[import-untyped]
import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from shared.store.firestore.store import FirestoreStore
from shared.store.port import StoreUnavailable
from tests.end_to_end.processes import PATIENCE_SECONDS, run_module
from tests.firestore_emulator import VARIABLE, NoEmulatorError, emulated_store
from tests.ports import HOST
from tests.proof.exhausted import refusing_server
from tests.proof.faults import Faults, meanwhile, stopped
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

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCTORS = (
    '{"policy": {"horizon_days": 36600},'
    ' "doctors": [{"id": "strange", "name": "Doctor Strange", "working_hours": [{"days":'
    ' ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "00:00", "closes": "24:00"}]}]}'
)
FREE = (f"2099-03-02T{n // 60:02}:{n % 60:02}:00+00:00" for n in count())
"""Minutes of one day, so that the functions know the day, each for one test alone."""


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not happened():  # noqa: ASYNC110 - nobody is told when a process does something
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


async def book(
    client: httpx.AsyncClient, process: Functions, start: str, function: str = "create_appointment"
) -> httpx.Response:
    patient = {"name": "Ada Lovelace"}
    body = {"doctor_id": "strange", "start": start, "duration_minutes": 1, "patient": patient}
    return await client.post(f"{process.url}/{function}", json=body)


def verdict(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


# The network


class Listener:
    """A server that keeps what it gets, and answers each piece with another."""

    def __init__(self) -> None:
        self.got = b""
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Listener"]:
        async with await asyncio.start_server(self._serve, HOST, 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            self.got += data
            writer.write(b"yes")
        writer.close()


@pytest_asyncio.fixture(loop_scope="module")
async def listener() -> AsyncIterator[Listener]:
    async with Listener().listening() as listener:
        yield listener


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(listener: Listener) -> AsyncIterator[Proxy]:
    async with Proxy(listener.port) as proxy:
        yield proxy


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Connection]:
    """A connection on which one piece, an a, has been answered."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"a")
        assert await reader.read(100) == b"yes"
        yield reader, writer
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_cut_ends_every_connection_before_what_is_on_its_way_arrives(
    proxy: Proxy, listener: Listener
) -> None:
    async with connected(proxy) as (one, writer), connected(proxy) as (other, _):
        with proxy.delaying(60):
            writer.write(b"b")
            await until(lambda: proxy.counts["chunks delayed"] == 1)
            proxy.cut()
            assert await one.read() == await other.read() == b""
    async with connected(proxy):
        assert listener.got == b"aaa"
    assert proxy.counts["connections cut"] == 2


async def test_requests_arrive_while_answers_are_lost(proxy: Proxy, listener: Listener) -> None:
    async with connected(proxy) as (reader, writer):
        with proxy.losing_answers():
            writer.write(b"b")
            await until(lambda: proxy.counts["bytes of answers lost"] == 3)
            assert listener.got == b"ab"
        assert await reader.read() == b""
    async with connected(proxy):
        assert proxy.counts["bytes of answers lost"] == 3


async def test_what_is_delayed_arrives_in_order_and_not_before_its_time(
    proxy: Proxy, listener: Listener
) -> None:
    clock = asyncio.get_running_loop().time
    async with connected(proxy) as (reader, writer):
        begin = clock()
        with proxy.delaying(0.1):
            writer.write(b"b")
            assert await reader.read(100) == b"yes"
            assert clock() - begin >= 0.2
            writer.write(b"c")
            await until(lambda: proxy.counts["chunks delayed"] == 3)
        writer.write(b"d")
        await until(lambda: len(listener.got) == 4)
    assert listener.got == b"abcd"


async def test_who_sends_more_than_can_be_passed_on_has_to_wait(proxy: Proxy) -> None:
    async with connected(proxy) as (_, writer):
        with proxy.delaying(60):
            writer.write(bytes(50_000_000))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 0.5)
        proxy.cut()


async def test_new_connections_are_refused_for_a_while_and_old_ones_stay(proxy: Proxy) -> None:
    async with connected(proxy) as (reader, writer):
        async with proxy.refusing():
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, proxy.port)
            writer.write(b"b")
            assert await reader.read(100) == b"yes"
        async with connected(proxy):
            assert proxy.counts["times closed"] == 1


async def test_new_connections_lead_elsewhere_for_a_while_and_old_ones_are_cut(
    proxy: Proxy, listener: Listener
) -> None:
    async with connected(proxy) as (old, _), Listener().listening() as elsewhere:
        with proxy.leading_to(elsewhere.port):
            assert await old.read() == b""
            async with connected(proxy):
                assert (listener.got, elsewhere.got) == (b"a", b"a")
        async with connected(proxy):
            assert (listener.got, elsewhere.got) == (b"aa", b"a")


# On Firestore


@dataclass(frozen=True, slots=True)
class Firestore:
    """A process of the functions, and between it and its emulator the proxy."""

    emulator: Program
    proxy: Proxy
    functions: Functions
    settings: dict[str, str]

    @asynccontextmanager
    async def store(self, address: str) -> AsyncIterator[FirestoreStore]:
        """The same database, by another way, or by the same one."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, address)
            store = emulated_store(self.settings["GOOGLE_CLOUD_PROJECT"], seconds=10)
            await store.clinic()  # It connects at its first use.
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def past_the_proxy(self) -> AsyncIterator[FirestoreStore]:
        async with self.store(f"{HOST}:{self.emulator.port}") as store:
            yield store


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """An emulator that may be frozen and killed; without one as the tests' other one."""
    try:
        with own_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
            yield emulator
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON FIRESTORE: {error}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firestore(
    emulator: Program, client: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Firestore]:
    folder = tmp_path_factory.mktemp("firestore")
    (folder / "doctors.json").write_text(DOCTORS)
    settings = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": f"demo-{uuid4()}"}
    directly = {**settings, VARIABLE: f"{HOST}:{emulator.port}"}
    run_module("shared.runtime.load_doctors", folder, directly).check_returncode()
    async with Proxy(emulator.port) as proxy:
        settings[VARIABLE] = proxy.address
        with function_processes(1, folder, settings) as (functions,):
            firestore = Firestore(emulator, proxy, functions, settings)
            assert (await book(client, functions, next(FREE))).status_code == 201
            yield firestore


async def is_stored(store: FirestoreStore, start: str) -> bool:
    day = datetime.fromisoformat(start).date()
    async with store.snapshot() as snapshot:
        (found,) = [found async for found in snapshot.scan("strange", day, day)]
    return start in [a.interval.start.isoformat() for a in found.appointments]


async def test_a_commit_whose_answer_is_lost_has_happened(
    firestore: Firestore, client: httpx.AsyncClient
) -> None:
    start = next(FREE)
    async with firestore.past_the_proxy() as store, asyncio.timeout(PATIENCE_SECONDS):
        with firestore.proxy.losing_answers():
            booking = asyncio.create_task(book(client, firestore.functions, start))
            while not await is_stored(store, start):
                assert not booking.done()
            await until(lambda: firestore.proxy.counts["bytes of answers lost"] > 0)
            assert not booking.done()
        assert (await booking).status_code == 201


async def test_a_commit_that_is_cut_before_it_arrives_never_happens(firestore: Firestore) -> None:
    proxy = firestore.proxy
    async with (
        firestore.past_the_proxy() as directly,
        firestore.store(proxy.address) as store,
    ):
        (strange,) = await store.list_doctors(10)
        delayed = proxy.counts["chunks delayed"]
        with proxy.delaying(60):
            writing = asyncio.create_task(store.put_doctors([replace(strange, id="who")]))
            await until(lambda: proxy.counts["chunks delayed"] > delayed)
            proxy.cut()
            with pytest.raises(StoreUnavailable):
                await writing
        assert await directly.list_doctors(10) == [strange]


async def test_a_database_that_refuses_is_answered_with_try_again_until_it_does_not(
    firestore: Firestore,
    client: httpx.AsyncClient,
) -> None:
    async with refusing_server(grpc.StatusCode.PERMISSION_DENIED) as (port, refusals):
        with firestore.proxy.leading_to(port):
            answer = await book(client, firestore.functions, next(FREE))
            assert verdict(answer) == (503, "try_again")
            assert refusals.calls.total() >= 1
            assert "PERMISSION_DENIED" in firestore.functions.errors.read_text()
        assert verdict(await book(client, firestore.functions, next(FREE))) == (201, None)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED"])
async def test_a_database_that_may_soon_work_again_is_asked_until_it_does(
    firestore: Firestore, client: httpx.AsyncClient, code: str
) -> None:
    async with refusing_server(grpc.StatusCode[code]) as (port, refusals):
        with firestore.proxy.leading_to(port):
            booking = asyncio.create_task(book(client, firestore.functions, next(FREE)))
            await until(lambda: refusals.calls.total() >= 3)
            assert not booking.done()
        assert verdict(await booking) == (201, None)


async def test_a_booking_outlives_a_database_that_nobody_can_connect_to(
    firestore: Firestore,
    client: httpx.AsyncClient,
) -> None:
    connections = firestore.proxy.counts["connections"]
    async with firestore.proxy.refusing():
        firestore.proxy.cut()
        booking = asyncio.create_task(book(client, firestore.functions, next(FREE)))
        done, _ = await asyncio.wait({booking}, timeout=0.3)
        assert not done
        assert firestore.proxy.counts["connections"] == connections
    assert verdict(await booking) == (201, None)


async def test_a_frozen_database_answers_nothing_and_later_all(
    firestore: Firestore, client: httpx.AsyncClient
) -> None:
    start, other = next(FREE), next(FREE)
    async with firestore.past_the_proxy() as store:
        firestore.emulator.freeze()
        bookings = [
            asyncio.create_task(book(client, firestore.functions, s)) for s in (start, other)
        ]
        done, _ = await asyncio.wait(bookings, timeout=0.3)
        assert not done
        firestore.emulator.thaw()
        assert [verdict(await booking) for booking in bookings] == [(201, None)] * 2
        assert await is_stored(store, start)


async def test_nobody_pretends_that_a_database_holds_what_it_has_lost(
    firestore: Firestore,
    client: httpx.AsyncClient,
) -> None:
    lost = (await book(client, firestore.functions, next(FREE))).json()
    await asyncio.to_thread(firestore.emulator.restart)
    url = f"{firestore.functions.url}/get_appointment"
    answer = await client.get(url, params={"appointment_id": lost["id"]})
    assert verdict(answer) == (404, "unknown_appointment")
    await asyncio.to_thread(firestore.functions.restart)
    assert verdict(await book(client, firestore.functions, next(FREE))) == (404, "unknown_doctor")


# Processes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "doctors.json").write_text(DOCTORS)
    return tmp_path


@pytest.fixture
def processes(folder: Path) -> Iterator[list[Functions]]:
    """Two processes on one SQLite file."""
    with function_processes(2, folder, {}) as processes:
        yield processes


async def test_a_clock_jumps_in_one_process_and_back(
    processes: list[Functions], client: httpx.AsyncClient
) -> None:
    jumping, other = processes
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(second=0, microsecond=0).isoformat()

    async def tried(process: Functions) -> tuple[int, str | None]:
        return verdict(await book(client, process, soon, "validate_appointment"))

    assert await tried(jumping) == (200, None)
    for hours, expected in ((12, (422, "in_the_past")), (-12, (200, None))):
        jumping.set_clock(hours * 3600)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await tried(jumping) != expected:
                assert await tried(other) == (200, None)
    assert verdict(await book(client, jumping, soon)) == (201, None)


async def test_a_killed_process_comes_back_on_its_port(
    processes: list[Functions], client: httpx.AsyncClient
) -> None:
    killed, _ = processes
    start = next(FREE)
    assert verdict(await book(client, killed, start)) == (201, None)
    killed.kill()
    with pytest.raises(httpx.TransportError):
        await book(client, killed, start)
    killed.restart()
    assert verdict(await book(client, killed, start)) == (409, "slot_taken")


async def test_a_power_cut_leaves_everything_that_was_acknowledged(
    processes: list[Functions], client: httpx.AsyncClient, folder: Path
) -> None:
    acknowledged: list[str] = []

    async def rush(process: Functions) -> None:
        while len(acknowledged) < 100:
            answer = await book(client, process, next(FREE))
            assert answer.status_code == 201
            acknowledged.append(answer.json()["id"])

    rushing = [asyncio.create_task(rush(process)) for process in processes * 4]
    for number in range(1, 5):
        await until(lambda: len(acknowledged) >= 20 * number)  # noqa: B023 - it is called here
        before = set(acknowledged)
        (folder / str(number)).mkdir()
        copy = power_cut_copy(processes, folder / "appointments.db", folder / str(number))
        assert before <= {appointment.id for appointment in await appointments_in(copy)}
        assert integrity(copy) == "ok"
    await asyncio.gather(*rushing)
    assert len(acknowledged) >= 100


class Witness:
    """Notes whether there is a file when it is frozen, and when it goes on."""

    def __init__(self, file: Path) -> None:
        self.seen: list[tuple[str, bool]] = []
        self._file = file

    def freeze(self) -> None:
        self.seen.append(("frozen", self._file.exists()))

    def thaw(self) -> None:
        self.seen.append(("thawed", self._file.exists()))


async def test_nobody_writes_while_the_copies_of_a_power_cut_are_made(folder: Path) -> None:
    (folder / "appointments.db-wal").write_text("the log")
    (folder / "copy").mkdir()
    witness = Witness(folder / "copy" / "appointments.db-wal")
    copy = power_cut_copy([witness], folder / "appointments.db", folder / "copy")
    assert witness.seen == [("frozen", False), ("thawed", True)]
    assert copy == folder / "copy" / "appointments.db"


async def test_a_fault_that_has_begun_ends_before_no_more_are_made() -> None:
    faults, begun, may_end, ended = Faults(seed=1), asyncio.Event(), threading.Event(), list[int]()

    async def fault() -> None:
        begun.set()
        await asyncio.to_thread(may_end.wait)
        ended.append(1)

    faults.add("slow", 1, fault)
    going = asyncio.ensure_future(faults.go_on(lambda _: True))
    await begun.wait()
    ending = asyncio.ensure_future(stopped(going))
    for _ in range(9):
        await asyncio.sleep(0)
    was_done = ending.done()
    may_end.set()
    await ending
    assert not was_done
    assert ended == [1]


async def test_work_that_waits_for_what_a_failed_fault_has_ended_ends_with_its_error() -> None:
    async def fail() -> None:
        raise OSError("the server does not start")

    with pytest.raises(OSError, match="does not start"):
        await meanwhile(asyncio.create_task(fail()), asyncio.ensure_future(asyncio.sleep(3600)))

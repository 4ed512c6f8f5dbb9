"""How requests fare in a database of very many doctors, beside a small one, in turns.

Whoever names a doctor has that one read; whoever names none has the first few read, or those of a
service. Printed by `python -m benchmarks.growth`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count as count_on
from random import Random
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from benchmarks.bookings import SLOTS, request_of
from benchmarks.timing import Way, say, timings
from shared.directory.doctor_cache import MOST_TOGETHER, DoctorCache
from shared.model.doctor import Doctor, WorkingHours
from shared.rules.outcomes import Accepted
from shared.store.port import Store
from shared.transactions.coordinator import Coordinator

DOCTORS = (2, 1_000, 100_000)
SPECIALISTS = 20
DOCTORS_A_COMMIT = 500
WARM_UP = 5
PAGE = 100
FIRST_KNOWN = 400
DEADLINE_SECONDS = 60
COMMON, RARE = frozenset({"check-up"}), frozenset({"check-up", "surgery"})
WEEK = ((WorkingHours(9 * 60, 17 * 60),),) * 5 + ((),) * 2


async def columns(
    stores: Sequence[Store], times: int, times_of_queries: int
) -> Sequence[Mapping[str, str]]:
    """Fill a store with each number of doctors; return what requests take, a column for each."""
    written = [await _filled(store, count) for store, count in zip(stores, DOCTORS, strict=True)]
    by_name: dict[str, Way] = {}
    queries: dict[str, Way] = {}
    for store, count in zip(stores, DOCTORS, strict=True):
        requests = Requests(store, count)
        by_name |= {f"{name}|{count}": way for name, way in requests.by_name().items()}
        queries |= {f"{name}|{count}": way for name, way in requests.queries().items()}
    say("timing")
    seconds = await timings(by_name, times, WARM_UP)
    seconds |= await timings(queries, times_of_queries, warm_up=1)
    for store in stores:
        await store.close()
    cells: list[dict[str, str]] = [
        {"doctors": f"{count:,}", "written in, s": f"{taken:.1f}"}
        for count, taken in zip(DOCTORS, written, strict=True)
    ]
    for name, taken in seconds.items():
        row, _, of = name.partition("|")
        cells[DOCTORS.index(int(of))][row] = cell(taken)
    return cells


def cell(seconds: Sequence[float]) -> str:
    """Return the median and the 99th percentile, in milliseconds."""
    slow = sorted(seconds)[-1 - len(seconds) // 100]
    return f"{1000 * median(seconds):.2f} / {1000 * slow:.1f}"


async def _filled(store: Store, count: int) -> float:
    """Write so many doctors, of whom a few offer one service more; return the seconds it took."""
    say(f"{type(store).__name__}: writing {count:,} doctors")
    started = perf_counter()
    # Spread over all ids, so that no reader finds them at the beginning.
    apart = max(1, count // SPECIALISTS)
    for first in range(0, count, DOCTORS_A_COMMIT):
        numbers = range(first, min(count, first + DOCTORS_A_COMMIT))
        await store.put_doctors([_doctor(n, RARE if n % apart == 0 else COMMON) for n in numbers])
    return perf_counter() - started


def _doctor(number: int, services: frozenset[str]) -> Doctor:
    name = _id(number)
    return Doctor(name, f"Doctor {number}", ZoneInfo("UTC"), WEEK, services=services)


def _id(number: int) -> str:
    return f"doctor-{number:06}"


class Requests:
    """What an instance does for a request that has nothing in its memory, but where it says so."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._count = count
        self._chance = Random(1)  # noqa: S311 - every run visits the same doctors
        self._coordinator = Coordinator(store, DEADLINE_SECONDS, self._chance)
        self._remembering = DoctorCache(store)
        # Days on which the one books are none of the other's.
        self._unknown = ((day, 0) for day in range(FIRST_KNOWN))
        self._known = ((FIRST_KNOWN + n // SLOTS, n % SLOTS) for n in count_on())

    def by_name(self) -> Mapping[str, Way]:
        """Return what reads documents by their names."""
        return {
            "book, doctor and day not known": partial(self._book, remembers=False),
            "book, the same doctor again": partial(self._book, remembers=True),
            "read a doctor": self._find,
        }

    def queries(self) -> Mapping[str, Way]:
        """Return what asks for doctors whose names nobody has said."""
        return {
            f"a page of {PAGE} doctors": self._page,
            "doctors of a service that few offer": partial(self._offering, "surgery"),
            "doctors for a search that names none": partial(self._offering, None),
        }

    async def _book(self, _number: int, *, remembers: bool) -> None:
        """Book the next time of a doctor: of a random one, or always of the first."""
        doctor_id = _id(0) if remembers else self._some_id()
        cache = self._remembering if remembers else DoctorCache(self._store)
        if doctor_id not in await cache.find([doctor_id]):
            raise SystemExit(f"{doctor_id} is not there")
        day, slot = next(self._known if remembers else self._unknown)
        command = request_of(doctor_id, day, slot).command
        if not isinstance(outcome := await self._coordinator.run(command), Accepted):
            raise SystemExit(f"refused: {outcome}")

    async def _find(self, _number: int) -> None:
        await DoctorCache(self._store).find([self._some_id()])

    async def _page(self, _number: int) -> None:
        await self._store.list_doctors(PAGE, self._some_id())

    async def _offering(self, service_id: str | None, _number: int) -> None:
        """Read those who could be meant; with more than MOST_TOGETHER a search is refused."""
        found = await DoctorCache(self._store).offering(service_id)
        expected = min(self._count, SPECIALISTS if service_id else MOST_TOGETHER + 1)
        if len(found) != expected:
            raise SystemExit(f"{len(found)} doctors instead of {expected}")

    def _some_id(self) -> str:
        return _id(self._chance.randrange(self._count))

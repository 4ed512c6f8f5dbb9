"""A store in memory whose calls wait at gates, and an event loop that opens one at a time.

Instances meet in the store only. So what can come of a race is a question of the order in which
their calls take effect, and of how each call goes. All of this is decided at the gates, one
choice after the other, whenever nothing else can run; between two choices everything has its
fixed order. The same choices are the same run.
"""

import asyncio
from asyncio import Future, get_running_loop
from collections import Counter, deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from contextvars import Context, copy_context
from datetime import date, datetime
from functools import cache
from heapq import heappop, heappush
from itertools import repeat
from typing import Any, Final, Literal, NamedTuple, Protocol, Self, TypeVar

from shared.models import Appointment, DayKey, DaySchedule, Doctor, Receipt
from shared.scheduling import home_day
from shared.store import (
    DayWrite,
    Failed,
    ReceiptWrite,
    Stale,
    State,
    Stored,
    StoreError,
    Unavailable,
    Version,
)
from tests.simulated_loop import SimulatedLoop

T = TypeVar("T")

A_SHORT_WHILE: Final = 1.0
"""Seconds: pauses between tries are shorter than this, deadlines are longer."""

MOST_TURNS: Final = 100_000
MOST_STEPS: Final = 10_000


class Broken(AssertionError):
    """A promise was not kept."""


How = Literal["goes", "slow", "answers", "unanswered", "lands", "never", "stale", "fails", "time"]
"""What is chosen.

- goes: a call takes effect and is answered
- slow: it takes effect; `answers`: and is answered later
- unanswered: the caller is told so; a commit `lands`, takes effect, at any later time, or never
- stale: the caller is told that a commit was stale, which it was not; it has no effect
- fails: the caller is told that the store refuses to work; it has no effect
- time: the next timer ends, though calls wait: a pause, or a deadline
"""


class Call:
    """A call of an instance (or a client who is about to ask) that waits at its gate.

    `touches` are the documents that it reads or writes when it takes effect.
    """

    __slots__ = ("answer", "arguments", "do", "number", "result", "touches", "verb", "who")

    def __init__(
        self,
        who: int,
        number: int,
        verb: Literal["ask", "load", "scan", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: object,
    ) -> None:
        self.who = who
        self.number = number
        self.verb = verb
        self.touches = touches
        self.do = do
        self.arguments = arguments
        self.answer: Future[Any] = get_running_loop().create_future()
        self.result: object = None


class Option(NamedTuple):
    """One way to go on."""

    how: How
    call: Call | None = None


class Chooser(Protocol):
    """Whoever decides how it goes on."""

    random: Any
    """For the pauses between tries."""

    def choose(self, gates: "Gates", *, soon: bool, timer: bool) -> Option:
        """Take one of the options, of which there is one at least.

        There is a `timer` that could end instead, and it is a pause if that is `soon`.
        """

    def lands(self, gates: "Gates") -> Option:
        """What happens to late commits after all; `never` ends it."""


FAULTS: Final = frozenset({"slow", "unanswered", "stale", "fails"})
_OF_COMMITS: Final[tuple[How, ...]] = ("unanswered", "slow", "stale")
_OF_READS: Final[tuple[How, ...]] = ("unanswered", "slow")


class Gates:
    """Everything that is under way: calls that wait, late answers, late commits."""

    def __init__(self, chooser: Chooser, counts: Counter[str] | None = None) -> None:
        self.chooser = chooser
        self.waiting: list[Call] = []
        self.answering: list[Call] = []
        self.late: list[Call] = []
        self.steps = 0
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.trace: Callable[[str], None] | None = None
        self._dead: Callable[[Call], bool] = lambda _: False

    def prune_with(self, dead: Callable[[Call], bool]) -> None:
        """Say which late commits can never take effect any more."""
        self._dead = dead

    async def wait(self, call: Call) -> Any:  # noqa: ANN401 - what the call answers
        """Wait until the gate opens, and for the answer."""
        self.waiting.append(call)
        return await call.answer

    def open_one(self, timeout: float | None) -> bool:
        """Let one thing happen, or False if it is time that passes."""
        self._give_up()
        if not (self.waiting or self.answering or self.late):
            return False
        soon = timeout is not None and timeout < A_SHORT_WHILE
        if self.steps > MOST_STEPS:
            raise Broken("it goes on and on")
        option = self.chooser.choose(self, soon=soon, timer=timeout is not None)
        self._take(option)
        return option.how != "time"

    def land_rest(self) -> None:
        """When all is over: what of the late commits still takes effect?"""
        self._give_up()
        while self.late:
            option = self.chooser.lands(self)
            self._take(option)
            if option.how == "never":
                break
            self._give_up()

    def normal(self) -> list[Option]:
        """What may happen without a fault; the first of a list is the plainest."""
        options = [Option("goes", call) for call in self.waiting]
        options += [Option("answers", call) for call in self.answering]
        options += [Option("lands", call) for call in self.late]
        return options

    def faults(self) -> list[Option]:
        """The faults that the waiting calls could suffer."""
        return [
            Option(how, call)
            for call in self.waiting
            if call.verb != "ask"
            for how in (_OF_COMMITS if call.verb == "commit" else _OF_READS)
        ]

    def _take(self, option: Option) -> None:
        how, call = option
        self.steps += 1
        self.counts[how] += 1
        if self.trace:
            self.trace(f"{self.steps:4} {_told(option)}")
        if call is None:
            return
        if how == "answers":
            self.answering.remove(call)
            _deliver(call)
        elif how == "lands":
            self.late.remove(call)
            self._effect(call)
        else:
            self.waiting.remove(call)
            self.counts[call.verb] += 1
            self._open(how, call)

    def _open(self, how: How, call: Call) -> None:
        if how == "goes":
            self._effect(call)
            _deliver(call)
        elif how == "slow":
            self._effect(call)
            self.answering.append(call)
        elif how == "unanswered":
            call.answer.set_exception(Unavailable("no answer"))
            if call.verb == "commit":
                self.late.append(call)
        elif how == "stale":
            call.answer.set_exception(Stale("contended"))
        else:
            call.answer.set_exception(Failed("no permission"))

    def _effect(self, call: Call) -> None:
        try:
            call.result = call.do(*call.arguments)
        except StoreError as error:
            call.result = error
        if self.trace and call.verb != "ask":
            self.trace(f"       -> {_shown(call.result)}")

    def _give_up(self) -> None:
        """What nobody waits for any more: a commit may still land, the rest does not matter."""
        for call in [call for call in self.waiting if call.answer.done()]:
            self.waiting.remove(call)
            self.counts["given up"] += 1
            if call.verb == "commit":
                self.late.append(call)
        if self.answering:
            self.answering = [call for call in self.answering if not call.answer.done()]
        if self.late:
            self.late = [call for call in self.late if not self._dead(call)]


def _deliver(call: Call) -> None:
    if isinstance(call.result, BaseException):
        call.answer.set_exception(call.result)
    else:
        call.answer.set_result(call.result)


class Turn:
    """Something that will be done next, or at a time, unless it is cancelled."""

    __slots__ = ("args", "callback", "context")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context

    def cancel(self) -> None:
        """Do not do it."""
        self.callback = None


class GatedLoop(SimulatedLoop):
    """Opens a gate whenever nothing can run; lets time pass where there is none, or if told.

    It runs what is ready in the order that asyncio promises, and does no more about it than
    tasks, futures, sleeps and timeouts need: hundred thousands of runs are worth that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gates: Gates | None = None
        self._turns: deque[Turn] = deque()
        self._timers: list[tuple[float, int, Turn]] = []
        self._timers_ever = 0
        self._context = copy_context()

    def restart(self, gates: Gates) -> None:
        """Begin anew, at 0 s."""
        self.gates = gates
        self.complaints.clear()
        self._turns.clear()
        self._timers.clear()
        self._timers_ever = 0
        self._now = 0.0

    def busy(self) -> bool:
        """Whether anything but its caller still runs, or waits for a time."""
        return bool(self._turns) or any(timer.callback for _, _, timer in self._timers)

    def run_until_complete(self, main: Awaitable[T]) -> T:  # type: ignore[override]
        """Run until this is done."""
        asyncio._set_running_loop(self)  # noqa: SLF001 - meant for whoever writes a loop
        try:
            task = asyncio.ensure_future(main, loop=self)
            turns = self._turns
            while not task.done():
                for _ in repeat(None, MOST_TURNS):
                    if not turns:
                        break
                    turn = turns.popleft()
                    if turn.callback is not None:
                        turn.context.run(turn.callback, *turn.args)
                else:
                    raise Broken("it runs and runs, and asks the store for nothing")
                if not task.done():
                    self._wake()
            return task.result()
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Turn:
        """Do it next."""
        turn = Turn(callback, args, context or self._context)
        self._turns.append(turn)
        return turn

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: object
    ) -> Turn:
        """Do it then."""
        timer = Turn(callback, args, self._context)
        self._timers_ever += 1
        heappush(self._timers, (when, self._timers_ever, timer))
        return timer

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: object
    ) -> Turn:
        """Do it after a while."""
        return self.call_at(self._now + delay, callback, *args)

    def create_task(self, coro: Coroutine[Any, Any, T], **_: object) -> asyncio.Task[T]:  # type: ignore[override]
        """A task of this loop."""
        return asyncio.Task(coro, loop=self, context=self._context)

    def _wake(self) -> None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        left = timers[0][0] - self._now if timers else None
        if self.gates and self.gates.open_one(left):
            return
        self.select(left)
        while timers and timers[0][0] <= self._now:
            self._turns.append(heappop(timers)[2])


# The store


class SimulatedStore:
    """Doctor-days and receipts with their versions; every state is looked at as it arises."""

    def __init__(self, *days: DaySchedule) -> None:
        self.days: dict[DayKey, Stored[DaySchedule]] = {}
        self.receipts: dict[str, Stored[Receipt]] = {}
        self.there: dict[str, Appointment] = {}
        self.changed_at: set[datetime] = set()
        self.version = 0
        self.put(days)

    def put(self, days: Collection[DaySchedule]) -> None:
        """Replace days, as if nobody had ever written any."""
        for day in days:
            self.version += 1
            self.days[day.key] = Stored(day, self.version)
        self.there = _all_of(self.days)

    def is_stale(self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]) -> bool:
        """Whether anything is not as it was read."""
        for write in days:
            found = self.days.get(write.day.key)
            if (found and found.version) != write.read.version:
                return True
        for receipt in receipts:
            used = self.receipts.get(receipt.receipt.key)
            if (used and used.version) != receipt.replaced:
                return True
        return False

    def commit(
        self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing."""
        if self.is_stale(days, receipts):
            raise Stale("changed")
        return self.write(days, receipts)

    def write(
        self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]
    ) -> Mapping[DayKey, Version]:
        """Write, and look at what there is then."""
        self.version += 1
        for write in days:
            self.days[write.day.key] = Stored(write.day, self.version)
        for receipt in receipts:
            if receipt.receipt.key in self.receipts:
                raise Broken("a key took effect twice")
            self.receipts[receipt.receipt.key] = Stored(receipt.receipt, self.version)
        self._look()
        return {write.day.key: self.version for write in days}

    def view(self) -> State:
        """All that there is now."""
        return State(self.days.copy(), self.receipts.copy())

    def _look(self) -> None:
        before, self.there = self.there, _all_of(self.days)
        if not before.keys() <= self.there.keys():
            raise Broken(f"{before.keys() - self.there.keys()} lie nowhere")
        for name, appointment in self.there.items():
            if appointment is not before.get(name):
                # Every request has a `now` of its own, so this tells whose change it is.
                if appointment.updated_at in self.changed_at:
                    raise Broken(f"a request has changed {name} twice")
                self.changed_at.add(appointment.updated_at)


_home_day = cache(home_day)


def _all_of(days: Mapping[DayKey, Stored[DaySchedule]]) -> dict[str, Appointment]:
    """All appointments, of which no two overlap; each on one day, which its home day names."""
    there: dict[str, Appointment] = {}
    moved: dict[str, DayKey] = {}
    for key, stored in days.items():
        busy_until = None
        for appointment in stored.value.appointments:
            name, interval = appointment.id, appointment.interval
            if name in there:
                raise Broken(f"{name} lies on two days")
            there[name] = appointment
            if appointment.doctor_id != key.doctor_id or interval.start.date() != key.day:
                raise Broken(f"{name} lies on a wrong day")
            if _home_day(name) != key:
                moved[name] = key
            if appointment.cancelled_at is None:
                if busy_until and interval.start < busy_until:
                    raise Broken(f"{name} overlaps the one before")
                busy_until = interval.end
    _check_forwarding(days, moved)
    return there


def _check_forwarding(
    days: Mapping[DayKey, Stored[DaySchedule]], moved: Mapping[str, DayKey]
) -> None:
    """Each that moved to another day is forwarded there by its home day, and nothing else is."""
    forwarded = 0
    for key, stored in days.items():
        for name, place in stored.value.forwarded.items():
            forwarded += 1
            if moved.get(name) != place or _home_day(name) != key:
                raise Broken(f"{name} is said to lie on {place}, and does not")
    if forwarded != len(moved):
        raise Broken("the home day of an appointment does not know where it lies")


class Port:
    """The store as one instance sees it: every call waits at a gate, where there are gates."""

    def __init__(self, store: SimulatedStore, gates: Gates, who: int) -> None:
        self.store = store
        self.who = who
        self.open = True
        self._gates = gates
        self._calls = 0

    def snapshot(self, instant: datetime | None = None) -> "View":
        """A view of the instant of its first read."""
        assert instant is None
        return View(self)

    async def commit(
        self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, on the versions that were read."""
        touches = [*(write.day.key for write in days), *(r.receipt.key for r in receipts)]
        result: Mapping[DayKey, Version]
        result = await self.call("commit", touches, self.store.commit, days, receipts)
        return result

    async def call(
        self,
        verb: Literal["load", "scan", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: object,
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Do it when the gate opens."""
        if self.open:
            return do(*arguments)
        self._calls += 1
        call = Call(self.who, self._calls, verb, touches, do, *arguments)
        return await self._gates.wait(call)

    async def doctors(self) -> Sequence[Doctor]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def close(self) -> None:
        """There is nothing to close."""


class View:
    """A snapshot."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._state: State | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def load(self, days: Collection[DayKey], receipts: Collection[str]) -> State:
        """Read days and receipts."""
        touches = () if self._state else (*days, *receipts)
        result: State = await self._port.call("load", touches, self._load, days, receipts)
        return result

    def scan(self, doctor_id: str, first: date, last: date) -> AsyncIterator[DaySchedule]:
        """The existing days in order, all of them read when the first is."""
        return _Scan(self, doctor_id, first, last)

    async def instant(self) -> datetime:
        """Nobody asks for it."""
        raise NotImplementedError

    def state(self) -> State:
        """What it shows: how it was at the first read."""
        if self._state is None:
            self._state = self._port.store.view()
        return self._state

    async def scanned(self, doctor_id: str, first: date, last: date) -> list[DaySchedule]:
        """All days that there are, in order."""
        assert self._state, "what a scan touches is not known beforehand"
        result: list[DaySchedule]
        result = await self._port.call("scan", (), self._scan, doctor_id, first, last)
        return result

    def _load(self, days: Collection[DayKey], receipts: Collection[str]) -> State:
        view = self.state()
        return State(
            {key: view.days.get(key) or Stored(DaySchedule(key), None) for key in days},
            {key: view.receipts[key] for key in receipts if key in view.receipts},
        )

    def _scan(self, doctor_id: str, first: date, last: date) -> list[DaySchedule]:
        days = self.state().days
        wanted = [key for key in days if key.doctor_id == doctor_id and first <= key.day <= last]
        return [days[key].value for key in sorted(wanted)]


class _Scan:
    def __init__(self, view: View, doctor_id: str, first: date, last: date) -> None:
        self._view = view
        self._wanted = doctor_id, first, last
        self._days: list[DaySchedule] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DaySchedule:
        if self._days is None:
            self._days = (await self._view.scanned(*self._wanted))[::-1]
        if not self._days:
            raise StopAsyncIteration
        return self._days.pop()


# In words


def _told(option: Option) -> str:
    how, call = option
    if call is None:
        return {"time": "time passes", "never": "no late commit takes effect any more"}[how]
    if call.verb == "ask":
        return f"{call.arguments[0]}"
    ways = {
        "goes": "",
        "slow": ", and the answer is under way",
        "answers": " is answered",
        "unanswered": " is not answered",
        "lands": ", late, takes effect",
        "stale": " is told to be stale",
        "fails": " is refused",
    }
    return f"instance {call.who}: {_described(call)}{ways[how]}"


def _described(call: Call) -> str:
    if call.verb == "scan":
        return f"scan {call.arguments[0]}"
    first, second = (list(argument) for argument in call.arguments)  # type: ignore[call-overload]
    if call.verb == "load":
        names = [_name(key) for key in sorted(first)] + [key[:6] for key in sorted(second)]
    else:
        names = [f"{_name(write.day.key)} on v{write.read.version or 0}" for write in first]
        names += [f"receipt {write.receipt.key[:6]}" for write in second]
    return f"{call.verb} #{call.number} of {', '.join(names)}"


def _shown(result: object) -> str:
    if isinstance(result, BaseException):
        return f"{type(result).__name__}: {result}"
    if isinstance(result, State):
        days = (f"{_name(k)} v{s.version or 0} {_entries(s.value)}" for k, s in result.days.items())
        return "; ".join([*days, *(f"receipt {key[:6]}" for key in result.receipts)])
    if isinstance(result, Mapping):
        return "committed, " + ", ".join(f"{_name(key)} v{v}" for key, v in result.items())
    return " ".join(_entries(day) for day in result) if isinstance(result, list) else f"{result}"


def _name(key: DayKey) -> str:
    return f"{key.doctor_id} {key.day}"


def _entries(day: DaySchedule) -> str:
    there = [f"{a.id} {_times(a)}" for a in day.appointments]
    there += [f"{name} -> {_name(key)}" for name, key in day.forwarded.items()]
    return f"[{', '.join(there)}]"


def _times(appointment: Appointment) -> str:
    interval, end = appointment.interval, " cancelled" if appointment.cancelled_at else ""
    return f"{interval.start:%H:%M}-{interval.end:%H:%M}{end}"

"""Gates at which calls wait, and which open one at a time.

Instances meet in the store only. So what can come of a race is a question of the order in which
their calls take effect, and of how each call goes. All of this is decided at the gates, one
choice after the other, whenever nothing else can run; between two choices everything has its
fixed order. The same choices are the same run.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final, Literal, Protocol

from shared.store.port import StoreError, StoreRefused, StoreUnavailable, VersionConflict
from tests.proof.calls import Call, How, Option
from tests.proof.in_words import shown, told
from tests.proof.promises import Broken, WatchedStore
from tests.simulated_store import Port

A_SHORT_WHILE: Final = 1.0
"""Seconds: pauses between tries are shorter than this, deadlines are longer."""

MOST_STEPS: Final = 10_000

Trace = Callable[[str], None]
"""Is told every step, in words."""


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


class Gates:
    """Everything that is under way: calls that wait, late answers, late commits.

    `dead` tells of a late commit whether it can never take effect any more.
    """

    def __init__(
        self,
        chooser: Chooser,
        dead: Callable[[Call], bool],
        counts: Counter[str] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.chooser = chooser
        self.waiting: list[Call] = []
        self.answering: list[Call] = []
        self.late: list[Call] = []
        self.steps = 0
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.trace = trace
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

    def _take(self, option: Option) -> None:
        how, call = option
        self.steps += 1
        self.counts[how] += 1
        if self.trace:
            self.trace(f"{self.steps:4} {told(option)}")
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
            call.answer.set_exception(StoreUnavailable("no answer"))
            if call.verb == "commit":
                self.late.append(call)
        elif how == "contended":
            call.answer.set_exception(VersionConflict("contended"))
        else:
            call.answer.set_exception(StoreRefused("no permission"))

    def _effect(self, call: Call) -> None:
        try:
            call.result = call.do(*call.arguments)
        except StoreError as error:
            call.result = error
        if self.trace and call.verb != "ask":
            self.trace(f"       -> {shown(call.result)}")

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


class GatedPort(Port):
    """The store as one instance sees it: once it is not `open`, every call waits at a gate."""

    def __init__(self, store: WatchedStore, gates: Gates, who: int) -> None:
        super().__init__(store)
        self.open = True
        self._gates = gates
        self._who = who
        self._calls = 0

    async def call(
        self,
        verb: Literal["load", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: object,
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Do it when the gate opens."""
        if self.open:
            return do(*arguments)
        self._calls += 1
        call = Call(self._who, self._calls, verb, touches, do, *arguments)
        return await self._gates.wait(call)

"""Calls that wait at a gate, and the ways in which each can go."""

from asyncio import Future, get_running_loop
from collections.abc import Callable, Collection
from typing import Any, Literal, NamedTuple

How = Literal[
    "goes", "slow", "answers", "unanswered", "lands", "never", "contended", "fails", "time"
]
"""What is chosen.

- goes: a call takes effect and is answered
- slow: it takes effect; `answers`: and is answered later
- unanswered: the caller is told so; a commit `lands`, takes effect, at any later time, or never
- contended: the caller is told of a version conflict that there was not; it has no effect
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
        verb: Literal["ask", "load", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: object,
    ) -> None:
        self.who = who
        self.number = number
        self.verb = verb
        self.touches = touches
        self.do = do
        self.arguments: tuple[Any, ...] = arguments
        self.answer: Future[Any] = get_running_loop().create_future()
        self.result: object = None


class Option(NamedTuple):
    """One way to go on."""

    how: How
    call: Call | None = None

"""Is there an order of all calls, each at one instant of its own, that explains every answer?

The rules are in `rules.told`: what a store would answer that does one thing after the other.
Whatever order is found, `rules.proves` does it all again by these rules: so these two are all that
has to be believed of "explained". The rest only looks for an order ([search.py]).
"""

from dataclasses import replace

from tests.proof.first_sight import Verdict, problems
from tests.proof.history import Call, History
from tests.proof.rules import proves
from tests.proof.search import LIMIT, Search, Undecided


def explain(history: History, limit: int = LIMIT) -> list[Call] | None:
    """An order that leads from before to after, and explains every answer, or None.

    A call that was answered before another was invoked comes before it. A call without an answer
    stands where it took effect; where it is left out, it never did, or was only a read. Raises
    `Undecided` if after `limit` steps none was found, and it is not certain that there is none.
    """
    return _found(Search(history, limit), history)


def _found(search: Search, history: History) -> list[Call] | None:
    order = search.run()
    assert order is None or proves(order, history), "the search is wrong"
    return order


def judge(history: History, limit: int = LIMIT) -> Verdict:
    """All that is wrong; the history is right exactly if all is explained, and that is decided."""
    found = problems(history.calls, history.before, history.after)
    search = Search(history, limit)
    try:
        order = _found(search, history)
    except Undecided as undecided:
        return replace(found, undecided=(str(undecided),))
    if order is None:
        stuck = search.calls[search.stuck]
        return replace(found, unexplained=(f"no order explains {stuck}",))
    return found

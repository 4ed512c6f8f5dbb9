"""Small cases about holds and series, to be tried in every order like all others."""

from tests.proof.history import (
    Book,
    BookSeries,
    Cancel,
    CancelSeries,
    HoldTime,
    Move,
    Release,
    Slot,
)
from tests.proof.world import BLINK, DAY, ENDS, Asked, Case, HeldThere, Request, There

NINE, QUARTER, HALF, TEN = (Slot("strange", s, s + 30) for s in (540, 555, 570, 600))
TUESDAY, TUESDAY_TOO, TUESDAY_TEN = (
    Slot("strange", DAY + s, DAY + s + 30) for s in (540, 555, 600)
)
A, B, C = (f"strange.20261123.{name}" for name in "abc")
D = "strange.20261124.d"
E, F = "who.20261123.e", "who.20261124.f"
AT_WHO, AROUND_MIDNIGHT, AFTER_MIDNIGHT = (
    Slot("who", start, start + 30) for start in (540, DAY - 15, DAY)
)
A_PART = Slot("who", DAY, DAY + 15)
H, K = (f"strange.20261123.hold.{name}" for name in "hk")
J = "who.20261123.hold.j"
S, T = (tuple(f"strange.{day}.{name}" for day in (20261123, 20261124)) for name in "st")

BEFORE_IT_ENDS = ENDS - BLINK


def _clients(*asked: Asked, keys: str = "") -> tuple[tuple[Request, ...], ...]:
    """One request of each client, of one instance after the other; with keys, if there are any."""
    keyed = keys.ljust(len(asked))
    return tuple(
        (Request(number, each, keyed[number].strip() or None),) for number, each in enumerate(asked)
    )


_HOLD, _BOOKING = HoldTime(H, NINE, ENDS), Book(B, QUARTER)
_WITH_IT = Book(A, NINE, hold=H)
_SERIES, _SKIPPING = BookSeries(S, (NINE, TUESDAY)), BookSeries(S, (NINE, TUESDAY), skip=True)
_CROSSING = BookSeries(T, (TEN, TUESDAY_TOO))
_FROM_TUESDAY = CancelSeries(S, DAY)

_HELD = (HeldThere(H, NINE, ENDS),)
_HELD_BY_ADA = (HeldThere(H, NINE, ENDS, "ada"),)
_AT_MIDNIGHT = (HeldThere(J, AROUND_MIDNIGHT, ENDS),)
_TAKEN = (There(D, TUESDAY),)
_BOTH = tuple(There(name, slot) for name, slot in zip(S, (NINE, TUESDAY), strict=True))
_HERS = tuple(There(name, slot, "ada") for name, slot in zip(S, (NINE, TUESDAY), strict=True))

OF_HOLDS = [
    Case("a hold and a booking", _clients(_HOLD, _BOOKING), faults=1),
    Case("a hold and a booking, warm", _clients(_HOLD, _BOOKING), (), ((), ()), faults=1),
    Case("two holds of one time", _clients(_HOLD, HoldTime(K, QUARTER, ENDS)), faults=1),
    Case("a hold and a move", _clients(_HOLD, Move(A, QUARTER)), (There(A, TEN),), faults=1),
    Case("a hold booked twice", _clients(_WITH_IT, Book(B, NINE, hold=H)), _HELD, faults=1),
    Case(
        "a hold booked twice, warm",
        _clients(_WITH_IT, Book(B, NINE, hold=H)),
        _HELD,
        (_HELD, _HELD),
        faults=1,
    ),
    Case(
        "a hold booked twice, outdated",
        _clients(_WITH_IT, Book(B, NINE, hold=H)),
        _HELD,
        (_HELD, ()),
        faults=1,
    ),
    Case(
        "used in time, and over for another",
        _clients(Book(A, NINE, hold=H, at=BEFORE_IT_ENDS), Book(B, QUARTER, at=ENDS)),
        _HELD,
        (_HELD, _HELD),
        faults=1,
    ),
    Case(
        "used too late, and live for another",
        _clients(Book(A, NINE, hold=H, at=ENDS), Book(B, QUARTER, at=BEFORE_IT_ENDS)),
        _HELD,
        (_HELD, _HELD),
        faults=1,
    ),
    Case("released and booked", _clients(Release(H, NINE), _WITH_IT), _HELD, faults=1),
    Case("released for others", _clients(Release(H, NINE), _BOOKING), _HELD, faults=1),
    Case(
        "held and booked by its holder",
        ((Request(0, _HOLD, "k"), Request(1, _WITH_IT)), (Request(1, _BOOKING),)),
        faults=1,
    ),
    Case("one key for two holds", _clients(_HOLD, HoldTime(K, NINE, ENDS), keys="kk"), faults=1),
    Case(
        "a hold, sent again with its key",
        ((Request(0, _HOLD, "k"), Request(1, HoldTime(K, NINE, ENDS), "k")),),
        (),
        ((), ()),
        faults=2,
    ),
    Case(
        "one key for a hold and a booking",
        _clients(_HOLD, Book(B, TEN), keys="kk"),
        (),
        ((), ()),
        faults=1,
    ),
    Case(
        "a hold across midnight",
        _clients(HoldTime(J, AROUND_MIDNIGHT, ENDS), Book(F, AFTER_MIDNIGHT)),
        faults=1,
    ),
    Case(
        "a part of a hold across midnight",
        _clients(
            Book(F, AFTER_MIDNIGHT._replace(end=DAY + 15), hold=J), Release(J, AROUND_MIDNIGHT)
        ),
        _AT_MIDNIGHT,
        (_AT_MIDNIGHT, _AT_MIDNIGHT),
        faults=1,
    ),
    Case(
        "released across midnight",
        _clients(Release(J, AROUND_MIDNIGHT), Book(F, AFTER_MIDNIGHT)),
        _AT_MIDNIGHT,
    ),
    Case(
        "a hold of somebody else",
        _clients(Book(A, NINE, "bob", "bob", hold=H), Release(H, NINE, "bob")),
        _HELD_BY_ADA,
        faults=1,
    ),
    Case(
        "a patient books what she holds, and elsewhere",
        _clients(Book(A, NINE, "ada", "ada", hold=H), Book(E, AT_WHO, "ada", "ada")),
        _HELD_BY_ADA,
        faults=1,
    ),
    Case("a hold among others", _clients(_HOLD, _BOOKING, HoldTime(K, NINE, ENDS)), at_once=True),
]

OF_SERIES = [
    Case("a series and a booking", _clients(_SERIES, Book(D, TUESDAY_TOO)), faults=1),
    Case("a series and a booking, warm", _clients(_SERIES, Book(D, TUESDAY_TOO)), (), ((), ())),
    Case("two series that cross", _clients(_SERIES, _CROSSING), faults=1),
    Case("two series that cross, warm", _clients(_SERIES, _CROSSING), (), ((), ()), faults=1),
    Case("a series and a hold", _clients(_SERIES, HoldTime(H, QUARTER, ENDS)), faults=1),
    Case("a series that may skip, and a booking", _clients(_SKIPPING, Book(D, TUESDAY)), faults=1),
    Case(
        "a series that may skip, and a cancellation",
        _clients(_SKIPPING, Cancel(D)),
        _TAKEN,
        (_TAKEN, _TAKEN),
        faults=1,
    ),
    Case(
        "a series that may skip, outdated",
        _clients(_SKIPPING, Book(B, QUARTER)),
        (),
        (_TAKEN, ()),
        faults=1,
    ),
    Case("two series that may skip", _clients(_SKIPPING, BookSeries(T, (TEN, TUESDAY), skip=True))),
    Case("one key for two series", _clients(_SERIES, BookSeries(T, (NINE, TUESDAY)), keys="kk")),
    Case(
        "a series, sent again with its key",
        ((Request(0, _SERIES, "k"), Request(1, BookSeries(T, (NINE, TUESDAY)), "k")),),
        (),
        ((), ()),
        faults=2,
    ),
    Case("a series, booked and moved", _clients(_SERIES, Move(S[0], TUESDAY_TEN)), faults=1),
    Case("a series, booked and cancelled", _clients(_SERIES, CancelSeries(S, 0)), faults=1),
    Case("a series, booked and cancelled in part", _clients(_SERIES, _FROM_TUESDAY), faults=1),
    Case(
        "cancelled, and moved behind",
        _clients(_FROM_TUESDAY, Move(S[0], TUESDAY_TEN)),
        _BOTH,
        faults=1,
    ),
    Case(
        "cancelled, and moved behind, warm",
        _clients(_FROM_TUESDAY, Move(S[0], AFTER_MIDNIGHT)),
        _BOTH,
        (_BOTH, _BOTH),
    ),
    Case(
        "cancelled, and moved before",
        _clients(_FROM_TUESDAY, Move(S[1], TEN)),
        _BOTH,
        (_BOTH, _BOTH),
        faults=1,
    ),
    Case("cancelled, and one by itself", _clients(_FROM_TUESDAY, Cancel(S[1])), _BOTH, faults=1),
    Case("cancelled twice", _clients(_FROM_TUESDAY, CancelSeries(S, 0)), _BOTH, faults=1),
    Case(
        "a patient's series, and another doctor",
        _clients(BookSeries(T, (NINE, TUESDAY), "ada", "ada"), Book(E, AT_WHO, "ada", "ada")),
        faults=1,
    ),
    Case(
        "a patient's series at the limit",
        _clients(
            BookSeries(T, (TEN, TUESDAY_TEN), "ada", "ada", skip=True),
            Cancel(S[0], "ada"),
        ),
        _HERS,
        faults=1,
    ),
    Case(
        "a patient cancels and moves",
        _clients(CancelSeries(S, DAY, "ada"), Move(S[0], TUESDAY_TEN, "ada")),
        _HERS,
        faults=1,
    ),
]

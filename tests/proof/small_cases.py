"""Small cases: two or three requests that get in each other's way, to be tried in every order."""

from tests.proof.history import Book, Cancel, Move, Slot
from tests.proof.world import DAY, Case, Request

NINE, QUARTER, HALF = (Slot("strange", start, start + 30) for start in (540, 555, 570))
TUESDAY, TUESDAY_TOO = (Slot("strange", DAY + start, DAY + start + 30) for start in (540, 555))
A, B, C = (f"strange.20261123.{name}" for name in "abc")
D = "strange.20261124.d"
BEFORE_MIDNIGHT, MIDNIGHT, MIDNIGHT_TOO, AFTER_MIDNIGHT = (
    Slot("who", DAY + start, DAY + start + 30) for start in (-45, -30, -15, 0)
)
E, F = (f"who.20261123.{name}" for name in "ef")


def _clients(*requests: Request) -> tuple[tuple[Request, ...], ...]:
    return tuple((request,) for request in requests)


_OVERLAPPING = _clients(Request(0, Book(A, NINE)), Request(1, Book(B, QUARTER)))
_SAME_KEY = _clients(Request(0, Book(A, NINE), "k"), Request(1, Book(B, NINE), "k"))
_SENT_AGAIN = ((Request(0, Book(A, NINE), "k"), Request(1, Book(B, NINE), "k")),)
_MOVE_AND_BOOKING = _clients(Request(0, Move(A, TUESDAY)), Request(1, Book(D, TUESDAY_TOO)))
_CANCEL_AND_MOVE = _clients(Request(0, Cancel(A)), Request(1, Move(A, TUESDAY)))
_SWAP = _clients(Request(0, Move(A, HALF)), Request(1, Move(B, NINE)))
_FAR_SWAP = _clients(Request(0, Move(A, TUESDAY)), Request(1, Move(D, NINE)))
_MOVES_OF_ONE = _clients(Request(0, Move(A, NINE)), Request(1, Move(A, TUESDAY_TOO)))
_THREE = _clients(*(Request(n, Book(name, NINE)) for n, name in enumerate((A, B, C))))
_BESIDE = _clients(Request(0, Book(B, QUARTER)), Request(0, Cancel(A)), Request(1, Book(C, NINE)))
_KEY_REUSED = _clients(Request(0, Book(A, NINE), "k"), Request(1, Book(D, TUESDAY), "k"))
_ONE_BATCH = _clients(
    Request(0, Book(C, NINE._replace(start=660, end=690))),
    Request(0, Book(A, NINE), "k"),
    Request(0, Book(B, HALF), "k"),
)
_BOOKED_AND_CANCELLED = _clients(Request(0, Book(A, NINE)), Request(1, Cancel(A)))
_BOOKED_AND_MOVED = _clients(Request(0, Book(A, NINE)), Request(1, Move(A, TUESDAY)))
_NEW_RULES = _clients(Request(0, Book(E, MIDNIGHT)), Request(1, Book(F, MIDNIGHT_TOO), later=True))
_ACROSS = _clients(
    Request(0, Move(E, AFTER_MIDNIGHT), later=True), Request(1, Book(F, MIDNIGHT_TOO))
)
_AFTER = ((Request(0, Cancel(A)), Request(1, Book(B, NINE))),)
_HELD = ((A, NINE),)
_FOREIGN = ((A, TUESDAY),)
_BOTH = ((A, NINE), (B, HALF))
_FAR = ((A, NINE), (D, TUESDAY))

CASES = [
    Case("overlapping bookings", _OVERLAPPING, faults=2),
    Case("overlapping bookings, warm", _OVERLAPPING, (), ((), ()), faults=2),
    Case("overlapping bookings, outdated", _OVERLAPPING, (), (_HELD, ()), faults=2),
    Case("the same key", _SAME_KEY, faults=2),
    Case("the same key, warm", _SAME_KEY, (), ((), ()), faults=2),
    Case("sent again with its key", _SENT_AGAIN, (), ((), ()), faults=3),
    Case("a move and a booking of its target", _MOVE_AND_BOOKING, _HELD, faults=1),
    Case("a move and a booking, warm", _MOVE_AND_BOOKING, _HELD, (_HELD, _HELD), faults=1),
    Case(
        "a move and a booking, outdated",
        _MOVE_AND_BOOKING,
        _HELD,
        (_FOREIGN, _FOREIGN),
        faults=1,
    ),
    Case("a cancellation and a move", _CANCEL_AND_MOVE, _HELD, faults=1),
    Case("a cancellation and a move, warm", _CANCEL_AND_MOVE, _HELD, (_HELD, _HELD), faults=1),
    Case("a cancellation and a move, abroad", _CANCEL_AND_MOVE, _FOREIGN, faults=1),
    Case("a swap", _SWAP, _BOTH, faults=1),
    Case("a swap, warm", _SWAP, _BOTH, (_BOTH, _BOTH), faults=1),
    Case("a swap of days", _FAR_SWAP, _FAR, faults=1),
    Case("a swap of days, warm", _FAR_SWAP, _FAR, (_FAR, _FAR), faults=1),
    Case("moves of one that lies abroad", _MOVES_OF_ONE, _FOREIGN, faults=1),
    Case("moves of one, warm", _MOVES_OF_ONE, _FOREIGN, (_FOREIGN, _FOREIGN), faults=1),
    Case("moves of one, outdated", _MOVES_OF_ONE, _FOREIGN, (_HELD, _FOREIGN), faults=1),
    Case("one key for two days", _KEY_REUSED, faults=1),
    Case("booked after a cancellation", _AFTER, _HELD, (None, _HELD), faults=2),
    Case("booked and cancelled", _BOOKED_AND_CANCELLED, faults=2),
    Case("booked and moved away", _BOOKED_AND_MOVED, faults=1),
    Case("new clock rules", _NEW_RULES, faults=1),
    Case("across midnight", _ACROSS, ((E, BEFORE_MIDNIGHT),), faults=1),
    Case("three bookings", _THREE, at_once=True),
    Case("three bookings, warm", _THREE, (), ((), (), ()), at_once=True),
    Case("one key twice in one instance", _ONE_BATCH, at_once=True, faults=1),
    Case("together in one instance", _BESIDE, _HELD, at_once=True),
]

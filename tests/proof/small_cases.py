"""Small cases: two or three requests that get in each other's way, to be tried in every order."""

from tests.proof.history import Book, Cancel, MarkAs, Move, Slot, Update
from tests.proof.small_cases_of_holds import OF_HOLDS, OF_SERIES
from tests.proof.world import DAY, Case, Request, There

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
_CORRECTIONS = _clients(Request(0, Update(A, "one")), Request(1, Update(A, "two")))
_ONE_VERSION = _clients(
    Request(0, Move(A, HALF, version=1)), Request(1, Update(A, "one", version=1))
)
_CANCEL_AND_CORRECT = _clients(
    Request(0, Cancel(A, version=1)), Request(1, Update(A, "one", version=1))
)
_FREED = _clients(
    *(Request(n, Book(name, QUARTER)) for n, name in enumerate((B, C))),
    Request(1, MarkAs(A, "no_show", 550)),
)
_MARKS = _clients(
    Request(0, MarkAs(A, "arrived", 2 * DAY)), Request(1, MarkAs(A, "fulfilled", 2 * DAY))
)
_HELD = (There(A, NINE),)
_FOREIGN = (There(A, TUESDAY),)
_BOTH = (There(A, NINE), There(B, HALF))
_FAR = (There(A, NINE), There(D, TUESDAY))

# One patient, and two doctors: what keeps the two apart is the patient's document alone.
AT_WHO, AT_WHO_LATER = (Slot("who", start, start + 30) for start in (540, 570))
_TWO_DOCTORS = _clients(
    Request(0, Book(A, NINE, "ada", "ada")), Request(1, Book(E, AT_WHO, "ada", "ada"))
)
_WITH_KEYS = _clients(
    Request(0, Book(A, NINE, "ada", "ada"), "k"), Request(1, Book(E, AT_WHO, "ada", "ada"), "k")
)
_BY_STAFF = _clients(Request(0, Book(A, NINE, "ada", "ada")), Request(1, Book(E, AT_WHO, "ada")))
_BOOKED_AND_MOVED_THERE = _clients(
    Request(0, Book(B, HALF, "ada", "ada")), Request(1, Move(E, AT_WHO_LATER, "ada"))
)
_TWO_MOVES = _clients(Request(0, Move(A, HALF, "ada")), Request(1, Move(E, AT_WHO_LATER, "ada")))
_LEAVING = _clients(Request(0, Cancel(A, "ada")), Request(1, Book(E, AT_WHO, "ada", "ada")))
_FOURTH_AHEAD = _clients(
    Request(0, Book(B, HALF, "ada", "ada")), Request(1, Book(E, AT_WHO, "ada", "ada"))
)
_OTHERS = _clients(Request(0, Cancel(A, "bob")), Request(1, Move(A, HALF, "ada")))
_CHANGES = (
    tuple(Request(0, Move(A, slot, "ada")) for slot in (HALF, NINE)),
    tuple(Request(1, Move(A, slot, "ada")) for slot in (TUESDAY, QUARTER)),
)
_OWN_BATCH = _clients(
    Request(0, Book(A, NINE, "ada", "ada")),
    Request(0, Book(E, AT_WHO, "ada", "ada")),
    Request(0, Book(B, HALF)),
    Request(1, Book(F, AT_WHO_LATER)),
)
_AT_NINE = (There(A, NINE, "ada"),)
_HERS_AND_WHO = (There(A, NINE, "ada"), There(E, AFTER_MIDNIGHT, "ada"))
_ONE_LATER = (There(D, TUESDAY, "ada"),)
_TWO_LATER = (*_ONE_LATER, There(C, TUESDAY._replace(start=DAY + 600, end=DAY + 630), "ada"))

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
    Case("two corrections", _CORRECTIONS, _HELD, (_HELD, _HELD), faults=1),
    Case("two changes of one version", _ONE_VERSION, _HELD, (_HELD, _HELD), faults=1),
    Case("a cancellation of one version", _CANCEL_AND_CORRECT, _HELD, faults=1),
    Case("two bookings of what is freed", _FREED, _HELD, (_HELD, _HELD)),
    Case("arrived and fulfilled", _MARKS, _HELD, (_HELD, _HELD), faults=1),
    Case("new clock rules", _NEW_RULES, faults=1),
    Case("across midnight", _ACROSS, (There(E, BEFORE_MIDNIGHT),), faults=1),
    Case("three bookings", _THREE, at_once=True),
    Case("three bookings, warm", _THREE, (), ((), (), ()), at_once=True),
    Case("one key twice in one instance", _ONE_BATCH, at_once=True, faults=1),
    Case("together in one instance", _BESIDE, _HELD, at_once=True),
    Case("two doctors for one patient", _TWO_DOCTORS, faults=1),
    Case("two doctors for one patient, warm", _TWO_DOCTORS, (), ((), ()), faults=2),
    Case("two doctors, and a key", _WITH_KEYS, faults=1),
    Case("two doctors, one by staff", _BY_STAFF, faults=1),
    Case(
        "a patient books and moves",
        _BOOKED_AND_MOVED_THERE,
        (There(E, AFTER_MIDNIGHT, "ada"),),
        faults=1,
    ),
    Case("two moves of a patient", _TWO_MOVES, _HERS_AND_WHO, faults=1),
    Case("a patient goes to another doctor", _LEAVING, _AT_NINE, (_AT_NINE, _AT_NINE), faults=1),
    Case("a fourth appointment ahead", _FOURTH_AHEAD, _TWO_LATER, faults=1),
    Case(
        "a fourth one ahead, outdated",
        _FOURTH_AHEAD,
        _TWO_LATER,
        (_ONE_LATER, _TWO_LATER),
        faults=1,
    ),
    Case("an appointment of somebody else", _OTHERS, _AT_NINE, faults=1),
    Case("four changes of a patient", _CHANGES, _AT_NINE),
    Case("a patient twice in one instance", _OWN_BATCH, at_once=True),
    *OF_HOLDS,
    *OF_SERIES,
]

TOLD = [
    case
    for case in CASES
    if case.name
    in {
        "a cancellation and a move, warm",
        "a swap, warm",
        "two corrections",
        "arrived and fulfilled",
        "a series and a booking, warm",
        "cancelled twice",
    }
]
"""Those that are run once more, where others are told of what happens."""

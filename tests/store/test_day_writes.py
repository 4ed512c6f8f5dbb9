"""What a day write comes to: the entries that are new, not as they were, or gone."""

import pytest

from shared.model.day import DaySchedule, Entry
from shared.store.port import DayWrite, Stored
from tests.builders import appointment, at, key, schedule

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
A = appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", "a")
B = appointment(f"{MON}T10:00Z", f"{MON}T10:30Z", "b")
CANCELLED = A._replace(cancelled_at=at("2026-11-20T12:00Z"))
BOTH = schedule(MON, A, B)
FORWARDED = schedule(MON, B, forwarded={"a": key(TUE)})


@pytest.mark.parametrize(
    ("read", "day", "changed"),
    [
        pytest.param(schedule(MON), schedule(MON), {}, id="nothing"),
        pytest.param(schedule(MON, A), BOTH, {"b": B}, id="new"),
        pytest.param(schedule(MON), BOTH, {"a": A, "b": B}, id="all-new"),
        pytest.param(BOTH, BOTH.with_appointment(CANCELLED), {"a": CANCELLED}, id="not-as-it-was"),
        pytest.param(BOTH, BOTH.without("a"), {"a": None}, id="gone"),
        pytest.param(BOTH, BOTH.forwarding("a", key(TUE)), {"a": key(TUE)}, id="moved-away"),
        pytest.param(
            FORWARDED, FORWARDED.forwarding("a", key(WED)), {"a": key(WED)}, id="moved-on"
        ),
        pytest.param(FORWARDED, FORWARDED.with_appointment(A), {"a": A}, id="back-home"),
        pytest.param(FORWARDED, FORWARDED.without("a"), {"a": None}, id="forwarding-is-gone"),
        pytest.param(
            FORWARDED, FORWARDED.with_appointment(A).without("b"), {"a": A, "b": None}, id="several"
        ),
    ],
)
def test_only_the_entries_that_changed_are_written(
    read: DaySchedule, day: DaySchedule, changed: dict[str, Entry | None]
) -> None:
    assert DayWrite(Stored(read, 1), day).changed() == changed

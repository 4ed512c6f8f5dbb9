"""What the proof says of the events that arrived."""

import pytest

from tests.proof.receiver import Told, affected, wrong_events


def told(version: int, of: str = "a") -> Told:
    return Told(f"{of}-{version}", "appointment.updated", of, version)


AFFECTED = Told("x", "appointment.affected", "a", 1)


def test_all_versions_in_order_are_right_and_may_come_again() -> None:
    arrived = [told(1), told(1, "b"), told(2), told(1), told(3), AFFECTED]
    assert wrong_events(arrived, {"a": 3, "b": 1}) == []
    assert affected([*arrived, AFFECTED]) == 1


@pytest.mark.parametrize(
    ("arrived", "found"),
    [
        ([told(1), told(3)], "[1, 3]"),
        ([told(2), told(1), told(3)], "[2, 1, 3]"),
        ([], "[]"),
        ([told(1), told(2), told(3), told(4)], "[1, 2, 3, 4]"),
        ([told(1), told(2), told(3), Told("other", "appointment.moved", "a", 3)], "[1, 2, 3, 3]"),
    ],
    ids=["lost", "order", "none", "false", "twice"],
)
def test_what_is_lost_out_of_order_false_or_told_twice_is_seen(
    arrived: list[Told], found: str
) -> None:
    assert wrong_events(arrived, {"a": 3}) == [f"a has 3 versions, and told was of {found}"]


def test_an_event_of_no_appointment_is_seen() -> None:
    assert wrong_events([told(1)], {}) == ["a has 0 versions, and told was of [1]"]

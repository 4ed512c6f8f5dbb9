"""What is left of intervals once some times are gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.interval import Interval, without
from tests import reference_model as model
from tests.builders import span
from tests.examples import examples
from tests.rules.minutes import interval_of, minutes
from tests.strategies import whiles


def on_monday(times: str) -> list[Interval]:
    pairs = [each.split("-") for each in times.split()]
    return [span(f"2026-11-23T{start}Z", f"2026-11-23T{end}Z") for start, end in pairs]


@pytest.mark.parametrize(
    ("intervals", "gone", "left"),
    [
        pytest.param("09:00-12:00", "", "09:00-12:00", id="nothing"),
        pytest.param("09:00-12:00", "10:00-11:00", "09:00-10:00 11:00-12:00", id="the-middle"),
        pytest.param("09:00-12:00", "09:00-10:00", "10:00-12:00", id="the-beginning"),
        pytest.param("09:00-12:00", "11:00-13:00", "09:00-11:00", id="the-end"),
        pytest.param("09:00-12:00", "08:00-13:00", "", id="all"),
        pytest.param("09:00-12:00", "08:00-09:00 12:00-13:00", "09:00-12:00", id="what-touches"),
        pytest.param("09:00-12:00", "07:00-08:00", "09:00-12:00", id="what-is-far"),
        pytest.param(
            "09:00-10:00 11:00-12:00", "09:30-11:30", "09:00-09:30 11:30-12:00", id="across-two"
        ),
        pytest.param(
            "09:00-12:00",
            "11:00-11:30 09:30-10:00",
            "09:00-09:30 10:00-11:00 11:30-12:00",
            id="order",
        ),
        pytest.param("", "09:00-10:00", "", id="of-nothing"),
    ],
)
def test_what_is_gone_is_left_out(intervals: str, gone: str, left: str) -> None:
    assert without(on_monday(intervals), on_monday(gone)) == on_monday(left)


@given(st.lists(whiles(), max_size=6), st.lists(whiles(), max_size=6))
@examples(100)
def test_each_minute_is_left_that_is_not_gone(there: list[Interval], gone: list[Interval]) -> None:
    there_minutes = {m for interval in there for m in minutes(interval)}
    gone_minutes = {m for interval in gone for m in minutes(interval)}
    windows = [interval_of(stretch) for stretch in model.stretches(there_minutes)]
    expected = [interval_of(s) for s in model.stretches(there_minutes - gone_minutes)]
    assert without(windows, gone) == expected

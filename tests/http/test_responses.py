"""Answers about what this instance cannot know, or should never meet."""

from typing import TYPE_CHECKING, cast

import pytest

from shared.http.lookups import doctors_of
from shared.http.responses import outcome_response
from shared.model.doctor import Doctor
from shared.rules.outcomes import AlreadyApplied
from shared.store.port import StoreUnavailable
from tests.builders import appointment, doctor

if TYPE_CHECKING:
    from shared.http.dependencies import Dependencies


class OneDoctor:
    """Dependencies of an instance in whose store there is one doctor."""

    @property
    def doctor_cache(self) -> "OneDoctor":
        return self

    async def find(self, ids: set[str]) -> dict[str, Doctor]:
        """Doctor Strange, if his id is among them."""
        return {each: doctor() for each in ids if each == "strange"}


async def test_an_appointment_whose_doctor_is_gone_may_be_shown_again_later() -> None:
    there = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z")
    gone = there._replace(doctor_id="who")
    known = cast("Dependencies", OneDoctor())
    assert await doctors_of(known, [there]) == {"strange": doctor()}
    with pytest.raises(StoreUnavailable, match="new, or were deleted by hand: who"):
        await doctors_of(known, [there, gone])


async def test_an_outcome_that_no_command_ends_with_is_a_bug() -> None:
    with pytest.raises(TypeError, match="AlreadyApplied"):
        await outcome_response(cast("Dependencies", OneDoctor()), AlreadyApplied())

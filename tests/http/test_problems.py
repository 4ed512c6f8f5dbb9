"""Refusals to problem documents."""

import pytest

from shared.http.problems import refusal_response
from shared.rules.openings import OpeningSearch
from shared.rules.refusals import TimeUnavailable
from tests.builders import doctor, span


def test_a_refusal_of_a_time_that_has_no_words_yet_is_a_bug_of_ours() -> None:
    asked = span("2050-11-21T09:00Z", "2050-11-21T09:30Z")

    class Unheard(TimeUnavailable, frozen=True):
        """A refusal that nobody has written a sentence for."""

    with pytest.raises(TypeError, match="Unheard"):
        refusal_response(Unheard(doctor(), asked, OpeningSearch(asked, asked.length, asked.start)))

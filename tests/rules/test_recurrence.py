"""Recurrence rules as texts: what is allowed, what it means, and what is wrong with the rest."""

from datetime import UTC, datetime

import pytest

from shared.rules.recurrence import LONGEST_RULE, InvalidRule, Recurrence, RuleDay, parse_rule
from shared.rules.window_bounds import WindowBound
from tests.profiling import calls


def wrong(text: str) -> InvalidRule:
    """What is wrong with a rule."""
    with pytest.raises(InvalidRule) as caught:
        parse_rule(text)
    return caught.value


RULES = [
    ("FREQ=DAILY;COUNT=10", Recurrence("DAILY", 10)),
    ("FREQ=WEEKLY;COUNT=1", Recurrence("WEEKLY", 1)),
    ("FREQ=MONTHLY;COUNT=60", Recurrence("MONTHLY", 60)),
    ("FREQ=DAILY;COUNT=2;INTERVAL=1", Recurrence("DAILY", 2)),
    ("FREQ=DAILY;COUNT=2;INTERVAL=366", Recurrence("DAILY", 2, 366)),
    ("FREQ=DAILY;COUNT=007;INTERVAL=02", Recurrence("DAILY", 7, 2)),
    (
        "FREQ=DAILY;COUNT=2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        Recurrence("DAILY", 2, 1, tuple(map(RuleDay, range(7)))),
    ),
    ("FREQ=WEEKLY;COUNT=2;BYDAY=SU", Recurrence("WEEKLY", 2, 1, (RuleDay(6),))),
    (
        "FREQ=MONTHLY;COUNT=2;BYDAY=MO,1TU,+5WE,-1TH,-05FR",
        Recurrence(
            "MONTHLY",
            2,
            1,
            (RuleDay(0), RuleDay(1, 1), RuleDay(2, 5), RuleDay(3, -1), RuleDay(4, -5)),
        ),
    ),
    # In any order, and in any case.
    ("COUNT=2;BYDAY=MO;INTERVAL=3;FREQ=DAILY", Recurrence("DAILY", 2, 3, (RuleDay(0),))),
    ("freq=Monthly;count=2;ByDay=-1mo", Recurrence("MONTHLY", 2, 1, (RuleDay(0, -1),))),
]


@pytest.mark.parametrize(("text", "rule"), RULES)
def test_a_rule_is_what_its_text_says(text: str, rule: Recurrence) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("until", "bound"),
    [
        ("20270501", WindowBound(datetime.fromisoformat("2027-05-01"), whole_day=True)),
        ("19000101", WindowBound(datetime.fromisoformat("1900-01-01"), whole_day=True)),
        ("99981231", WindowBound(datetime.fromisoformat("9998-12-31"), whole_day=True)),
        ("20280229T090000", WindowBound(datetime.fromisoformat("2028-02-29T09:00:00"))),
        ("20270501T235959", WindowBound(datetime.fromisoformat("2027-05-01T23:59:59"))),
        ("20270501T090000Z", WindowBound(datetime(2027, 5, 1, 9, tzinfo=UTC))),
        ("20270501t090000z", WindowBound(datetime(2027, 5, 1, 9, tzinfo=UTC))),
    ],
)
def test_until_is_a_date_a_time_on_the_wall_clock_or_one_in_utc(
    until: str, bound: WindowBound
) -> None:
    assert parse_rule(f"FREQ=DAILY;UNTIL={until}").ends == bound


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("FREQ=HOURLY;COUNT=2", "FREQ must be one of DAILY, WEEKLY, MONTHLY"),
        ("FREQ=DAILY", "COUNT is required unless UNTIL is sent"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270501", "UNTIL must not be sent together with COUNT"),
        ("FREQ=DAILY;COUNT=61", "COUNT must be a number from 1 to 60"),
        ("FREQ=DAILY;COUNT=2;INTERVAL=0", "INTERVAL must be a number from 1 to 366"),
        ("FREQ=DAILY;COUNT=2;COUNT=2", "COUNT must be sent only once"),
        (
            "FREQ=DAILY;COUNT=2;WKST=MO",
            "WKST is not allowed; use only FREQ, INTERVAL, BYDAY, COUNT, UNTIL, without blanks",
        ),
        (
            "FREQ=DAILY;COUNT=2;\0=1",
            (
                "has a part that is not allowed; use only FREQ, INTERVAL, BYDAY, COUNT, UNTIL, "
                "without blanks"
            ),
        ),
        ("FREQ=DAILY;COUNT=\u0661", "COUNT must be in ASCII characters"),
        (
            "FREQ=DAILY;COUNT=2;",
            'must be parts such as "FREQ=DAILY", with ";" between them',
        ),
        (
            "FREQ=DAILY;COUNT=2;BYDAY=1MO",
            'BYDAY must be weekdays such as "MO,TU", without numbers if FREQ is DAILY',
        ),
        (
            "FREQ=MONTHLY;COUNT=2;BYDAY=6MO",
            'BYDAY must be weekdays such as "MO,1TU,-1FR"',
        ),
        (
            "FREQ=DAILY;UNTIL=20270229",
            (
                'UNTIL must be a date or time that exists, such as "20270501", "20270501T090000" '
                'or "20270501T130000Z"'
            ),
        ),
        ("FREQ=DAILY;UNTIL=18991231", "UNTIL must be in a year from 1900 to 9998"),
        ("FREQ=DAILY;COUNT=2" + " " * 300, "must be at most 255 characters"),
    ],
)
def test_an_error_says_what_would_be_right(text: str, sentence: str) -> None:
    error = wrong(text)
    assert str(error) == sentence
    assert sentence == (f"{error.part} {error.message}" if error.part else error.message)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        # The frequency.
        ("FREQ", "COUNT=2"),
        ("FREQ", "FREQ;COUNT=2"),
        ("FREQ", "FREQ=;COUNT=2"),
        ("FREQ", "FREQ=YEARLY;COUNT=2"),
        ("FREQ", "FREQ=SECONDLY;COUNT=2"),
        ("FREQ", "FREQ= DAILY;COUNT=2"),
        ("FREQ", "FREQ==DAILY;COUNT=2"),
        ("FREQ", "FREQ=DAILY,WEEKLY;COUNT=2"),
        ("FREQ", "FREQ=DA\u0131LY;COUNT=2"),  # i without a dot is I in upper case
        # How many.
        ("COUNT", "FREQ=DAILY;COUNT"),
        ("COUNT", "FREQ=DAILY;COUNT="),
        ("COUNT", "FREQ=DAILY;COUNT=0"),
        ("COUNT", "FREQ=DAILY;COUNT=00"),
        ("COUNT", "FREQ=DAILY;COUNT=+5"),
        ("COUNT", "FREQ=DAILY;COUNT=-5"),
        ("COUNT", "FREQ=DAILY;COUNT=5.0"),
        ("COUNT", "FREQ=DAILY;COUNT=1_0"),
        ("COUNT", "FREQ=DAILY;COUNT=5 "),
        ("COUNT", "FREQ=DAILY;COUNT=5\n"),
        ("COUNT", "FREQ=DAILY;COUNT=0x5"),
        ("COUNT", "FREQ=DAILY;COUNT=10**9"),
        ("COUNT", "FREQ=DAILY;COUNT=1000000000"),
        ("COUNT", "FREQ=DAILY;COUNT=\uff15"),
        ("COUNT", "FREQ=DAILY;COUNT=\u00b2"),
        ("COUNT", "FREQ=DAILY;COUNT=" + "9" * 230),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL=367"),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL="),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL=-1"),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL=+1"),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL=1,2"),
        # The days.
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY="),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=MO,"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=,MO"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=MO, TU"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=MON"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=MOTU"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=1"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=MO,1TU"),
        ("BYDAY", "FREQ=WEEKLY;COUNT=2;BYDAY=\u017fU"),  # a long s is S in upper case
        ("BYDAY", "FREQ=DAILY;COUNT=2;BYDAY=+1MO"),
        ("BYDAY", "FREQ=DAILY;COUNT=2;BYDAY=-1MO"),
        ("BYDAY", "FREQ=DAILY;COUNT=2;BYDAY=0MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=0MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=+0MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=00MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=-6MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=53MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=001MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=+-1MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=1 MO"),
        ("BYDAY", "FREQ=MONTHLY;COUNT=2;BYDAY=\u0661MO"),
        # The end.
        ("UNTIL", "FREQ=DAILY;UNTIL"),
        ("UNTIL", "FREQ=DAILY;UNTIL=;COUNT="),
        ("UNTIL", "FREQ=DAILY;UNTIL="),
        ("UNTIL", "FREQ=DAILY;UNTIL=2027"),
        ("UNTIL", "FREQ=DAILY;UNTIL=2027-05-01"),
        ("UNTIL", "FREQ=DAILY;UNTIL=2027W011"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20271301"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270631"),
        ("UNTIL", "FREQ=DAILY;UNTIL=00000101"),
        ("UNTIL", "FREQ=DAILY;UNTIL=99990101"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501Z"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T0900"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T090000+0200"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T090000.5"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T240000"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T090060"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501 090000"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501T090000Z\n"),
        ("UNTIL", "FREQ=DAILY;UNTIL=2027050\u0661"),
        # Parts.
        ("FREQ", "FREQ=DAILY;FREQ=DAILY;COUNT=2"),
        ("FREQ", "FREQ=DAILY;freq=WEEKLY;COUNT=2"),
        ("INTERVAL", "FREQ=DAILY;COUNT=2;INTERVAL=1;INTERVAL=1"),
        ("BYDAY", "FREQ=DAILY;COUNT=2;BYDAY=MO;BYDAY=TU"),
        ("UNTIL", "FREQ=DAILY;UNTIL=20270501;UNTIL=20270501"),
        ("WKST", "FREQ=WEEKLY;WKST=MO;COUNT=2"),
        ("BYMONTHDAY", "FREQ=MONTHLY;BYMONTHDAY=1;COUNT=2"),
        ("BYSETPOS", "FREQ=MONTHLY;COUNT=2;bysetpos=1"),
        ("X-PART", "FREQ=DAILY;COUNT=2;X-PART=1"),
        ("NONSENSE", "nonsense"),
        ("RRULE:FREQ", "RRULE:FREQ=DAILY;COUNT=2"),
        # What is no name is not repeated.
        (None, " FREQ=DAILY;COUNT=2"),
        (None, "FREQ=DAILY; COUNT=2"),
        (None, "FREQ=DAILY;COUNT =2"),
        (None, "FREQ=DAILY;COUNT=2;\u0131NTERVAL=1"),
        (None, "FREQ=DAILY;COUNT=2;\u202egnp.exe=1"),
        (None, "FREQ=DAILY;COUNT=2;\0=1"),
        (None, "FREQ=DAILY;COUNT=2;A\r\nB=1"),
        ("A" * 20, f"FREQ=DAILY;COUNT=2;{'A' * 20}=1"),
        (None, f"FREQ=DAILY;COUNT=2;{'A' * 21}=1"),
        (None, ""),
        (None, ";"),
        (None, "=;COUNT=2"),
        (None, ";FREQ=DAILY;COUNT=2"),
        (None, "FREQ=DAILY;;COUNT=2"),
        (None, "FREQ=DAILY;COUNT=2;=1"),
    ],
)
def test_whatever_else_is_written_is_an_error_of_its_part(part: str | None, text: str) -> None:
    assert wrong(text).part == part


def test_a_rule_may_have_so_many_characters_and_no_more() -> None:
    """The zeros before a number are of no meaning."""
    text = "FREQ=DAILY;COUNT=" + "2".zfill(LONGEST_RULE - 17)
    assert len(text) == LONGEST_RULE == 255
    assert parse_rule(text) == Recurrence("DAILY", 2)
    assert wrong(text.replace("COUNT=", "COUNT=0")).part is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FREQ=DAILY;COUNT=" + "9" * 1_000_000, id="digits"),
        pytest.param("FREQ=WEEKLY;COUNT=2;BYDAY=" + "MO," * 350_000, id="days"),
        pytest.param("FREQ=DAILY;" * 10_000, id="parts"),
        pytest.param("\U0001f600" * 1_000_000, id="wide"),
    ],
)
def test_a_text_that_is_too_long_is_not_looked_at(text: str) -> None:
    def refuse() -> None:
        assert wrong(text).part is None

    assert calls(refuse) < 100


@pytest.mark.parametrize("filling", [";", "A=;", "MO,", "COUNT=2;", "9", "=", "-", "\u0661"])
def test_nothing_that_is_short_enough_takes_long(filling: str) -> None:
    texts = ("", "FREQ=MONTHLY;BYDAY=", "FREQ=DAILY;COUNT=", "FREQ=DAILY;UNTIL=", "COUNT=1;")

    def refuse() -> None:
        for text in texts:
            wrong((text + filling * 255)[:255])

    assert calls(refuse) < 2_500

"""Headers of files, as Firebase Hosting and the local server give them."""

import pytest

from shared.public_headers import headers_of, read_ancestors

RULES = [
    {"regex": "^/a", "headers": [{"key": "Name", "value": "1"}, {"key": "Other", "value": "1"}]},
    {"regex": "b$", "headers": [{"key": "Name", "value": "2"}]},
]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a", {"Name": "1", "Other": "1"}),
        ("/a/b", {"Name": "2", "Other": "1"}),
        ("/b", {"Name": "2"}),
        ("/c/a", {}),
    ],
)
def test_the_last_rule_that_matches_states_a_header(path: str, headers: dict[str, str]) -> None:
    assert headers_of(path, RULES) == headers


@pytest.mark.parametrize("end", ["\n", "\r\n", "\nX: y", "\t", "\u2028", "\x00"])
def test_nothing_ends_the_header_that_says_who_may_show_a_page_nor_the_line_that_refuses_it(
    end: str,
) -> None:
    with pytest.raises(ValueError, match=r"^must be 'none'") as refused:
        read_ancestors(f"https://clinic.example{end}")
    assert str(refused.value).isprintable()

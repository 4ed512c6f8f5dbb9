"""The trace that a request names in its headers."""

import pytest

from shared.observability.request_record import Trace, trace_of

ID = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "text", "trace"),
    [
        ("traceparent", f"00-{ID}-{SPAN}-01", Trace(ID, SPAN, sampled=True)),
        ("traceparent", f"00-{ID}-{SPAN}-00", Trace(ID, SPAN, sampled=False)),
        ("traceparent", f"00-{ID}-{SPAN}-02", Trace(ID, SPAN, sampled=False)),
        ("traceparent", f"cc-{ID}-{SPAN}-01-of-a-later-version", Trace(ID, SPAN, sampled=True)),
        ("x-cloud-trace-context", f"{ID}/255;o=1", Trace(ID, "00000000000000ff", sampled=True)),
        ("x-cloud-trace-context", f"{ID}/255;o=0", Trace(ID, "00000000000000ff", sampled=False)),
        ("x-cloud-trace-context", f"{ID}/255", Trace(ID, "00000000000000ff", sampled=False)),
        (
            "x-cloud-trace-context",
            f"{ID}/18446744073709551615;o=1",
            Trace(ID, "ffffffffffffffff", sampled=True),
        ),
        (
            "x-cloud-trace-context",
            f"{ID}/18446744073709551616;o=1",
            Trace(ID, None, sampled=True),
        ),
        ("x-cloud-trace-context", ID, Trace(ID, None, sampled=False)),
    ],
)
def test_a_trace_is_read(header: str, text: str, trace: Trace) -> None:
    assert trace_of({header.encode(): text.encode()}) == trace


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": ""},
        {"traceparent": f"00-{ID}-{SPAN}"},
        {"traceparent": f"00-{ID.upper()}-{SPAN}-01"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": f"00-{ID}-{'0' * 16}-01"},
        {"traceparent": f"ff-{ID}-{SPAN}-01"},
        {"traceparent": f"00-{ID}-{SPAN}-01\n"},
        {"traceparent": f"00-{ID}-{SPAN}-01-more"},
        {"x-cloud-trace-context": "Ada Lovelace"},
        {"x-cloud-trace-context": f"{ID}/100000000000000000000;o=1"},
        {"x-cloud-trace-context": f"{ID}/-1"},
    ],
)
def test_what_is_not_well_formed_is_no_trace(headers: dict[str, str]) -> None:
    assert trace_of({name.encode(): text.encode() for name, text in headers.items()}) is None


def test_the_standard_header_goes_first() -> None:
    both = {b"traceparent": f"00-{ID}-{SPAN}-01".encode(), b"x-cloud-trace-context": b"1" * 32}
    assert trace_of(both) == Trace(ID, SPAN, sampled=True)


def test_where_the_standard_header_is_not_well_formed_the_other_one_counts() -> None:
    both = {b"traceparent": b"nonsense \xff", b"x-cloud-trace-context": ID.encode()}
    assert trace_of(both) == Trace(ID, None, sampled=False)

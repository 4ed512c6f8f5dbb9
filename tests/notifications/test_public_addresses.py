"""Which addresses a hook may have."""

import pytest

from shared.notifications.public_addresses import Kind, Reach, kind_of

PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"),
    *("192.0.1.0", "169.253.255.255", "198.17.255.255", "223.255.255.255", "2606:4700::1111"),
    *("2a00:1450:4001:81b::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
PRIVATE = [
    *("10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.0", "100.127.255.255", "fc00::1", "fdff:ffff::1"),
    *("::ffff:10.0.0.1", "::ffff:100.64.0.1", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b::6440:1"),
    *("2002:a00:1::", "2002:c0a8:101::1"),
]
RESERVED = [
    *("0.0.0.0", "0.255.255.255", "169.254.169.254", "169.254.0.0", "192.0.0.1", "192.0.2.1"),  # noqa: S104 - binds nothing
    *("192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::2", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "200::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "4000::1"),
    *("64:ff9b:1::a00:1", "::ffff:0:808:808", "5f00::1"),
    *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("::ffff:224.0.0.1", "2002:e000:1::", "fd00:ec2::254", "fd20:ce::254"),
]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        *((address, "public") for address in PUBLIC),
        *((address, "loopback") for address in LOOPBACK),
        *((address, "private") for address in PRIVATE),
        *((address, "reserved") for address in RESERVED),
    ],
)
def test_whose_an_address_is_is_known_in_every_form(address: str, kind: Kind) -> None:
    assert kind_of(address) == kind


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "010.0.0.1"]
)
def test_what_is_no_address_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' does not appear to be"):
        kind_of(text)


NOBODYS = "its host has the address 169.254.169.254, which is nobody's on the internet"
PRIVATE_ONE = "its host has the private address 10.0.0.1; WEBHOOK_PRIVATE=on allows it"
LOOPBACK_ONE = "its host has the loopback address ::1; WEBHOOK_PRIVATE=on allows it"


@pytest.mark.parametrize(
    ("reach", "address", "refusal"),
    [
        (Reach(), "8.8.8.8", None),
        (Reach(), "10.0.0.1", PRIVATE_ONE),
        (Reach(), "::1", LOOPBACK_ONE),
        (Reach(), "169.254.169.254", NOBODYS),
        (Reach(loopback=True), "8.8.8.8", None),
        (Reach(loopback=True), "::1", None),
        (Reach(loopback=True), "10.0.0.1", PRIVATE_ONE),
        (Reach(loopback=True), "169.254.169.254", NOBODYS),
        (Reach(private=True), "8.8.8.8", None),
        (Reach(private=True), "10.0.0.1", None),
        (Reach(private=True), "::1", None),
        (Reach(private=True), "169.254.169.254", NOBODYS),
    ],
)
def test_what_is_not_public_is_refused_unless_it_is_allowed(
    reach: Reach, address: str, refusal: str | None
) -> None:
    assert reach.refusal([address]) == refusal


def test_one_address_that_is_refused_is_enough() -> None:
    assert Reach().refusal(["8.8.8.8", "2606:4700::1111", "10.0.0.1"]) == PRIVATE_ONE

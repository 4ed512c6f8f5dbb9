"""Which addresses a hook may have, so that none reaches inside the network. Pure.

`is_global` of `ipaddress` is not enough: for Python 3.11, multicast and site-local addresses are
global, and those of 6to4 and NAT64, too, whatever IPv4 address they carry.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from msgspec import Struct

Address = IPv4Address | IPv6Address
Kind = Literal["public", "loopback", "private", "reserved"]


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


_NETWORKS: tuple[tuple[Kind, tuple[IPv4Network | IPv6Network, ...]], ...] = (
    (
        "reserved",
        _networks(
            "0.0.0.0/8",  # this network, and what is unspecified
            "169.254.0.0/16",  # link-local: the metadata of clouds are at 169.254.169.254
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation, like the next two
            "198.51.100.0/24",
            "203.0.113.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "198.18.0.0/15",  # benchmarks
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation, like the next one
            "3fff::/20",
            "fd00:ec2::254/128",  # the metadata of clouds, in private networks
            "fd20:ce::254/128",
        ),
    ),
    ("loopback", _networks("127.0.0.0/8", "::1/128")),
    (
        "private",
        _networks(
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",  # carrier-grade NAT
            "fc00::/7",  # unique local
        ),
    ),
)
"""The registries of special-purpose addresses of IANA; the first kind that fits counts."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given out for the internet; the rest of IPv6 is reserved, or no host's."""
_LAST_32_BITS = _networks("::ffff:0:0/96", "::/96", "64:ff9b::/96")
"""Mapped and compatible addresses, and those of NAT64, carry an IPv4 address at their end."""
_6TO4 = IPv6Network("2002::/16")
"""It carries one behind its prefix."""


class Reach(Struct, frozen=True):
    """Which addresses are allowed beside public ones."""

    private: bool = False
    loopback: bool = False

    def refusal(self, addresses: Iterable[str]) -> str | None:
        """Return why a host of these addresses must not be connected to; None if it may be."""
        for address in addresses:
            kind = kind_of(address)
            if kind == "reserved":
                return f"its host has the address {address}, which is nobody's on the internet"
            if kind != "public" and not self._allows(kind):
                return f"its host has the {kind} address {address}; WEBHOOK_PRIVATE=on allows it"
        return None

    def _allows(self, kind: Kind) -> bool:
        return self.private or (self.loopback and kind == "loopback")


def kind_of(text: str) -> Kind:
    """Return whose an address is, judged by the IPv4 address that it carries, if it does.

    Raises ValueError if it is none.
    """
    address = _carried(ip_address(text))
    for kind, networks in _NETWORKS:
        if any(address in network for network in networks):
            return kind
    return "public" if address.version == 4 or address in _GLOBAL_UNICAST else "reserved"  # noqa: PLR2004


def _carried(address: Address) -> Address:
    """Return the IPv4 address that a packet for this one may end at, else the address."""
    number = int(address)
    if address in _6TO4:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    if number > 1 and any(address in network for network in _LAST_32_BITS):
        return IPv4Address(number & 0xFFFFFFFF)
    return address

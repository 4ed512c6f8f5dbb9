"""Connections only to addresses that were judged, whatever a name means a moment later."""

import socket
from collections.abc import Sequence

import pytest
from httpcore import ConnectError, ConnectTimeout

from shared.notifications.checked_network import CheckedNetwork, Resolve, resolved
from shared.notifications.public_addresses import Reach
from shared.notifications.sink import DeliveryFailed
from tests.notifications.networks import Network


def means(*addresses: str) -> Resolve:
    """A resolver to which every name means these addresses."""

    async def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_the_first_address_is_connected_to() -> None:
    network = Network()
    checked = CheckedNetwork(Reach(), means("8.8.8.8"), network)
    await checked.connect_tcp("hook.example", 443, 7.0)
    assert network.tried == [("8.8.8.8", 443, 7.0)]


async def test_others_are_tried_after_one_that_does_not_answer() -> None:
    network = Network({"2606:4700::1": ConnectError(), "1.1.1.1": ConnectTimeout()})
    checked = CheckedNetwork(Reach(), means("2606:4700::1", "1.1.1.1", "8.8.8.8"), network)
    await checked.connect_tcp("hook.example", 443)
    assert network.tried == [
        ("2606:4700::1", 443, 3.0),
        ("1.1.1.1", 443, 3.0),
        ("8.8.8.8", 443, None),
    ]


async def test_the_last_one_says_why_there_is_no_connection() -> None:
    network = Network({"1.1.1.1": ConnectError("one"), "8.8.8.8": ConnectError("two")})
    checked = CheckedNetwork(Reach(), means("1.1.1.1", "8.8.8.8"), network)
    with pytest.raises(ConnectError, match="two"):
        await checked.connect_tcp("hook.example", 443)


async def test_one_private_address_among_several_is_enough_to_connect_to_none() -> None:
    network = Network()
    checked = CheckedNetwork(Reach(), means("10.0.0.1", "8.8.8.8"), network)
    with pytest.raises(DeliveryFailed) as failed:
        await checked.connect_tcp("hook.example", 443)
    assert str(failed.value) == (
        "its host has the private address 10.0.0.1; WEBHOOK_PRIVATE=on allows it"
    )
    assert network.tried == []


async def test_a_name_that_means_another_address_a_moment_later_gains_nothing() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def rebinds(_: str, __: int) -> Sequence[str]:
        return next(answers)

    network = Network()
    checked = CheckedNetwork(Reach(), rebinds, network)
    await checked.connect_tcp("hook.example", 443)
    assert network.tried == [("8.8.8.8", 443, None)]
    with pytest.raises(DeliveryFailed, match=r"the loopback address 127\.0\.0\.1"):
        await checked.connect_tcp("hook.example", 443)


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name unknown"), UnicodeError("empty label")]
)
async def test_a_name_that_nobody_knows_is_told(error: Exception) -> None:
    async def fails(_: str, __: int) -> Sequence[str]:
        raise error

    with pytest.raises(DeliveryFailed) as failed:
        await CheckedNetwork(Reach(), fails, Network()).connect_tcp("hook..example", 443)
    assert str(failed.value) == "its host name cannot be resolved"


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1"]
)
async def test_every_spelling_of_an_address_is_judged_as_that_address(spelling: str) -> None:
    assert await resolved(spelling, 80) == ["127.0.0.1"]
    network = Network()
    with pytest.raises(DeliveryFailed, match=r"the loopback address 127\.0\.0\.1"):
        await CheckedNetwork(Reach(), network=network).connect_tcp(spelling, 80)
    await CheckedNetwork(Reach(loopback=True), network=network).connect_tcp(spelling, 80)
    assert network.tried == [("127.0.0.1", 80, None)]


async def test_ipv6_addresses_are_resolved_without_brackets() -> None:
    assert await resolved("::ffff:10.0.0.1", 80) == ["::ffff:10.0.0.1"]

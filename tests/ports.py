"""Ports of the loopback interface for servers that tests start."""

import secrets
import socket
from contextlib import suppress

HOST = "127.0.0.1"
_PORTS = range(20000, 32768)
"""Below those that the kernel gives to connections that go out."""
_RESERVATIONS: list[socket.socket] = []
"""Kept to the end of the tests: no two programs of a run ever share a port."""


def free_port() -> int:
    """A port that is free and stays reserved, also while its program is dead for a while.

    Only a program that sets SO_REUSEADDR, as servers do, can bind a reserved port; other
    processes that run tests do not get it.
    """
    while True:
        port, reservation = secrets.choice(_PORTS), socket.socket()
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))  # Fails where there is a reservation, too.
            probe.close()
            reservation.bind((HOST, port))
            _RESERVATIONS.append(reservation)
            return port
        reservation.close()

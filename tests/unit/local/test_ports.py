"""Ports are ours from the moment they are chosen."""

import socket

import pytest

from saath_local.errors import PortTaken
from saath_local.ports import HOST, Port


def test_a_taken_port_is_named() -> None:
    with socket.create_server((HOST, 0)) as other:
        number = other.getsockname()[1]

        with pytest.raises(PortTaken) as taken:
            Port.hold(number)

    assert str(taken.value) == (
        f"Port {number} is taken: something on this machine listens on {HOST}:{number}. "
        "Stop it, choose another port, or ask for any free one with 0."
    )


def test_a_held_port_is_given_to_nobody_else_but_can_be_listened_on() -> None:
    held = Port.hold()
    others = [Port.hold() for _ in range(100)]

    held.hand_over()
    with socket.create_server((HOST, held.number)) as listening:
        assert held.number not in {other.number for other in others}
        assert listening.getsockname() == (HOST, held.number)

    for port in (held, *others):
        port.release()

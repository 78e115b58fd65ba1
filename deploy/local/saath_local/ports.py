"""
Ports on the loopback address, ours from the moment they are chosen.

A port found free and let go may be somebody else's a moment later, when two
test runs share a machine. So each is held by a bound socket that does not
listen: the kernel gives the port to nobody who asks for any port, and lets
Java, which sets SO_REUSEADDR as we do, listen on it.
"""

import errno
import socket
import sys
from dataclasses import dataclass
from typing import Self

from saath_local.errors import PortTaken

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A port and the socket that holds it."""

    number: int
    _holder: socket.socket

    @classmethod
    def hold(cls, number: int = 0) -> Self:
        """Hold the port, or any free one for 0."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((HOST, number))
        except OSError as error:
            holder.close()
            raise PortTaken(_why(number, error)) from error
        return cls(holder.getsockname()[1], holder)

    def hand_over(self) -> None:
        """Let a process of ours listen. Elsewhere than on Linux that means to let go first."""
        if sys.platform != "linux":
            self._holder.close()

    def release(self) -> None:
        """Let go."""
        self._holder.close()


def _why(number: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {number} is taken: something on this machine listens on {HOST}:{number}. "
            "Stop it, choose another port, or ask for any free one with 0."
        )
    return f"Port {number} cannot be used: {error.strerror}."

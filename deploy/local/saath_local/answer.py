"""
Asks a broker which brokers it sees: Kafka's Metadata request, by hand on a socket.

A broker listens seconds before it is of use, and a line in a log is not a
promise. A node is ready when it answers and names itself among the living.
"""

import socket
import struct

from saath_local.ports import HOST

# length, then: key 3 (Metadata), version 1, correlation 0, no client id, no topics
_REQUEST = struct.pack(">ihhihi", 14, 3, 1, 0, -1, 0)


def living_brokers(port: int, timeout_seconds: float = 2.0) -> frozenset[int]:
    """Return the ids of the brokers that the one on *port* sees; raises OSError."""
    with socket.create_connection((HOST, port), timeout_seconds) as connection:
        connection.sendall(_REQUEST)
        (length,) = struct.unpack(">i", _read(connection, 4))
        return parse_brokers(_read(connection, length))


def parse_brokers(response: bytes) -> frozenset[int]:
    """Read the broker ids out of a Metadata response, version 1."""
    _correlation, count = struct.unpack_from(">ii", response)
    offset, brokers = 8, set()
    for _ in range(count):
        node_id, host_length = struct.unpack_from(">ih", response, offset)
        brokers.add(node_id)
        offset += 6 + host_length + 4  # the host, then its port
        (rack_length,) = struct.unpack_from(">h", response, offset)
        offset += 2 + max(rack_length, 0)
    return frozenset(brokers)


def _read(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionResetError("the broker hung up")
        received += part
    return bytes(received)

"""What a broker answers when it is asked who is alive."""

import struct

from saath_local.answer import parse_brokers


def broker(node_id: int, host: bytes, port: int, rack: bytes | None) -> bytes:
    name = struct.pack(f">ih{len(host)}si", node_id, len(host), host, port)
    if rack is None:
        return name + struct.pack(">h", -1)
    return name + struct.pack(f">h{len(rack)}s", len(rack), rack)


def test_the_living_brokers_are_read_out_of_the_answer() -> None:
    response = struct.pack(">ii", 0, 3) + b"".join(
        [
            broker(1, b"127.0.0.1", 9092, None),
            broker(7, b"localhost", 9093, b"rack-a"),
            broker(3, b"", 9094, b""),
        ]
    )

    assert parse_brokers(response + b"the controller and the topics") == {1, 3, 7}


def test_a_broker_that_sees_nobody_yet_says_so() -> None:
    assert parse_brokers(struct.pack(">ii", 0, 0)) == frozenset()

"""The cheapest HTTP client that will do: it shares two cores with what it measures."""

import asyncio
import re
from collections.abc import Sequence
from typing import cast

from tests.benchmarks.ingest.bodies import Body

PATH = "/webhooks/whatsapp"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def request(body: Body, path: str = PATH) -> bytes:
    """*body* as it goes over the wire, made before anything is measured."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {body.signature}\r\nContent-Length: {len(body.content)}\r\n\r\n"
    ).encode() + body.content


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def post(self, wire: bytes) -> "asyncio.Future[int]":
        """Send a whole request; resolves with the status."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(wire)
        return self._answered

    def data_received(self, data: bytes) -> None:
        """Collect one response."""
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if end and len(rest) >= int(length[1] if length else 0) and self._answered:
            self._received = b""
            self._answered.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that waits."""
        if self._answered and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("closed by the server"))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def connect(ports: Sequence[int], count: int) -> list[Connection]:
    """Open *count* connections, shared out evenly over *ports*."""
    loop = asyncio.get_running_loop()
    targets = [ports[n % len(ports)] for n in range(count)]
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for port in targets]

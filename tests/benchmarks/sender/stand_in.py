"""
A stand-in for Meta that costs as little as Python allows: ``python -m tests.benchmarks.sender.stand_in``.

It takes whatever is posted and says that it was accepted. It keeps no limit and delivers no webhook:
for rates only. Whether a cap holds is for the sandbox to say.
"""

import asyncio
import json
import os
from typing import Any

CONTENT_LENGTH = b"\r\ncontent-length:"


class Wire(asyncio.Protocol):
    """One connection; requests on it follow one another."""

    taken = 0

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, _, length = head.partition(CONTENT_LENGTH)
            size = int(length.split(b"\r\n", 1)[0] or b"0")
            if len(self._buffer) < end + 4 + size:
                return
            self._buffer = self._buffer[end + 4 + size :]
            self._answer(head.startswith(b"post"))

    def _answer(self, message: bool) -> None:
        said: dict[str, Any] = {"taken": Wire.taken}
        if message:
            Wire.taken += 1
            said = {
                "messaging_product": "whatsapp",
                "messages": [{"id": f"wamid.{os.getpid()}{Wire.taken:012}"}],
            }
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        if self._transport:
            self._transport.write(head.encode() + b"\r\n\r\n" + body)


async def main() -> None:
    """Serve until killed."""
    loop, port = asyncio.get_running_loop(), int(os.environ["PORT"])
    server = await loop.create_server(Wire, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""The last look: what is raised in the body's write puts no byte on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from saath.graph import GraphClient, GraphSettings
from saath_sender.decide import GO, Decision, Hold
from saath_sender.post import GuardedBody, Unsent, Withheld, post
from saath_sender.results import Accepted, InDoubt

TOKEN = SecretStr("secret")
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n"
    b'{"messages": [ {"id": "wamid.1" }]}'
)


class Wire:
    """A raw server: keeps every byte that arrives, and answers what it is told to."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.received, self.connections = answer, b"", 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while chunk := await reader.read(65536):
            self.received += chunk
            if not self.answer:
                break
            writer.write(self.answer)
        writer.close()


@asynccontextmanager
async def wired(answer: bytes = ANSWER) -> AsyncIterator[tuple[Wire, GraphClient]]:
    wire = Wire(answer)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = GraphSettings(base_url=f"http://127.0.0.1:{port}")
    async with server, GraphClient(settings) as graph:
        yield wire, graph


class Slot:
    """A slot as the pace gives it, with what was done to it written down."""

    def __init__(
        self,
        *decisions: Decision,
        waits: tuple[float, ...] = (),
        over: tuple[Decision | None, ...] = (),
    ) -> None:
        self.decisions, self.waits, self.left = list(decisions), list(waits), 0
        self.over = list(over)

    def body(self) -> GuardedBody:
        return GuardedBody(
            {"to": "+1"},
            wait=lambda: self.waits.pop(0) if self.waits else 0.0,
            over=lambda: self.over.pop(0) if self.over else None,
            look=lambda: self.decisions.pop(0),
            leave=self._leave,
        )

    def _leave(self) -> None:
        self.left += 1


async def test_a_message_that_may_go_goes_and_spends_its_slot() -> None:
    slot = Slot(GO, waits=(0.001, 0.001))
    async with wired() as (wire, graph):
        result, _ = await post(graph, "1", TOKEN, slot.body())

    assert (result, slot.left, slot.waits) == (Accepted("wamid.1"), 1, [])
    assert wire.received.startswith(b"POST /v25.0/1/messages HTTP/1.1\r\n")
    assert wire.received.endswith(b'{"to":"+1"}')


async def test_what_the_last_look_forbids_puts_no_byte_on_the_wire() -> None:
    slot = Slot(Hold("an echo is not judged yet"))
    async with wired() as (wire, graph):
        with pytest.raises(Withheld):
            await post(graph, "1", TOKEN, slot.body())

    assert (wire.connections, wire.received, slot.left) == (1, b"", 0)


async def test_what_is_over_leaves_the_door_long_before_its_slot_and_puts_no_byte_on_the_wire() -> (
    None
):
    slot = Slot(GO, waits=(3600.0, 3600.0, 3600.0), over=(None, Hold("handed over")))
    body = slot.body()
    async with wired() as (wire, graph), asyncio.timeout(5):
        with pytest.raises(Withheld):
            await post(graph, "1", TOKEN, body)

    assert (wire.received, slot.left, body.decision) == (b"", 0, Hold("handed over"))


async def test_nothing_is_written_on_a_used_connection_either() -> None:
    async with wired() as (wire, graph):
        await post(graph, "1", TOKEN, Slot(GO).body())
        before = wire.received
        with pytest.raises(Withheld):
            await post(graph, "1", TOKEN, Slot(Hold("no")).body())

    assert wire.received == before


async def test_a_connection_cut_after_the_bytes_left_is_in_doubt() -> None:
    slot = Slot(GO)
    async with wired(answer=b"") as (_, graph):
        result, _ = await post(graph, "1", TOKEN, slot.body())

    assert (type(result), slot.left) == (InDoubt, 1)


async def test_no_connection_is_no_doubt() -> None:
    slot = Slot(GO)
    async with GraphClient(GraphSettings(base_url="http://127.0.0.1:1")) as graph:
        with pytest.raises(Unsent):
            await post(graph, "1", TOKEN, slot.body())

    assert slot.left == 0

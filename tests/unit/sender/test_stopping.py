"""SIGTERM: what is on its way lands, nothing else leaves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from tests.unit.sender.facts import CONVERSATION, TEXT, ownership, signed
from tests.unit.sender.test_pauses import Number
from tests.unit.sender.test_sender import outcomes

from saath.codec import encode
from saath.graph import GraphAnswer
from saath.topics import OUTBOUND
from saath_sender.clock import Now, boot_seconds, read_clock
from saath_sender.dispatch import Dispatcher
from saath_sender.post import GuardedBody

FUTURE = datetime.now(UTC) + timedelta(hours=1)


class Bytes:
    """Where a body writes itself."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    async def write(self, chunk: bytes) -> None:
        self.written.append(chunk)


class Line:
    """The way to Meta: a connection is there when *connected* is set, an answer when *answered* is."""

    def __init__(self) -> None:
        self.connected, self.answered = asyncio.Event(), asyncio.Event()
        self.bytes, self.asked = Bytes(), 0

    async def post(self, path: str, token: SecretStr, body: GuardedBody) -> GraphAnswer:
        self.asked += 1
        await self.connected.wait()
        await body.write_with_length(self.bytes, None)  # type: ignore[arg-type] # a writer, as far as it goes
        await self.answered.wait()
        return GraphAnswer(200, {"messages": [{"id": "wamid.1"}]})


class Today(Number):
    """The dispatcher looks at the clocks itself, so what it is given must be of today."""

    @property
    def now(self) -> Now:
        return read_clock()


async def sender_with_two_messages() -> tuple[Number, Line, Dispatcher]:
    p = Today(seconds=boot_seconds())
    for n, phone in enumerate(("16505551234", "16505550002")):
        conversation = f"{CONVERSATION}-{n}"
        owner = ownership(conversation=conversation, phone=phone, window_until=FUTURE)
        p.handler.fence.owner_read(conversation.encode(), encode(owner)[1])
        turn = signed(turn=f"t_{n}", conversation=conversation, deadline=FUTURE)
        p.asked(OUTBOUND, turn=turn, messages=[TEXT])
    p.handler.fresh_until = p.handler.read_through = float("inf")
    p.commit()
    line = Line()
    dispatcher = Dispatcher(p.handler, p.chooser, line, lambda _: SecretStr("token"))  # type: ignore[arg-type] # it posts
    return p, line, dispatcher


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 # a task of another's
            await asyncio.sleep(0.001)


async def test_what_is_in_flight_is_awaited_and_what_was_due_stays() -> None:
    p, line, dispatcher = await sender_with_two_messages()
    stopping = asyncio.Event()
    line.connected.set()
    running = asyncio.create_task(dispatcher(stopping))
    await until(lambda: line.bytes.written)
    stopping.set()
    await until(lambda: not p.handler.open)
    for _ in range(5):
        await asyncio.sleep(0)
    waits = not running.done()
    line.answered.set()
    await running

    assert (waits, len(line.bytes.written), outcomes(p.commit())) == (True, 1, ["MessageAccepted"])


async def test_what_had_no_connection_yet_puts_no_byte_on_the_wire_after_the_signal() -> None:
    p, line, dispatcher = await sender_with_two_messages()
    stopping = asyncio.Event()
    running = asyncio.create_task(dispatcher(stopping))
    await until(lambda: line.asked)
    stopping.set()
    await until(lambda: not p.handler.open)
    line.connected.set()
    line.answered.set()
    await running

    assert (line.bytes.written, outcomes(p.commit())) == ([], [])

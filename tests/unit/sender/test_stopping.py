"""SIGTERM: what is on its way lands, nothing else leaves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.sender.facts import CONVERSATION, NUMBER, TEXT, ownership, signed
from tests.unit.sender.test_pauses import Number
from tests.unit.sender.test_sender import outcomes

from saath.codec import encode
from saath.graph import GraphAnswer
from saath.topics import OUTBOUND
from saath_sender.clock import Now, boot_seconds, read_clock
from saath_sender.decide import Supersede
from saath_sender.dispatch import Dispatcher
from saath_sender.jobs import State
from saath_sender.ledger import Begun
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


@pytest.mark.parametrize("ends", ["signal", "lease"])
async def test_what_waits_long_at_the_door_goes_back_when_nothing_may_leave_any_more(
    ends: str,
) -> None:
    p, line, dispatcher = await sender_with_two_messages()
    stopping = asyncio.Event()
    line.connected.set()
    # Meta asks for an hour, of whatever is under way.
    work = p.handler.books.work(NUMBER)
    [flight] = p.choose()
    work.pace.slow_down(boot_seconds(), 3600.0)
    dispatcher._take_off(flight)
    running = asyncio.create_task(dispatcher(stopping))
    await until(lambda: line.asked)
    if ends == "signal":
        stopping.set()
        dispatcher.wake.ring()
    else:
        flight.job.lease_until = 0.0
    await until(lambda: flight.job.state is State.WAITING)
    stopping.set()
    dispatcher.wake.ring()
    async with asyncio.timeout(5):
        await running

    assert (line.bytes.written, outcomes(p.commit())) == ([], [])


def test_a_passing_hold_leaves_what_waits_for_its_slot_at_the_door() -> None:
    p = Number()
    p.replied()
    p.commit()
    [flight] = p.choose()
    at_first = p.chooser.over(flight, p.now)
    p.handler.fresh_until = p.seconds
    passing = p.chooser.over(flight, p.now)
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(ownership(owner="human"))[1])

    assert (at_first, passing) == (None, None)
    assert p.chooser.over(flight, p.now) == Supersede("the conversation is human's")


class Broken(Line):
    """A defect of ours, where no answer of Meta's is read."""

    async def post(self, path: str, token: SecretStr, body: GuardedBody) -> GraphAnswer:
        raise ZeroDivisionError


async def test_a_defect_while_sending_ends_the_partition_and_what_was_begun_stays_begun() -> None:
    p, _, _ = await sender_with_two_messages()
    dispatcher = Dispatcher(p.handler, p.chooser, Broken(), lambda _: SecretStr("token"))  # type: ignore[arg-type] # it posts
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(5):
            await dispatcher(asyncio.Event())

    assert Begun in {type(entry) for _, entry in p.handler.books.ledger.unresolved()}


async def test_a_partition_that_is_taken_away_at_once_leaves_nothing_on_its_way() -> None:
    _, line, dispatcher = await sender_with_two_messages()
    running = asyncio.create_task(dispatcher(asyncio.Event()))
    await until(lambda: line.asked)
    flights = [*dispatcher._flights]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    stopped = [flight.cancelling() for flight in flights]
    for flight in flights:
        flight.cancel()
    await asyncio.gather(*flights, return_exceptions=True)

    assert stopped == [1]

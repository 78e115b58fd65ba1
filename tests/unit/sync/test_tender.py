"""Replays over a history that is read again: only as far as need be, and handed on from where they stood."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from tests.unit.sync.samples import NOW, NUMBER, chunk, message, seconds
from tests.unit.sync.stage import Stage
from tests.unit.sync.test_handler import record

from saath.errors import RetryLater
from saath.events import Event
from saath.kafka.records import Record
from saath_sync import scratch, tender
from saath_sync.handler import SyncHandler
from saath_sync.ledger import History
from saath_sync.numbers import Numbers
from saath_sync.phases import Patience
from saath_sync.tender import REPLAYS_MAX, Tender

AT_ONCE = Patience(whole=seconds(0), incomplete=seconds(0))


@dataclass
class Topic:
    """The history topic, and from where it was read; ``broken`` says how often it cannot be."""

    events: list[Event] = field(default_factory=list)
    reads: list[tuple[int, int]] = field(default_factory=list)
    broken: int = 0

    async def read(self, number: str, start: int, end: int) -> AsyncGenerator[Record, None]:
        self.reads.append((start, end))
        for offset in range(start, end):
            if self.broken and offset == start + 1:
                self.broken -= 1
                raise RetryLater("the broker is away")
            event = self.events[offset]
            yield record(event, offset)._replace(key=(event.number or "").encode())

    def arrive(self, handler: SyncHandler, *events: Event) -> None:
        """They are written, and counted."""
        for event in events:
            if event.number == NUMBER:
                handler.handle(record(event, len(self.events)), NOW)
            self.events.append(event)


@asynccontextmanager
async def tending(
    numbers: Numbers,
    topic: Topic,
    patience: Patience = AT_ONCE,
    now: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    worker = Tender(numbers, topic, patience, 1000, now, rest_seconds=0)
    task = asyncio.create_task(worker(stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def replayed(numbers: Numbers, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            ledger = numbers.ledger(NUMBER)
            history = ledger.history if ledger else None
            if history and history.replayed == count and history.replay is None:
                return
            await asyncio.sleep(0.01)


async def test_a_later_replay_reads_only_what_has_come_since() -> None:
    stage, topic = Stage(), Topic()
    other = message("x").model_copy(update={"number": "1"})
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], other, message("b", 2), message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 2)
            topic.arrive(numbers.handlers[0], message("c", 0), message("a", 1), chunk(0, 2, 100))
            await replayed(numbers, 3)

    assert topic.reads == [(1, 4), (4, 7)]


@pytest.mark.parametrize(("away_seconds", "read_from"), [(60.0, 3), (-1.0, 0)])
async def test_what_was_read_of_a_number_is_kept_while_its_partition_is_begun_anew_and_no_longer(
    monkeypatch: pytest.MonkeyPatch, away_seconds: float, read_from: int
) -> None:
    monkeypatch.setattr(tender, "AWAY_SECONDS", away_seconds)
    stage, topic, away = Stage(), Topic(), list[str]()

    def owns(_: Numbers, number: str) -> bool:
        away.append(number)
        return False

    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("b", 2), message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 2)
            with monkeypatch.context() as meanwhile:
                meanwhile.setattr(Numbers, "owns", owns)
                while not away:  # noqa: ASYNC110 # nothing tells
                    await asyncio.sleep(0.01)
            topic.arrive(numbers.handlers[0], message("c", 0), chunk(0, 2, 100))
            await replayed(numbers, 3)

    assert topic.reads == [(0, 3), (read_from, 5)]


async def test_a_replay_whose_reading_broke_off_is_done_all_the_same() -> None:
    stage, topic = Stage(), Topic(broken=1)
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("b", 2), message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 2)

    assert topic.reads == [(0, 3), (0, 3)]


async def test_a_replay_whose_disk_failed_begins_with_a_new_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, topic = Stage(), Topic()
    monkeypatch.setattr(scratch, "MESSAGES_IN_TURN", "SELECT nothing")
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic):
            while len(topic.reads) < 2:  # noqa: ASYNC110 # nothing tells
                await asyncio.sleep(0.01)
            monkeypatch.undo()
            await replayed(numbers, 1)

    # What a failed disk holds is not gone on from.
    assert set(topic.reads) == {(0, 2)}


async def test_silence_is_counted_from_when_an_owner_listens_however_long_it_was_restored_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, topic = Stage(), Topic()
    looked, begun, read = list[datetime](), list[datetime](), topic.read

    def now() -> datetime:
        looked.append(NOW + seconds(900 + len(looked)))
        return looked[-1]

    def noted(number: str, start: int, end: int) -> AsyncGenerator[Record, None]:
        begun.append(looked[-1])
        return read(number, start, end)

    monkeypatch.setattr(topic, "read", noted)
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic, Patience(seconds(3), seconds(3)), now):
            await replayed(numbers, 1)

    assert begun[0] - looked[0] >= seconds(3)


async def test_more_numbers_than_have_room_are_replayed_one_after_the_other() -> None:
    stage, topic = Stage(), Topic()
    names = [f"10654035224{place:04}" for place in range(REPLAYS_MAX + 3)]
    async with stage.pod() as connector:
        numbers = connector.numbers
        handler = numbers.handlers[0]
        for name in names:
            for event in (message(name), chunk(0, 1, 100)):
                told = event.model_copy(update={"number": name})
                handler.handle(record(told, len(topic.events)), NOW)
                topic.events.append(told)
        async with tending(numbers, topic), asyncio.timeout(20):
            for name in names:
                while history_of(numbers, name).replayed != 1:  # noqa: ASYNC110 # nothing tells
                    await asyncio.sleep(0.01)

    assert len(topic.reads) == len(names)


def history_of(numbers: Numbers, name: str) -> History:
    ledger = numbers.ledger(name)
    assert ledger is not None
    assert ledger.history is not None
    return ledger.history

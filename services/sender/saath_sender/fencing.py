"""
The fence read: follow ``owners`` and ``inbound``, and know how old that knowledge is.

It has a consumer of its own, which waits for records in a long poll, and asks for the ends of both
topics through another connection, so that the question does not stand behind the poll.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from saath.errors import RetryLater
from saath.kafka.membership import wait
from saath.kafka.partition_reader import PartitionReader
from saath.topics import INBOUND, OUTBOUND_PEOPLE, OUTCOMES, OWNERS, Topic
from saath_sender.clock import boot_seconds, read_clock
from saath_sender.handler import SenderHandler

log = structlog.get_logger()

# The long poll tells of everything within milliseconds; this says that it does. Ten times a second is
# often enough for what stays true for half of one, and costs a question each time.
EVERY_SECONDS = 0.1
TOPICS = (OWNERS, INBOUND)


class FenceReader:
    """
    Keeps one partition's fence fresh while *needed* says so; *changed* is told of everything new.

    *requests* reads what people's tools ask for: a person's request holds bots too, once it is read.

    ``wanted`` is set by whoever needs it fresh at once.
    """

    def __init__(
        self,
        handler: SenderHandler,
        reader: PartitionReader,
        asker: PartitionReader,
        *,
        requests: PartitionReader,
        needed: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self._handler, self._reader, self._asker = handler, reader, asker
        self._requests = requests
        self._needed, self._changed = needed, changed
        self._fence_seconds = handler.at.rules.fence_seconds
        self.wanted, self.opened = asyncio.Event(), asyncio.Event()

    async def restore(self) -> None:
        """Read owners to their end and what people sent lately; then go to what is undecided."""
        fence = self._handler.fence
        owners_at = await self._reader.restore(OWNERS, fence.owner_read)
        await self._read_outcomes(fence.watermark.get(OUTCOMES.name, 0))
        undecided = fence.watermark.get(INBOUND.name, 0)
        unresolved = self._handler.oldest_inbound()
        inbound_at = undecided if unresolved is None else min(undecided, unresolved)
        await self._reader.seek({OWNERS: owners_at, INBOUND: inbound_at})

    async def follow(self, stopping: asyncio.Event) -> None:
        """Read both topics for ever, everything as soon as it is there."""
        while not stopping.is_set():
            records = await self._reader.fetch(timeout_ms=500, max_records=500)
            now = read_clock()
            for record in records:
                if record.topic is OWNERS:
                    self._handler.owner_read(record)
                else:
                    self._handler.inbound_read(record, now)
            if records:
                self._changed()
                await asyncio.sleep(0)

    async def keep_fresh(self, stopping: asyncio.Event) -> None:
        """
        Ask where the topics end, again and again; once we are there, posts are allowed for a while.

        The age counts from when the question was sent: what was written after that is unknown.
        """
        while not stopping.is_set():
            if self.opened.is_set() and not self._needed():
                await wait(self.wanted, 1.0, stopping)
                self.wanted.clear()
                continue
            asked = boot_seconds()
            try:
                ends = await self._asker.ends(self._asked_for())
            except RetryLater as error:
                log.warning("fence.unreachable", error=str(error))
            else:
                if await self._reached(ends, asked + self._fence_seconds):
                    self._handler.fresh_until = asked + self._fence_seconds
                    self._handler.read_through = asked
                    self.opened.set()
                    self._changed()
            await wait(stopping, max(0.001, asked + EVERY_SECONDS - boot_seconds()))

    def _asked_for(self) -> tuple[Topic, ...]:
        """Before we are open, requests are not followed yet, and nothing leaves."""
        return (*TOPICS, OUTBOUND_PEOPLE) if self._handler.open else TOPICS

    async def _reached(self, ends: Mapping[Topic, int], until: float) -> bool:
        while boot_seconds() < until:
            positions = [
                await self._reader_of(topic).position(topic) >= end for topic, end in ends.items()
            ]
            if all(positions):
                return True
            await asyncio.sleep(0.002)
        return False

    def _reader_of(self, topic: Topic) -> PartitionReader:
        return self._requests if topic is OUTBOUND_PEOPLE else self._reader

    async def _read_outcomes(self, position: int) -> None:
        """People's messages that the router has not read yet hold their conversations."""
        end = (await self._asker.ends((OUTCOMES,)))[OUTCOMES]
        await self._reader.seek({OUTCOMES: position})
        while await self._reader.position(OUTCOMES) < end:
            for record in await self._reader.fetch(timeout_ms=200):
                self._handler.outcome_read(record)

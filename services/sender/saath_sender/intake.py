"""
Reading requests: the main reader runs to the end whatever happens; a second one, shared by all
lanes, reads again what did not fit.
"""

import asyncio
from collections.abc import Callable

from saath.kafka.membership import wait
from saath.kafka.partition_reader import PartitionReader
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.clock import read_clock
from saath_sender.handler import SenderHandler

TOPICS = (OUTBOUND_PEOPLE, OUTBOUND, OUTBOUND_BULK)
# Reading a request takes some 50 µs; this many at a time delay nobody's slot by a noticeable amount.
RECORDS_MAX = 100
LOOK_AGAIN_SECONDS = 0.25


class Intake:
    """Reads one partition's requests; *changed* is told when there are new ones."""

    def __init__(
        self,
        handler: SenderHandler,
        reader: PartitionReader,
        again: PartitionReader,
        changed: Callable[[], None],
    ) -> None:
        self._handler, self._books = handler, handler.books
        self._reader, self._again, self._changed = reader, again, changed
        # Set once all that people had written when we started has been read: it holds bots back.
        self.people_read = asyncio.Event()

    async def seek(self) -> None:
        """Go to where the changelog says."""
        positions = {topic: self._books.positions.get(topic.name, 0) for topic in TOPICS}
        for topic, offset in (await self._reader.seek(positions)).items():
            self._books.positions[topic.name] = offset

    async def follow(self, stopping: asyncio.Event) -> None:
        """The main reader."""
        people_end = (await self._reader.ends((OUTBOUND_PEOPLE,)))[OUTBOUND_PEOPLE]
        while not stopping.is_set():
            if await self._reader.position(OUTBOUND_PEOPLE) >= people_end:
                self.people_read.set()
            records = await self._reader.fetch(timeout_ms=500, max_records=RECORDS_MAX)
            now = read_clock()
            for record in records:
                self._handler.outbound_read(record, now)
            if records:
                self._changed()
                await asyncio.sleep(0)

    async def catch_up(self, stopping: asyncio.Event) -> None:
        """The second reader: one topic at a time, for all of its lanes that are behind."""
        while not stopping.is_set():
            for topic in TOPICS:
                if self._books.behind(topic.name):
                    await self._read_again(topic, stopping)
            await wait(stopping, LOOK_AGAIN_SECONDS)

    async def _read_again(self, topic: Topic, stopping: asyncio.Event) -> None:
        """Read from the lane that is furthest behind until all are full, or at the main reader's place."""
        lanes = self._books.behind(topic.name)
        serving = set(lanes)
        start = min(lane.unread_from or 0 for lane in lanes.values())
        reached = (await self._again.seek({topic: start}))[topic]
        while serving and not stopping.is_set():
            if reached >= self._books.positions.get(topic.name, 0):
                for number in serving:
                    self._books.lane(topic.name, number).caught_up()
                    self._books.touch(topic.name, number)
                break
            records = await self._again.fetch(timeout_ms=200, max_records=RECORDS_MAX)
            main, now = self._books.positions.get(topic.name, 0), read_clock()
            for record in records:
                if record.offset < main:
                    self._handler.outbound_read_again(record, serving, now)
            reached = await self._again.position(topic)
            self._changed()
            await asyncio.sleep(0)

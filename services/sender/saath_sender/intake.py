"""
Reading requests: the main reader runs to the end whatever happens; a second one, shared by all
lanes, reads again what did not fit.
"""

import asyncio
import contextlib
from collections.abc import Callable

from saath.errors import RetryLater
from saath.kafka.membership import wait
from saath.kafka.partition_reader import PartitionReader
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.clock import Now, read_clock
from saath_sender.fair import FairShare
from saath_sender.handler import SenderHandler
from saath_sender.lost import lanes_lost, main_lost

TOPICS = (OUTBOUND_PEOPLE, OUTBOUND, OUTBOUND_BULK)
# Reading a request takes some 50 µs, and 90 where it is parked; this many at a time delay nobody's slot by a
# noticeable amount.
RECORDS_MAX = 25
LOOK_AGAIN_SECONDS = 0.25
# To go elsewhere costs what is fetched already, and a question where the topic begins.
SKIP_RECORDS = 2000
# What is finished is forgotten by how far requests were read; a quarter of an hour need not be exact.
READ_TO_EVERY_SECONDS = 10.0


class Intake:
    """Reads one partition's requests; *changed* is told when there are new ones."""

    def __init__(
        self,
        handler: SenderHandler,
        reader: PartitionReader,
        again: PartitionReader,
        changed: Callable[[], None],
        clock: Callable[[], Now] = read_clock,
        resting: asyncio.Lock | None = None,
    ) -> None:
        self._handler, self._books = handler, handler.books
        self._reader, self._again, self._changed = reader, again, changed
        self._clock = clock
        resting = resting or asyncio.Lock()
        self._fair, self._fair_again = FairShare(resting), FairShare(resting)
        self._read_last: dict[Topic, float] = {}
        # Set once all that people had written when we started has been read: it holds bots back.
        self.people_read = asyncio.Event()

    async def seek(self) -> None:
        """Go to where the changelog says, and know of every request of a person that is not done."""
        positions = {topic: self._books.positions.get(topic.name, 0) for topic in TOPICS}
        for topic, offset in (await self._reader.seek(positions)).items():
            if topic.name in self._books.positions and offset > positions[topic]:
                main_lost(topic.name, positions[topic], offset)
            self._books.positions[topic.name] = offset
        await self._read_people_again()

    async def follow(self, stopping: asyncio.Event) -> None:
        """The main reader."""
        people_end = (await self._reader.ends((OUTBOUND_PEOPLE,)))[OUTBOUND_PEOPLE]
        while not stopping.is_set():
            if await self._reader.position(OUTBOUND_PEOPLE) >= people_end:
                self.people_read.set()
            records = await self._reader.fetch(timeout_ms=500, max_records=RECORDS_MAX)
            if not records:
                continue
            # Nothing is awaited before they are known: where the consumer stands is taken for what is.
            async with self._fair.turn():
                now = self._clock()
                for record in records:
                    self._handler.outbound_read(record, now)
                    self._read_last[record.topic] = record.timestamp_ms / 1000
                self._changed()

    async def look_how_far(self, asker: PartitionReader, stopping: asyncio.Event) -> None:
        """Note again and again how far all has been read, asking by a connection that nobody reads by."""
        while not stopping.is_set():
            with contextlib.suppress(RetryLater):  # the fence says so, and it can wait
                await self._note_how_far(asker)
            await wait(stopping, READ_TO_EVERY_SECONDS)

    async def _note_how_far(self, asker: PartitionReader) -> None:
        """Up to when all has been read: now where a topic ends, else what was read of it last."""
        now, read_to = self._clock().wall.timestamp(), list[float]()
        for topic, end in (await asker.ends(TOPICS)).items():
            there = await self._reader.position(topic) >= end
            read_to.append(now if there else self._read_last.get(topic, float("-inf")))
        self._books.read_to = max(self._books.read_to, min(read_to))

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
        start = min(lane.wanted_from or 0 for lane in lanes.values())
        reached = await self._seek_again(topic, start)
        while serving and not stopping.is_set():
            # Where the main reader stands, and what is concluded from it, with no await between:
            # whatever it reads while a lane is behind is for us to read, and nothing after that.
            if reached >= self._books.positions.get(topic.name, 0):
                self._caught_up(topic, serving)
                return
            records = await self._again.fetch(timeout_ms=200, max_records=RECORDS_MAX)
            async with self._fair_again.turn():
                main, now = self._books.positions.get(topic.name, 0), self._clock()
                for record in records:
                    if record.offset >= main:
                        self._caught_up(topic, serving)
                        return
                    self._handler.outbound_read_again(record, serving, now)
                self._changed()
            reached = await self._again.position(topic)
            serving -= {number for number in serving if not lanes[number].hungry}
            # What is behind those that are full already and before the others is nobody's.
            next_wanted = min((lanes[n].wanted_from or 0 for n in serving), default=0)
            if next_wanted > reached + SKIP_RECORDS:
                reached = await self._seek_again(topic, next_wanted)

    async def _seek_again(self, topic: Topic, offset: int) -> int:
        """Go there, or to where the log begins by now: what was before that is lost."""
        reached = (await self._again.seek({topic: offset}))[topic]
        if reached > offset:
            fence, now = self._handler.fence, self._clock().wall
            lanes_lost(self._books, fence, topic.name, reached, now)
        return reached

    def _caught_up(self, topic: Topic, numbers: set[str]) -> None:
        for number in numbers:
            self._books.lane(topic.name, number).caught_up()
            self._books.touch(topic.name, number)
        self._changed()

    async def _read_people_again(self) -> None:
        """What people had asked and is not done holds bots back, though their lane be full."""
        lanes = self._books.shelves.lanes(OUTBOUND_PEOPLE.name)
        main = self._books.positions.get(OUTBOUND_PEOPLE.name, 0)
        unread = [lane.unread_from for lane in lanes.values() if lane.unread_from is not None]
        start = min(unread, default=main)
        if start >= main:
            return
        reached = (await self._again.seek({OUTBOUND_PEOPLE: start}))[OUTBOUND_PEOPLE]
        while reached < main:
            records = await self._again.fetch(timeout_ms=200, max_records=RECORDS_MAX)
            async with self._fair_again.turn():
                for record in records:
                    if record.offset < main:
                        self._handler.person_remembered(record)
            reached = await self._again.position(OUTBOUND_PEOPLE)

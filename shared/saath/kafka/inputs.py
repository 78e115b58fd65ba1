"""One partition's input topics, read by offset: live ones first, slow ones little by little."""

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from saath.kafka.changelog import seek
from saath.kafka.client import reading
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings
from saath.topics import Topic

BATCH_MAX = 500
IDLE_MS = 100


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    What a service reads: the group's *primary* topic, others of the same partition, and slow ones.

    Of the *slow* inputs at most ``slow_max`` records are taken a turn, so that live ones go first. The
    *lazy* ones are looked at once in ``lazy_seconds``: nobody waits for what follows from them, and a
    busy topic would cost a transaction for every few records.
    """

    primary: Topic
    others: tuple[Topic, ...] = ()
    slow: tuple[Topic, ...] = ()
    slow_max: int = 20
    lazy: tuple[Topic, ...] = ()
    lazy_seconds: float = 5.0

    @property
    def live(self) -> tuple[Topic, ...]:
        """Those that a timer waits for."""
        return (self.primary, *self.others, *self.lazy)


class InputReader:
    """
    The records of one partition's *inputs*.

    The slow ones have a consumer of their own: aiokafka asks a broker for nothing more, for 100 ms, while
    something that it fetched there waits to be taken, and what is slow always waits.
    """

    def __init__(
        self,
        inputs: Inputs,
        partition: int,
        prefix: str,
        live: AIOKafkaConsumer,
        slow: AIOKafkaConsumer | None,
    ) -> None:
        self.live = live
        self._inputs, self._partition, self._prefix = inputs, partition, prefix
        self._slow = slow
        self._lazy_at = 0.0

    async def seek(self, positions: Mapping[str, int]) -> dict[str, int]:
        """Go to *positions*, by topic; an input without one starts at its beginning. Where that is."""
        gone_to = await seek(self.live, self._partition, self._inputs.live, positions, self._prefix)
        if self._slow:
            slow = self._inputs.slow
            gone_to |= await seek(self._slow, self._partition, slow, positions, self._prefix)
        return gone_to

    def wheres(self) -> list[TopicPartition]:
        """The inputs that a timer waits for; what is slow cancels none."""
        return [self._where(topic) for topic in self._inputs.live]

    async def next(self) -> list[Record]:
        """Records in the order the broker dated them, each topic's own order kept; the slow ones last."""
        inputs, now = self._inputs, asyncio.get_running_loop().time()
        topics: Sequence[Topic] = (inputs.primary, *inputs.others)
        if lazy := now >= self._lazy_at:
            self._lazy_at = now + inputs.lazy_seconds
            topics = inputs.live
        slow = await self._read(self._slow, inputs.slow, 0, inputs.slow_max)
        read = await self._read(self.live, topics, 0 if slow else IDLE_MS, BATCH_MAX)
        live = [*heapq.merge(*read, key=lambda record: record.timestamp_ms)]
        if lazy and len(live) >= BATCH_MAX:
            self._lazy_at = 0.0  # there is more
        return [*live, *(record for records in slow for record in records)]

    async def _read(
        self,
        reader: AIOKafkaConsumer | None,
        topics: Sequence[Topic],
        timeout_ms: int,
        records_max: int,
    ) -> list[list[Record]]:
        if reader is None:
            return []
        by_partition = {self._where(topic): topic for topic in topics}
        found = await reader.getmany(*by_partition, timeout_ms=timeout_ms, max_records=records_max)
        return [
            [from_aiokafka(by_partition[tp], raw) for raw in raws] for tp, raws in found.items()
        ]

    def _where(self, topic: Topic) -> TopicPartition:
        return TopicPartition(topic.full_name(self._prefix), self._partition)


@asynccontextmanager
async def reading_inputs(
    kafka: KafkaSettings, client_id: str, prefix: str, inputs: Inputs, partition: int
) -> AsyncIterator[InputReader]:
    """A reader of *inputs*, started, and closed again within a bounded time."""
    async with contextlib.AsyncExitStack() as stack:
        name = f"{client_id}-{partition}"
        live = await stack.enter_async_context(reading(kafka, name))
        slow = (
            await stack.enter_async_context(reading(kafka, f"{name}-slow")) if inputs.slow else None
        )
        yield InputReader(inputs, partition, prefix, live, slow)

"""A compacted topic as a table in memory, followed as it changes."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import Event
from saath.kafka.client import reading
from saath.kafka.membership import wait
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import Topic

log = structlog.get_logger()

E = TypeVar("E", bound=Event)


class Table(Mapping[str, E], Generic[E]):
    """
    The latest event under each key of *topic*, all partitions of it.

    A worker: call it with the event that ends it. ``problem()`` says why it cannot be relied on yet.
    """

    def __init__(
        self,
        topic: Topic,
        model: type[E],
        *,
        kafka: KafkaSettings,
        topics: TopicSettings,
        client_id: str,
        partitions: int,
    ) -> None:
        self._topic, self._model, self._partitions = topic, model, partitions
        self._kafka, self._prefix, self._client_id = kafka, topics.prefix, client_id
        self._rows: dict[str, E] = {}
        self.complete = asyncio.Event()
        self.changed = asyncio.Event()

    def __getitem__(self, key: str) -> E:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def problem(self) -> str | None:
        """Why the table is not whole yet; ``None`` when it is."""
        return None if self.complete.is_set() else f"{self._topic.name} is being read"

    async def wait_until_complete(self, stopping: asyncio.Event) -> None:
        """Wait until the whole topic has been read once, or until *stopping*."""
        while not (self.complete.is_set() or stopping.is_set()):
            await wait(self.complete, 1.0, stopping)

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Read the topic to its end, then follow it until *stopping*."""
        while not stopping.is_set():
            try:
                await self._follow(stopping)
            except KafkaError as error:
                log.warning("table.lost", topic=self._topic.name, error=type(error).__name__)
                await wait(stopping, 1.0)

    async def _follow(self, stopping: asyncio.Event) -> None:
        name = self._topic.full_name(self._prefix)
        async with reading(self._kafka, self._client_id) as reader:
            partitions = [TopicPartition(name, p) for p in range(self._partitions)]
            reader.assign(partitions)
            await reader.seek_to_beginning()
            ends = await reader.end_offsets(partitions)
            while not stopping.is_set():
                if not self.complete.is_set():
                    positions = [await reader.position(tp) >= end for tp, end in ends.items()]
                    if all(positions):
                        self.complete.set()
                found = await reader.getmany(timeout_ms=100, max_records=5000)
                for records in found.values():
                    for record in records:
                        self._apply(record.key, record.value, record.headers)

    def _apply(
        self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> None:
        name = (key or b"").decode(errors="replace")  # none where nothing of it can be read
        if value is None:
            self._rows.pop(name, None)
        else:
            try:
                event = decode(headers, value)
            except PoisonRecord as error:
                # The row stays as it was: the last that could be read is better than none.
                log.warning("table.row_unreadable", topic=self._topic.name, reason=str(error))
            else:
                if isinstance(event, self._model):
                    self._rows[name] = event
        self.changed.set()

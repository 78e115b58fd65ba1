"""Some topics of one partition, assigned by hand and read by offset: no group, no commits."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from saath.errors import RetryLater
from saath.kafka.changelog import Restore, read_to_end
from saath.kafka.client import close, consumer
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings
from saath.topics import Topic


class PartitionReader:
    """
    Reads one *partition* of whatever topics it is told to. Use it as an async context manager.

    All that it raises for the broker's sake is ``RetryLater``.
    """

    def __init__(
        self, kafka: KafkaSettings, client_id: str, prefix: str, partition: int, **overrides: Any
    ) -> None:
        self._prefix, self._partition = prefix, partition
        self._consumer = consumer(kafka, f"{client_id}-{partition}", **overrides)
        self._topics: dict[str, Topic] = {}

    async def __aenter__(self) -> "PartitionReader":
        try:
            await self._consumer.start()
        except BaseException as error:
            await close(self._consumer)
            if isinstance(error, KafkaError):
                raise RetryLater(f"starting a consumer: {type(error).__name__}") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self._consumer)

    async def restore(self, topic: Topic, apply: Restore) -> int:
        """Apply all of *topic* up to its end, with nothing else assigned; return the next offset."""
        where = self._where(topic)
        await read_to_end(self._consumer, where, apply)
        return int(await self._consumer.position(where))

    async def seek(self, positions: Mapping[Topic, int]) -> dict[Topic, int]:
        """Read these topics, each from its position or, where retention has passed that, its beginning."""
        self._topics = {topic.full_name(self._prefix): topic for topic in positions}
        self._consumer.assign([self._where(topic) for topic in positions])
        beginnings = await self._offsets(self._consumer.beginning_offsets, [*positions])
        gone_to = {topic: max(at, beginnings[topic]) for topic, at in positions.items()}
        for topic, offset in gone_to.items():
            self._consumer.seek(self._where(topic), offset)
        return gone_to

    async def fetch(self, timeout_ms: int = 500, max_records: int | None = None) -> list[Record]:
        """The next records, each topic's in order; empty when none came in time."""
        try:
            found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        except KafkaError as error:
            raise RetryLater(f"reading: {type(error).__name__}") from error
        return [
            from_aiokafka(self._topics[where.topic], record)
            for where, records in found.items()
            for record in records
        ]

    async def position(self, topic: Topic) -> int:
        """The offset that will be read next."""
        return int(await self._consumer.position(self._where(topic)))

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        """Where these topics end by now: the first offset that is not committed yet."""
        return await self._offsets(self._consumer.end_offsets, topics)

    async def _offsets(self, ask: Any, topics: Sequence[Topic]) -> dict[Topic, int]:
        wheres = {self._where(topic): topic for topic in topics}
        try:
            found = await ask([*wheres])
        except KafkaError as error:
            raise RetryLater(f"asking for offsets: {type(error).__name__}") from error
        return {wheres[where]: int(offset) for where, offset in found.items()}

    def _where(self, topic: Topic) -> TopicPartition:
        return TopicPartition(topic.full_name(self._prefix), self._partition)

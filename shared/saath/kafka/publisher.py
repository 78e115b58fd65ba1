"""Events onto topics, for writers that need no transaction: ingest, bots, tools."""

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

from aiokafka import AIOKafkaProducer

from saath.events import Event
from saath.kafka.client import producer, start_writing, stop_writing
from saath.kafka.records import Output, output
from saath.metrics import RECORDS_PRODUCED
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import Topic, partition_for

_produced = cache(RECORDS_PRODUCED.labels)  # to look one up takes four times as long as to count


class Publisher:
    """
    Writes events where the topics table says, acknowledged by all in-sync replicas.

    Use it as an async context manager. Its futures resolve when the broker has acknowledged.
    """

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, client_id: str) -> None:
        self._topics = topics
        self._producer: AIOKafkaProducer = producer(kafka, client_id)

    async def __aenter__(self) -> "Publisher":
        await start_writing(self._producer)
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop_writing(self._producer)

    async def reachable(self) -> bool:
        """Ask the brokers for their metadata; whether any of them answered."""
        return bool(await self._producer.client.force_metadata_update())

    async def partitions(self, topic: Topic) -> int:
        """How many partitions *topic* has on the broker."""
        return len(await self._producer.partitions_for(topic.full_name(self._topics.prefix)))

    async def send(
        self, topic: Topic, event: Event, *, traceparent: str | None = None
    ) -> "asyncio.Future[Any]":
        """
        Hand *event* to the producer's buffer, in the order of the calls.

        Returns a future that resolves with the record's metadata once it is durable.
        """
        placed = output(topic, event, await self.partitions(topic), traceparent)
        return await self.send_output(placed)

    async def send_raw(
        self,
        topic: Topic,
        key: str,
        partition: int,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> "asyncio.Future[Any]":
        """Hand a finished record to the producer's buffer."""
        return await self.send_output(Output(topic, partition, key.encode(), value, tuple(headers)))

    async def send_output(self, record: Output) -> "asyncio.Future[Any]":
        """Hand a record that was placed and encoded before to the producer's buffer."""
        name = record.topic.full_name(self._topics.prefix)
        _produced(name).inc()
        future: asyncio.Future[Any] = await self._producer.send(
            name,
            record.value,
            key=record.key,
            partition=record.partition,
            headers=list(record.headers),  # aiokafka takes no other sequence
        )
        return future

    async def publish(self, topic: Topic, *events: Event) -> None:
        """Write *events* and wait until all of them are durable."""
        for future in [await self.send(topic, event) for event in events]:
            await future

    async def publish_json(self, topic: Topic, key: str, value: bytes) -> None:
        """Write a bare JSON record, partitioned by its key, and wait until it is durable."""
        partition = partition_for(key, await self.partitions(topic))
        await (await self.send_raw(topic, key, partition, value))

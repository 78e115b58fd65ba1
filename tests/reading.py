"""Topics read from the beginning to the end, where the end is all that was written."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from saath.client import ClientSettings
from saath.kafka.client import reading
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings
from saath.topics import Topic

PATIENCE_SECONDS = 30.0  # longer than a transaction that nobody ends may stay open


async def ends(kafka: KafkaSettings, wheres: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """
    The ends of partitions, with what is in a transaction that is not over yet.

    A ``read_committed`` reader is told another end: the beginning of the first transaction that is
    open. Kafka closes one in each partition only after its writer was told that all is done, so that
    who reads up to there at once may miss what was just written.
    """
    async with reading(kafka, "tests", isolation_level="read_uncommitted") as reader:
        return dict(await reader.end_offsets([*wheres]))


async def whole(kafka: KafkaSettings, wheres: Sequence[TopicPartition]) -> list[Any]:
    """
    Read what is committed of partitions now, ``read_committed``, each partition's in its order.

    Raises:
        TimeoutError: a transaction stays open.
    """
    until, found = await ends(kafka, wheres), list[Any]()
    async with asyncio.timeout(PATIENCE_SECONDS), reading(kafka, "tests") as reader:
        reader.assign([*wheres])
        await reader.seek_to_beginning()
        while any([await reader.position(where) < end for where, end in until.items()]):
            for raws in (await reader.getmany(timeout_ms=100)).values():
                found += raws
    return found


async def read_all(settings: ClientSettings, topic: Topic) -> list[Record]:
    """Read *topic* once, ``read_committed``, from its beginning to its present end."""
    name = topic.full_name(settings.topics.prefix)
    wheres = [TopicPartition(name, p) for p in range(settings.topics.partitions)]
    return [from_aiokafka(topic, raw) for raw in await whole(settings.kafka, wheres)]

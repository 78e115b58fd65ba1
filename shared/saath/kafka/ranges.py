"""A stretch of one partition, read once more from its beginning to its end."""

from collections.abc import AsyncGenerator

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from saath.errors import RetryLater
from saath.kafka.client import reading
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings
from saath.topics import Topic


async def read_range(
    kafka: KafkaSettings,
    client_id: str,
    topic: Topic,
    prefix: str,
    partition: int,
    start: int,
    end: int,
) -> AsyncGenerator[Record, None]:
    """
    The records of *partition* at offsets from *start* to before *end*; what retention took is left out.

    Raises:
        RetryLater: the broker did not answer.
    """
    where = TopicPartition(topic.full_name(prefix), partition)
    try:
        async with reading(kafka, client_id) as reader:
            reader.assign([where])
            beginning = (await reader.beginning_offsets([where]))[where]
            reader.seek(where, max(start, beginning))
            while await reader.position(where) < end:
                found = await reader.getmany(timeout_ms=1000, max_records=2000)
                for raw in found.get(where, ()):
                    if raw.offset < end:
                        yield from_aiokafka(topic, raw)
    except KafkaError as error:
        raise RetryLater(f"reading {where.topic}: {type(error).__name__}") from error

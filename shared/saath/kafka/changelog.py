"""A partition's own memory: read the changelog to its end, take the input positions from it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from saath.errors import RetryLater
from saath.kafka.membership import Tenure
from saath.kafka.records import Output
from saath.metrics import RESTORE_RECORDS
from saath.topics import Topic

log = structlog.get_logger()

# A restore that takes longer is worth a line in the log, and another one each time.
TOLD_EVERY_SECONDS = 3.0
# Not a possible conversation, number or alias: the key of the record that holds the positions.
POSITIONS_KEY = b"~positions"

Restore = Callable[[bytes, bytes | None], None]
# How much of it is done, between 0 and 1.
Progress = Callable[[float], None]


async def read_to_end(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    apply: Restore,
    progress: Progress = lambda share: None,
) -> int:
    """
    Apply every committed record of *partition*, oldest first; return how many there were.

    The consumer must be ``read_committed``; its end is then the last stable offset, and nobody else
    may be writing: the partition's writer must have been fenced before.

    Raises:
        RetryLater: the broker did not answer.
    """
    count = 0
    try:
        end = (await consumer.end_offsets([partition]))[partition]
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        start = at = await consumer.position(partition)
        while at < end:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for record in records:
                    apply(record.key, record.value)
                count += len(records)
                RESTORE_RECORDS.inc(len(records))
            at = await consumer.position(partition)
            progress((at - start) / (end - start))
    except KafkaError as error:
        raise RetryLater(f"reading {partition.topic}: {type(error).__name__}") from error
    return count


def telling(tenure: Tenure, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Say how much of a partition's state is back: to the probe at once, to the log now and then."""
    said_at = clock()

    def progress(share: float) -> None:
        nonlocal said_at
        tenure.restored = share
        if (now := clock()) - said_at >= TOLD_EVERY_SECONDS:
            said_at = now
            log.info("partition.restoring", partition=tenure.partition, done=round(share, 2))

    return progress


def positions_output(state: Topic, partition: int, positions: Mapping[str, int]) -> Output:
    """The record that says up to where each input has been decided, written in every transaction."""
    return Output(state, partition, POSITIONS_KEY, json.dumps(positions).encode())


def read_positions(value: bytes | None) -> dict[str, int]:
    """Read ``~positions`` back: topic (without prefix) -> next offset."""
    return {str(topic): int(offset) for topic, offset in json.loads(value or b"{}").items()}


async def seek(
    consumer: AIOKafkaConsumer,
    partition: int,
    inputs: Sequence[Topic],
    positions: Mapping[str, int],
    prefix: str,
) -> dict[str, int]:
    """
    Assign *inputs* to *consumer* and go to *positions*; an input without one starts at its beginning.

    Returns the positions that were gone to.
    """
    assigned = {topic: TopicPartition(topic.full_name(prefix), partition) for topic in inputs}
    consumer.assign([*assigned.values()])
    beginnings = await consumer.beginning_offsets([*assigned.values()])
    gone_to: dict[str, int] = {}
    for topic, where in assigned.items():
        # What retention has removed cannot be read any more, whatever the changelog says.
        offset = max(positions.get(topic.name, 0), beginnings[where])
        consumer.seek(where, offset)
        gone_to[topic.name] = offset
    return gone_to

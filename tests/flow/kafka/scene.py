"""What the tests of the Kafka runtime share: a handler that counts, and eyes on the topics."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from saath.errors import PoisonRecord
from saath.kafka.client import producer, reading
from saath.kafka.inputs import Inputs
from saath.kafka.membership import Membership, RunPartition, Tenure
from saath.kafka.processor import Processor
from saath.kafka.records import Output, Record, from_aiokafka
from saath.kafka.transactions import TransactionalWriter
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import BACKFILL, COMMANDS, HANDOFFS, INBOUND, Topic, dlq_topic, state_topic

Headers = Sequence[tuple[str, bytes]]

SERVICE = "router"
STATE, DLQ = state_topic(SERVICE), dlq_topic(SERVICE)
GROUP = "counters"
INPUTS = Inputs(primary=INBOUND, others=(COMMANDS,), slow=(BACKFILL,))
PATIENCE_SECONDS = 60.0

# More than a topic takes (1 MiB) and less than our producer refuses by itself (2 MiB).
TOO_LARGE = b"x" * 1_500_000


class Counting:
    """Numbers the records of a partition, copies each to HANDOFFS, keeps the number in its state."""

    def __init__(self, partition: int) -> None:
        self.partition, self.count = partition, 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        assert (key, value is None) == (b"count", False)
        self.count = int(value or b"")

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        if record.value == b"poison":
            raise PoisonRecord("it says so itself")
        self.count += 1
        if record.value == b"bug":
            raise ZeroDivisionError
        value = TOO_LARGE if record.value == b"large" else record.value
        number = (("count", str(self.count).encode()),)
        return [Output(HANDOFFS, self.partition, record.key, value, number)]

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        return [Output(STATE, self.partition, b"count", str(self.count).encode())]


@dataclass
class Scene:
    """One test's topics on the broker, what is written to them and seen on them."""

    kafka: KafkaSettings
    topics: TopicSettings

    def name(self, topic: Topic) -> str:
        return topic.full_name(self.topics.prefix)

    @property
    def group(self) -> str:
        return f"{self.topics.prefix}{GROUP}"

    def writer(self, partition: int = 0) -> TransactionalWriter:
        return TransactionalWriter(self.kafka, "tests", self.topics.prefix, SERVICE, partition)

    def processor(self, make_handler: Callable[[int], Any] = Counting) -> Processor:
        return Processor(
            SERVICE,
            INPUTS,
            make_handler,
            kafka=self.kafka,
            topics=self.topics,
            client_id="tests",
            now=lambda: datetime.now(UTC),
        )

    def member(self, run_partition: RunPartition | None = None) -> Membership:
        """One member of the group; with a processor that counts, if nothing else is given."""
        run = run_partition or self.processor()
        return Membership(self.kafka, "tests", self.group, self.name(INBOUND), run)

    async def write(
        self,
        *values: bytes | None,
        topic: Topic = INBOUND,
        partition: int = 0,
        key: bytes = b"n",
        headers: Headers = (),
        compression_type: str | None = None,
    ) -> None:
        """Write plain records, as one who knows nothing of transactions."""
        client = producer(self.kafka, "tests", compression_type=compression_type)
        await client.start()
        try:
            for value in values:
                await client.send(
                    self.name(topic), value, key=key, partition=partition, headers=[*headers]
                )
        finally:
            await client.stop()

    async def read(self, topic: Topic = HANDOFFS, partition: int = 0) -> list[Record]:
        """All that a ``read_committed`` reader can see of a partition now."""
        where = TopicPartition(self.name(topic), partition)
        seen: list[Record] = []
        async with reading(self.kafka, "tests") as client:
            client.assign([where])
            end = (await client.end_offsets([where]))[where]
            await client.seek_to_beginning(where)
            while await client.position(where) < end:
                for records in (await client.getmany(timeout_ms=200)).values():
                    seen += [from_aiokafka(topic, raw) for raw in records]
        return seen

    async def counted(self, partition: int = 0) -> list[tuple[int, bytes | None]]:
        """What the handler made of a partition: each record's number and value."""
        return [
            (int(dict(record.headers)["count"]), record.value)
            for record in await self.read(HANDOFFS, partition)
        ]

    async def wait_for(self, last: bytes, topic: Topic = HANDOFFS) -> list[bytes | None]:
        """The values of a topic's partition 0, as soon as this one can be read among them."""
        while True:
            seen = [record.value for record in await self.read(topic)]
            if last in seen:
                return seen
            await asyncio.sleep(0.1)

    async def wait_for_counted(
        self, last: bytes, partition: int = 0
    ) -> list[tuple[int, bytes | None]]:
        """What ``counted`` gives, as soon as a record of this value is among them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                counted = await self.counted(partition)
                if any(value == last for _, value in counted):
                    return counted
                await asyncio.sleep(0.1)

    async def commit_for_group(self, offset: int, partition: int = 0) -> None:
        """Set the group's offset by hand, as a late owner or an operator may."""
        where = TopicPartition(self.name(INBOUND), partition)
        async with reading(self.kafka, "tests", group_id=self.group) as client:
            client.assign([where])
            await client.commit({where: OffsetAndMetadata(offset, "")})

    async def group_offset(self, partition: int = 0) -> int | None:
        """What the group has committed, as a lag exporter reads it."""
        where = TopicPartition(self.name(INBOUND), partition)
        async with reading(self.kafka, "tests", group_id=self.group) as client:
            client.assign([where])
            offset: int | None = await client.committed(where)
            return offset


def numbered(*values: bytes) -> list[tuple[int, bytes | None]]:
    """Each value with its number: what ``counted`` gives where each record counted once."""
    return [*enumerate(values, start=1)]


@contextlib.asynccontextmanager
async def task_of(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run *coroutine* meanwhile; kill it at the end, without asking it to clean up nicely."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.asynccontextmanager
async def owning(run: RunPartition, partition: int = 0) -> AsyncIterator[Tenure]:
    """Own one partition meanwhile, without a group; end as a rebalance would."""
    tenure = Tenure(partition)
    task = asyncio.ensure_future(run(tenure))
    try:
        ready = asyncio.ensure_future(tenure.ready.wait())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        yield tenure
    finally:
        tenure.stopping.set()
        await task

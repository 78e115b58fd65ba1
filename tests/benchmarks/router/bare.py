"""
The least that could be called routing, to measure against: ``python -m tests.benchmarks.router.bare '{…}'``.

A task for each partition: at most 500 records, something written for each, all in one transaction. No types,
no rules, no state, no order over topics; the position is written as one record, as ours is.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from saath.service import collect_less

BATCH_MAX = 500


@dataclass(frozen=True, slots=True)
class Written:
    """So many records of this size go to *topic* for each record that is read."""

    topic: str
    per_record: float
    value_bytes: int


@dataclass(frozen=True, slots=True)
class Task:
    """
    What to read, from where to where by partition, and what to write.

    Without *written* each record that is read is written as it is to *copy_to*.
    """

    servers: str
    name: str
    topic: str
    starts: list[int]
    ends: list[int]
    copy_to: str
    positions_to: str
    written: list[Written]


class Writes:
    """What is written for a record; parts of a record are kept until they are one."""

    def __init__(self, task: Task, partition: int) -> None:
        self._task, self._partition = task, partition
        self._owed = [0.0] * len(task.written)
        self._values = [b"x" * written.value_bytes for written in task.written]
        self._turn = 0

    def of(self, record: Any) -> Iterator[dict[str, Any]]:
        """Arguments for ``send``."""
        if not self._task.written:
            yield {"topic": self._task.copy_to, "value": record.value, "headers": [*record.headers]}
        for at, written in enumerate(self._task.written):
            self._owed[at] += written.per_record
            while self._owed[at] >= 1:
                self._owed[at] -= 1
                self._turn += 1
                yield {"topic": written.topic, "value": self._values[at]}


async def route(task: Task, partition: int, ready: asyncio.Barrier) -> None:
    """Read one partition to its end."""
    where = TopicPartition(task.topic, partition)
    positions = TopicPartition(task.positions_to, partition)
    reader = AIOKafkaConsumer(
        bootstrap_servers=task.servers,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    writer = AIOKafkaProducer(
        bootstrap_servers=task.servers,
        transactional_id=f"{task.name}-{partition}",
        acks="all",
        max_batch_size=512 * 1024,
    )
    writes = Writes(task, partition)
    async with reader, writer:
        reader.assign([where])
        reader.seek(where, task.starts[partition])
        await ready.wait()
        at = task.starts[partition]
        while at < task.ends[partition]:
            found = await reader.getmany(where, timeout_ms=100, max_records=BATCH_MAX)
            for records in found.values():
                async with writer.transaction():
                    sends = [
                        await writer.send(**send, key=record.key, partition=partition)
                        for record in records
                        for send in writes.of(record)
                    ]
                    at = records[-1].offset + 1
                    said = json.dumps({task.topic: at}).encode()
                    sends.append(
                        await writer.send(positions.topic, said, b"at", partition=partition)
                    )
                    await asyncio.gather(*sends)


async def run(task: Task) -> dict[str, float]:
    """Read all partitions at once; how long it took, and what it cost."""
    ready = asyncio.Barrier(len(task.starts) + 1)
    routing = [asyncio.create_task(route(task, p, ready)) for p in range(len(task.starts))]
    await ready.wait()
    started, before = time.perf_counter(), time.process_time()
    await asyncio.gather(*routing)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - before}


def task_of(told: dict[str, Any]) -> Task:
    """A task as it is handed over."""
    return Task(**{**told, "written": [Written(**written) for written in told["written"]]})


def told(task: Task) -> dict[str, Any]:
    """A task to hand over."""
    return asdict(task)


def main(arguments: Sequence[str]) -> None:
    """Run one task and print its result as JSON."""
    collect_less()
    print(json.dumps(asyncio.run(run(task_of(json.loads(arguments[0]))))))


if __name__ == "__main__":
    main(sys.argv[1:])

"""
One restore, in a process of its own: ``python -m tests.benchmarks.router.restoring '{…}'``.

Either as the router does it, state in memory at the end, or a bare read of the same records.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.benchmarks.router.traffic import KEY

from saath.kafka.changelog import read_to_end
from saath.kafka.client import reading
from saath.kafka.layout import Layout
from saath.service import collect_less
from saath.settings import KafkaSettings
from saath.tokens import TurnTokens
from saath.topics import TOPICS
from saath_router.carrier import Installation
from saath_router.handler import RouterHandler
from saath_router.numbers import Numbers
from saath_router.policy import Policy


@dataclass(frozen=True, slots=True)
class Restoring:
    """What to read, and whether anything is to be made of it."""

    servers: str
    topic: str
    bare: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What it took. ``bytes`` is by how much the process has grown."""

    records: int
    seconds: float
    cpu_seconds: float
    bytes: int


async def restore(task: Restoring) -> int:
    """As a partition's task does."""
    installation = Installation(
        KEY.encode(),
        TurnTokens(["unused"]),
        Numbers(Policy()),
        Layout({topic.name: 1 for topic in TOPICS}),
    )
    handler = RouterHandler(installation, 0)
    async with reading(KafkaSettings(bootstrap_servers=task.servers), "benchmark") as reader:
        count = await read_to_end(reader, TopicPartition(task.topic, 0), handler.restore)
    handler.next_due()
    KEPT.append(handler)
    return count


async def bare(task: Restoring) -> int:
    """Read, and count."""
    where, count = TopicPartition(task.topic, 0), 0
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.servers,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    async with consumer:
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        end = (await consumer.end_offsets([where]))[where]
        while await consumer.position(where) < end:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for _ in records:
                    count += 1
    return count


# What was restored stays until it has been weighed.
KEPT: list[Any] = []


def _resident() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def main(arguments: Sequence[str]) -> None:
    """Run one and print what it took as JSON."""
    task = Restoring(**json.loads(arguments[0]))
    collect_less()
    before, started, cpu = _resident(), time.perf_counter(), time.process_time()
    count = asyncio.run(bare(task) if task.bare else restore(task))
    took = Restored(
        count, time.perf_counter() - started, time.process_time() - cpu, _resident() - before
    )
    print(json.dumps(asdict(took)))


if __name__ == "__main__":
    main(sys.argv[1:])

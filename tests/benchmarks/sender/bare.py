"""
The least that could be called sending, to measure against: ``python -m tests.benchmarks.sender.bare '{…}'``.

One consumer for all partitions, a task for each number: an ``AsyncLimiter`` of one in a 20th of a second,
aiohttp's POST, one record of what became of it. No ledger, no fence, no order of lanes, no doubt.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiolimiter import AsyncLimiter

from saath.service import collect_less

# As many as the sender's lane holds.
WAITING_MAX = 500


@dataclass(frozen=True, slots=True)
class Task:
    """What to read from its beginning, where to post it, where to write what became of it, how long."""

    servers: str
    topic: str
    partitions: int
    numbers: list[str]
    graph: str
    outcomes: str
    warm_up: float
    seconds: float
    cap: int = 20


class Loop:
    """One run of a task."""

    def __init__(self, task: Task, session: aiohttp.ClientSession, out: AIOKafkaProducer) -> None:
        self._task, self._session, self._out = task, session, out
        self._waiting = {number: asyncio.Queue[Any](WAITING_MAX) for number in task.numbers}
        self.sent = 0

    async def read(self, reader: AIOKafkaConsumer) -> None:
        """Read until nobody takes any more: a full queue holds all others back."""
        while True:
            for records in (await reader.getmany(timeout_ms=100, max_records=500)).values():
                for record in records:
                    await self._waiting[record.key.decode()].put(record)

    async def send(self, number: str) -> None:
        """Send what one number has waiting, at its pace."""
        waiting, limiter = self._waiting[number], AsyncLimiter(1, 1 / self._task.cap)
        url = f"{self._task.graph}/v25.0/{number}/messages"
        while True:
            record = await waiting.get()
            asked = json.loads(record.value)
            await limiter.acquire()
            body = {"messaging_product": "whatsapp", "to": asked["to"], **asked["messages"][0]}
            headers = {"Authorization": "Bearer token"}
            async with self._session.post(url, json=body, headers=headers) as answer:
                said = json.loads(await answer.read())
            outcome = {"request": asked["id"], "message_id": said["messages"][0]["id"]}
            partition, value = record.partition, json.dumps(outcome).encode()
            await self._out.send(self._task.outcomes, value, key=record.key, partition=partition)
            self.sent += 1


async def run(task: Task) -> dict[str, float]:
    """How many were sent in the time that counts, and what that cost."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=task.servers,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    writer = AIOKafkaProducer(bootstrap_servers=task.servers, acks="all", linger_ms=5)
    connector = aiohttp.TCPConnector(limit=0)
    async with reader, writer, aiohttp.ClientSession(connector=connector) as session:
        wheres = [TopicPartition(task.topic, p) for p in range(task.partitions)]
        reader.assign(wheres)
        await reader.seek_to_beginning(*wheres)
        loop = Loop(task, session, writer)
        work = [asyncio.create_task(loop.read(reader))]
        work += [asyncio.create_task(loop.send(number)) for number in task.numbers]
        await asyncio.sleep(task.warm_up)
        began, before, sent = time.perf_counter(), time.process_time(), loop.sent
        await asyncio.wait(work, timeout=task.seconds, return_when=asyncio.FIRST_COMPLETED)
        seconds = time.perf_counter() - began
        took = {
            "sent": loop.sent - sent,
            "seconds": seconds,
            "cpu": time.process_time() - before,
        }
        failed = [each for each in work if each.done()]
        for each in work:
            each.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for each in failed:
            each.result()
    return took


def told(task: Task) -> dict[str, Any]:
    """A task to hand over."""
    return asdict(task)


def main(arguments: Sequence[str]) -> None:
    """Run one task and print its result as JSON."""
    collect_less()
    print(json.dumps(asyncio.run(run(Task(**json.loads(arguments[0]))))))


if __name__ == "__main__":
    main(sys.argv[1:])

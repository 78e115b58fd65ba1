"""Records a second: a backlog, read by the router and then by bare loops, turn about."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.benchmarks.processes import Bench, Server, result_of
from tests.benchmarks.router.bare import Task, Written, told
from tests.benchmarks.router.traffic import KEY, Traffic

from saath.codec import decode
from saath.events import WatermarkRecorded
from saath.kafka.client import consumer
from saath.kafka.publisher import Publisher
from saath.topics import (
    CONVERSATIONS,
    HANDOFFS,
    INBOUND,
    OUTBOUND,
    OUTBOUND_BULK,
    OUTBOUND_PEOPLE,
    OWNERS,
    TURNS,
    Topic,
    state_topic,
)

STATE = state_topic("router")
# What the router writes, and where the loop beside it writes as much: what nobody reads here.
STAND_INS = {
    CONVERSATIONS: OUTBOUND,
    TURNS: OUTBOUND_PEOPLE,
    OWNERS: OUTBOUND_BULK,
    STATE: HANDOFFS,
}
# The watermark is the last record of a transaction, and the broker's mark follows it.
TAIL = 3
TURN_KEY = "a-turn-key-for-benchmarks"
# Nobody answers turns here, and what would follow from that is not what is measured.
SETTINGS = {
    "SAATH_INSTALLATION_KEY": KEY,
    "SAATH_TURN_KEYS": TURN_KEY,
    "SAATH_ROUTER__ANSWERS": "everyone",
    "SAATH_ROUTER__BOT_REPLY_WITHIN_SECONDS": "0",
    "SAATH_ROUTER__TURN_DEADLINE_SECONDS": "1",
    # It is stopped while the others run, and stays a member of its group all the same.
    "SAATH_KAFKA__SESSION_TIMEOUT_MS": "120000",
}
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Took:
    """What reading a backlog took."""

    records: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of a record."""
        return self.cpu_seconds / self.records * 1e6

    def __str__(self) -> str:
        """One line."""
        return f"{self.rate:6.0f} records/s; {self.cpu_us:5.0f} µs CPU each"


@dataclass(frozen=True, slots=True)
class Round:
    """One backlog: the router, a loop that copies it, and one that writes as much as the router."""

    router: Took
    bare: Took
    as_much: Took
    written: Sequence[Written]


@contextmanager
def router(at: Bench) -> Iterator[Server]:
    """The service, as a process."""
    with at.service("router", "saath_router", SETTINGS) as server:
        yield server


async def one_round(at: Bench, server: Server, traffic: Traffic, count: int, number: int) -> Round:
    """Write a backlog while nobody reads it, then have it read."""
    async with consumer(at.kafka, "benchmark") as reader:
        starts, before = await _ends(at, reader, INBOUND), await _all_ends(at, reader)
        with _stopped(server):
            await _write(at, traffic, count)
            ends = await _ends(at, reader, INBOUND)
        cpu, began = server.cpu_seconds() or 0.0, time.perf_counter()
        await _decided(at, reader, ends)
        seconds = time.perf_counter() - began
        mine = Took(count, seconds, (server.cpu_seconds() or 0.0) - cpu)
        written = await _written(at, reader, before, count)

    with _stopped(server):
        bare = await asyncio.to_thread(_bare, at, f"bare-{number}", starts, ends, ())
        as_much = await asyncio.to_thread(_bare, at, f"much-{number}", starts, ends, written)
    return Round(mine, bare, as_much, written)


def _bare(
    at: Bench, name: str, starts: list[int], ends: list[int], what: Sequence[Written]
) -> Took:
    copies = HANDOFFS.full_name(at.topics.prefix)
    topic, servers = INBOUND.full_name(at.topics.prefix), at.kafka.bootstrap_servers
    task = Task(servers, name, topic, starts, ends, copies, copies, [*what])
    took = result_of("tests.benchmarks.router.bare", told(task))
    return Took(sum(ends) - sum(starts), took["seconds"], took["cpu"])


async def _write(at: Bench, traffic: Traffic, count: int) -> None:
    async with Publisher(at.kafka, at.topics, "benchmark") as publisher:
        events = traffic.events(count, datetime.now(UTC))
        await asyncio.gather(*[await publisher.send(INBOUND, event) for event in events])


async def _decided(at: Bench, reader: AIOKafkaConsumer, ends: Sequence[int]) -> None:
    """Wait until the watermark of every partition is at the end; look at nothing but its last records."""
    left = {p: end for p, end in enumerate(ends) if end}
    until = time.perf_counter() + PATIENCE_SECONDS
    while left:
        tails = {_where(at, OWNERS, p): end for p, end in left.items()}
        for where, last in (await reader.end_offsets([*tails])).items():
            reader.assign([where])
            reader.seek(where, max(0, last - TAIL))
            for records in (await reader.getmany(where, timeout_ms=20)).values():
                for record in records:
                    event = decode(record.headers, record.value)
                    if not isinstance(event, WatermarkRecorded):
                        continue
                    if event.positions.get(INBOUND.name, 0) >= tails[where]:
                        left.pop(where.partition, None)
        if time.perf_counter() > until:
            raise TimeoutError("the router did not read its backlog")
        await asyncio.sleep(0.02)


async def _written(
    at: Bench, reader: AIOKafkaConsumer, before: dict[Topic, list[int]], count: int
) -> list[Written]:
    """What the router wrote for each record, by topic, as the loop beside it shall write it."""
    found = []
    for topic, stand_in in STAND_INS.items():
        records, size = 0, 0
        for partition, start in enumerate(before[topic]):
            where = _where(at, topic, partition)
            end = (await reader.end_offsets([where]))[where]
            reader.assign([where])
            reader.seek(where, start)
            while await reader.position(where) < end:
                for batch in (await reader.getmany(where, timeout_ms=200)).values():
                    records += len(batch)
                    size += sum(len(r.value or b"") + _headers(r.headers) for r in batch)
        if records:
            name = stand_in.full_name(at.topics.prefix)
            found.append(Written(name, records / count, size // records))
    return found


def _headers(headers: Sequence[tuple[str, bytes]]) -> int:
    return sum(len(name) + len(value or b"") for name, value in headers)


async def _all_ends(at: Bench, reader: AIOKafkaConsumer) -> dict[Topic, list[int]]:
    return {topic: await _ends(at, reader, topic) for topic in STAND_INS}


async def _ends(at: Bench, reader: AIOKafkaConsumer, topic: Topic) -> list[int]:
    wheres = [_where(at, topic, p) for p in range(at.topics.partitions)]
    ends = await reader.end_offsets(wheres)
    return [ends[where] for where in wheres]


def _where(at: Bench, topic: Topic, partition: int) -> TopicPartition:
    return TopicPartition(topic.full_name(at.topics.prefix), partition)


@contextmanager
def _stopped(server: Server) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)

"""
From webhook to turn: what a customer waits before a bot is asked. Through ingest, at a steady rate.

Each message is timed from the instant at which its webhook was due, whatever the services do, to the
instant at which a ``read_committed`` reader has its turn.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.benchmarks.ingest.bodies import Body
from tests.benchmarks.ingest.load import Load, made, opened
from tests.benchmarks.ingest.processes import SECRET, ingest
from tests.benchmarks.ingest.wire import request
from tests.benchmarks.processes import Bench, Server
from tests.benchmarks.router.rate import router

from saath.codec import decode
from saath.events import TurnOffered
from saath.kafka.client import consumer
from saath.topics import TURNS

UPDATES_PER_SECOND = 100
# How long the last turns may take.
SETTLE_SECONDS = 5.0


@dataclass
class Seen:
    """When each message was due, and when its turn was there, by ``time.perf_counter``."""

    due: dict[str, float] = field(default_factory=dict)
    turned: dict[str, float] = field(default_factory=dict)

    def latencies_ms(self, start: float, end: float) -> list[float]:
        """Of the messages that were due between the two."""
        return [
            (at - self.due[message]) * 1000
            for message, at in self.turned.items()
            if message in self.due and start <= self.due[message] < end
        ]

    def missing(self) -> int:
        """How many messages a bot should have been asked to answer, and was not."""
        return len(self.due.keys() - self.turned.keys())


@dataclass(frozen=True, slots=True)
class Latency:
    """The first seconds, and what counts."""

    warm_up_ms: list[float]
    measured_ms: list[float]
    missing: int


@contextmanager
def services(at: Bench) -> Iterator[tuple[Server, Server]]:
    """Ingest and router, on the same topics."""
    with ingest(at) as door, router(at) as decides:
        yield door, decides


async def webhook_to_turn(
    at: Bench, door: Server, seconds: float, warm_up: float, seed: int = 1
) -> Latency:
    """Post for so long; what was seen. With another *seed* they are other messages."""
    load = Load([door.port], SECRET, seconds, warm_up, updates_per_second=UPDATES_PER_SECOND)
    count = int((seconds + warm_up) * UPDATES_PER_SECOND)
    load = replace(load, bodies=count, written_at=int(time.time()), seed=seed)
    posted = made(load)
    wires, seen = [request(body) for body in posted], Seen()
    asked = dict(zip(wires, _answered_by_bots(posted), strict=True))

    def told(wire: bytes, due: float) -> None:
        seen.due |= dict.fromkeys(asked[wire], due)

    async with consumer(at.kafka, "benchmark") as reader:
        reading = asyncio.create_task(_follow(at, reader, seen))
        began = time.perf_counter()
        updates = [body.updates for body in posted]
        await opened(load, itertools.cycle(zip(wires, updates, strict=True)), told)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while seen.missing():  # noqa: ASYNC110 # nothing tells
                    await asyncio.sleep(0.05)
        reading.cancel()
    measure_from = began + warm_up
    return Latency(
        seen.latencies_ms(0, measure_from),
        seen.latencies_ms(measure_from, time.perf_counter()),
        seen.missing(),
    )


def _answered_by_bots(posted: tuple[Body, ...]) -> list[list[str]]:
    """Of each body the messages whose conversation nobody answers from the phone."""
    contents = [json.loads(body.content) for body in posted]
    people = {talk for content in contents for talk, _ in _parts(content, "message_echoes", "to")}
    return [
        [message for talk, message in _parts(content, "messages", "from") if talk not in people]
        for content in contents
    ]


def _parts(
    content: Mapping[str, object], kind: str, whom: str
) -> Iterator[tuple[tuple[str, str], str]]:
    """Who wrote or was written to on which number, and the message."""
    for entry in content["entry"]:  # type: ignore[attr-defined] # JSON
        for change in entry["changes"]:
            value = change["value"]
            number = value["metadata"]["phone_number_id"]
            for part in value.get(kind, ()):
                yield (number, part[whom]), part["id"]


async def _follow(at: Bench, reader: AIOKafkaConsumer, seen: Seen) -> None:
    name = TURNS.full_name(at.topics.prefix)
    wheres = [TopicPartition(name, p) for p in range(at.topics.partitions)]
    reader.assign(wheres)
    await reader.seek_to_end(*wheres)
    while True:
        for records in (await reader.getmany(timeout_ms=1000)).values():
            now = time.perf_counter()
            for record in records:
                event = decode(record.headers, record.value)
                if isinstance(event, TurnOffered):
                    seen.turned |= {message.message_id: now for message in event.messages}

"""Routers as processes, traffic that never ends, and the eyes of one who reads all they write."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiokafka import TopicPartition
from tests.faults.judge import Broken, Evidence, judge
from tests.faults.people import Customer
from tests.faults.traffic import Traffic
from tests.reading import read_all

from saath.client import ClientSettings
from saath.codec import decode
from saath.events import Event, MessageReceived, OwnerChanged, WatermarkRecorded
from saath.kafka.client import consumer
from saath.kafka.publisher import Publisher
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import (
    CONVERSATIONS,
    HANDOFFS,
    INBOUND,
    OUTCOMES,
    OWNERS,
    TURNS,
    Topic,
    dlq_topic,
)
from saath_demo.stack import Stack, free_ports
from saath_local.find import VARIABLE

READ = (CONVERSATIONS, TURNS, HANDOFFS, OWNERS)
PATIENCE_SECONDS = 60.0
LIFE_SECONDS_MAX = 100.0
LOOK_SECONDS = 0.1

# How soon a dead router is missed. A broker of ours allows less than Kafka's own least of 6 s.
SESSION_TIMEOUT_MS = 6000 if VARIABLE in os.environ else 2500
SESSIONS = {
    "SAATH_KAFKA__SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
    "SAATH_KAFKA__HEARTBEAT_INTERVAL_MS": "400",
}
RULES = {
    "SAATH_ROUTER__ANSWERS": "everyone",
    # No bot is there that could answer. That a person does not is said by a timer, now and then.
    "SAATH_ROUTER__BOT_REPLY_WITHIN_SECONDS": "0",
    "SAATH_ROUTER__HUMAN_REPLY_WITHIN_SECONDS": "2",
}


@dataclass(slots=True)
class Eyes:
    """All that one ``read_committed`` reader sees who was there from the beginning."""

    settings: ClientSettings
    records: dict[Topic, list[Record]] = field(default_factory=lambda: {t: [] for t in READ})
    decided: dict[tuple[str, int], int] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self) -> None:
        """Read for ever."""
        kafka, topics = self.settings.kafka, self.settings.topics
        by_name = {topic.full_name(topics.prefix): topic for topic in READ}
        async with consumer(kafka, "tests-eyes") as reader:
            reader.assign([TopicPartition(n, p) for n in by_name for p in range(topics.partitions)])
            await reader.seek_to_beginning()
            while True:
                for where, found in (await reader.getmany(timeout_ms=100)).items():
                    topic = by_name[where.topic]
                    await self._saw(topic, [from_aiokafka(topic, raw) for raw in found])

    async def _saw(self, topic: Topic, records: Sequence[Record]) -> None:
        async with self.news:
            self.records[topic] += records
            for record in records if topic is OWNERS else ():
                event = decode(record.headers, record.value)
                if isinstance(event, WatermarkRecorded):
                    self.decided |= {(t, record.partition): at for t, at in event.positions.items()}
            self.news.notify_all()

    async def reach(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Wait until each partition of each input is decided up to its end."""
        wanted = dict(ends)
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(
                lambda: all(self.decided.get(at, 0) >= end for at, end in wanted.items())
            )

    async def see(self, topic: Topic, records: Sequence[Record]) -> None:
        """Wait until all of these have been seen."""
        ends = {record.partition: record.offset for record in records}

        def seen() -> bool:
            reached = {record.partition: record.offset for record in self.records[topic]}
            return all(reached.get(p, -1) >= end for p, end in ends.items())

        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(seen)

    def events(self, topic: Topic) -> list[Event]:
        """What was seen on *topic*."""
        return events_of(self.records[topic])


@dataclass(frozen=True, slots=True)
class Scene:
    """One test's routers and what they are given."""

    stack: Stack
    settings: ClientSettings
    traffic: Traffic
    eyes: Eyes

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Until the block's end there is traffic, and until a moment after it."""
        enough = asyncio.Event()
        async with asyncio.timeout(LIFE_SECONDS_MAX), asyncio.TaskGroup() as group:
            group.create_task(self.traffic.flow(enough))
            yield
            enough.set()

    async def start(self, *names: str) -> None:
        """Start routers, and wait until each of them is at work."""
        for name in names:
            self.stack.start(name)
        await self.stack.wait_until_ready(*names)

    async def all_is_decided(self) -> None:
        """
        Wait until all is decided that Kafka has taken by now.

        Raises:
            TimeoutError: it is not.
        """
        await self.eyes.reach(self.traffic.acked)

    async def all_move_on(self) -> None:
        """
        Wait until in every partition something is decided that was written after this moment.

        Raises:
            TimeoutError: one of them stands still.
        """
        await self.eyes.reach(
            {at: end + 1 for at, end in self.traffic.acked.items() if at[0] == INBOUND.name}
        )

    async def share(self, name: str) -> int:
        """How many partitions a router says it was given."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.stack.url(name)}/metrics") as answer,
        ):
            for line in (await answer.text()).splitlines():
                if line.startswith("saath_partitions_assigned "):
                    return int(float(line.split()[1]))
        return 0

    async def is_shared_by(self, *names: str) -> None:
        """
        Wait until each of these has partitions, and all of them together all there are.

        Raises:
            TimeoutError: it never came to that.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                shares = [await self.share(name) for name in names]
                if all(shares) and sum(shares) == self.settings.topics.partitions:
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def broken(self) -> list[Broken]:
        """Bring all to rest, and say which promises were broken."""
        await self.all_is_decided()
        wanted = await self.traffic.settle()
        await self.all_is_decided()
        again = {topic: await read_all(self.settings, topic) for topic in READ}
        for topic, records in again.items():
            await self.eyes.see(topic, records)
        inputs = [events_of(await read_all(self.settings, topic)) for topic in (INBOUND, OUTCOMES)]
        known = {event.id for events in inputs for event in events}
        dead = await read_all(self.settings, dlq_topic("router"))
        found = [
            *judge(self._evidence(inputs, again[CONVERSATIONS])),
            *(Broken("Kafka keeps what it took", fact) for fact in {*self.traffic.told} - known),
            *(Broken("nothing is put aside", str(dict(letter.headers))) for letter in dead),
            *self._disobeyed(wanted),
        ]
        print(Counter(broken.promise for broken in found))  # pytest shows it with a failure
        return found

    def _evidence(self, inputs: list[list[Event]], again: list[Record]) -> Evidence:
        ends = {record.partition: record.offset for record in again}
        seen = self.eyes.records[CONVERSATIONS]
        return Evidence(
            inputs=inputs,
            log=events_of([r for r in seen if r.offset <= ends.get(r.partition, -1)]),
            log_again=events_of(again),
            turns=self.eyes.events(TURNS),
            handoffs=self.eyes.events(HANDOFFS),
            owners=by_partition(self.eyes.records[OWNERS]),
        )

    def _disobeyed(self, wanted: dict[Customer, str]) -> list[Broken]:
        """Who answers in the end, where it is not who was told to."""
        names: dict[str | None, tuple[str | None, str | None]] = {}
        owners: dict[str | None, str] = {}
        for event in self.eyes.events(CONVERSATIONS):
            if isinstance(event, MessageReceived):
                names[event.conversation] = event.number, event.contact.phone
            if isinstance(event, OwnerChanged):
                owners[event.conversation] = event.owner
        answers = {names[conversation]: owner for conversation, owner in owners.items()}
        return [
            Broken("a person's word counts", f"{customer}: not {owner}")
            for customer, owner in wanted.items()
            if answers.get((customer.number, customer.phone)) != owner
        ]


@asynccontextmanager
async def routing(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, *names: str, seed: int
) -> AsyncIterator[Scene]:
    """These routers at work on topics that are there, everybody known to them."""
    print(f"seed {seed}")  # pytest shows it with a failure
    settings = ClientSettings(kafka=kafka, topics=topics)
    stack, eyes = Stack(kafka, topics, folder, free_ports(), SESSIONS | RULES), Eyes(settings)
    try:
        async with Publisher(kafka, topics, "tests") as publisher, asyncio.TaskGroup() as group:
            watching = group.create_task(eyes.follow())
            scene = Scene(stack, settings, Traffic(publisher, topics.partitions, seed), eyes)
            await scene.start(*names)
            await scene.traffic.introduce()
            await scene.all_is_decided()
            yield scene
            watching.cancel()
    finally:
        await asyncio.to_thread(stack.close)


def events_of(records: Sequence[Record]) -> list[Event]:
    """The events of *records*."""
    return [decode(record.headers, record.value) for record in records]


def by_partition(records: Sequence[Record]) -> dict[int, list[Event]]:
    """The events of *records*, each partition's in its order."""
    partitions = {record.partition for record in records}
    return {p: events_of([r for r in records if r.partition == p]) for p in partitions}

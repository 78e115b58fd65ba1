"""A router played by hand: who owns what, and how far that is decided."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from tests.faults.sender_judge import Barred, Message

from saath.client import ClientSettings
from saath.codec import decode, encode
from saath.events import (
    Contact,
    Event,
    MessageAccepted,
    MessageEchoed,
    MessageLeftInDoubt,
    OutcomeEvent,
    Owner,
    OwnershipRecorded,
    WatermarkRecorded,
)
from saath.kafka.client import consumer
from saath.kafka.publisher import Publisher
from saath.kafka.records import Output, output
from saath.topics import INBOUND, OUTCOMES, OWNERS, Topic, partition_for

BOT = "orders"
AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Taken:
    """When a record was appended to the leader's log, and when we heard that all had it; unix seconds."""

    logged: float
    acked: float


class Post:
    """Writes until Kafka has taken it, as whoever has something to send does."""

    def __init__(self, publisher: Publisher, partitions: int) -> None:
        self._publisher, self.partitions = publisher, partitions

    async def write(self, outputs: Iterable[Output]) -> list[Taken]:
        """Write *outputs*, each until it is taken."""
        return [await self._write(each) for each in outputs]

    async def events(self, topic: Topic, *events: Event) -> list[Taken]:
        """Write *events*."""
        return await self.write(output(topic, event, self.partitions) for event in events)

    async def request(self, topic: Topic, number: str, request: dict[str, Any]) -> Taken:
        """Write a request as bots and tools do."""
        where, value = partition_for(number, self.partitions), json.dumps(request).encode()
        return await self._write(Output(topic, where, number.encode(), value))

    async def _write(self, record: Output) -> Taken:
        while True:
            try:
                future = await self._publisher.send_output(record)
                acked = list[float]()
                future.add_done_callback(partial(_stamp, acked))
                metadata = await future
                return Taken(metadata.timestamp / 1000, acked[0])
            except KafkaError:
                await asyncio.sleep(AGAIN_SECONDS)


def _stamp(times: list[float], _: "asyncio.Future[Any]") -> None:
    times.append(time.time())


@dataclass(slots=True)
class Chat:
    """One customer on one number, and who answers."""

    number: str
    phone: str
    epoch: int = 1
    owner: Owner = "bot"

    @property
    def name(self) -> str:
        """The conversation's name."""
        return f"c_{self.phone}"

    @property
    def recorded(self) -> OwnershipRecorded:
        """Its record on ``owners``."""
        return OwnershipRecorded(
            id=f"{self.name}:{self.epoch}",
            time=now(),
            number=self.number,
            conversation=self.name,
            owner=self.owner,
            epoch=self.epoch,
            bot=BOT,
            addresses=Contact(phone=self.phone),
            window_until=now() + timedelta(hours=24),
        )


class Clerk:
    """
    The router, played by hand: a person's word makes a conversation theirs, and is then decided.

    It is a ``read_committed`` reader of ``outcomes`` from their beginning, too.
    """

    def __init__(self, settings: ClientSettings, post: Post, chats: Sequence[Chat]) -> None:
        self._settings, self._post = settings, post
        self._chats = {(chat.number, chat.phone): chat for chat in chats}
        self._writing = asyncio.Lock()
        self._deciding = asyncio.Lock()
        self._positions: dict[int, dict[str, int]] = {}
        self._told: dict[int, dict[str, int]] = {}
        self.acked: dict[str, float] = {}
        self.outcomes: list[OutcomeEvent] = []
        self.ended: set[Message] = set()
        self.barred: list[Barred] = []
        self.news = asyncio.Condition()
        # While it does not, what is read stays undecided, as with a router that is slow.
        self.decides = True
        self._undecided: list[Event] = []

    async def follow(self) -> None:
        """Read and decide for ever."""
        kafka, topics = self._settings.kafka, self._settings.topics
        by_name = {topic.full_name(topics.prefix): topic for topic in (INBOUND, OUTCOMES)}
        async with consumer(kafka, "tests-clerk") as reader:
            reader.assign([TopicPartition(n, p) for n in by_name for p in range(topics.partitions)])
            await reader.seek_to_beginning()
            while True:
                try:
                    found = await reader.getmany(timeout_ms=50)
                except KafkaError:
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                for where, records in found.items():
                    events = [decode([*raw.headers], raw.value) for raw in records]
                    at = records[-1].offset + 1
                    await self._read(by_name[where.topic], where.partition, events, at)

    async def _read(self, topic: Topic, partition: int, events: list[Event], at: int) -> None:
        for event in events:
            if isinstance(event, OutcomeEvent):
                self.outcomes.append(event)
                if not isinstance(event, MessageLeftInDoubt):
                    self.ended.add((event.number or "", event.request, event.index))
        self._undecided += events
        self._positions.setdefault(partition, {})[topic.name] = at
        if self.decides:
            await self.catch_up()
        async with self.news:
            self.news.notify_all()

    async def catch_up(self) -> None:
        """Decide all that was read, and only then say so."""
        async with self._deciding:
            events, self._undecided = self._undecided, []
            positions = {p: dict(by_topic) for p, by_topic in self._positions.items()}
            for event in events:
                await self._decide(event)
            for partition, by_topic in positions.items():
                if by_topic != self._told.get(partition):
                    await self._watermark(partition, by_topic)

    async def _decide(self, event: Event) -> None:
        match event:
            case MessageEchoed(number=str() as number, contact=Contact(phone=str() as phone)):
                chat, at = self._chats[number, phone], self.acked.get(event.id)
            case MessageAccepted() | MessageLeftInDoubt() if event.by == "person" and event.to:
                chat, at = self._chats[event.number or "", event.to.lstrip("+")], None
            case _:
                return
        await self.give(chat, "human")
        self.barred.append(Barred(chat.name, chat.epoch, at or time.monotonic()))

    async def give(self, chat: Chat, owner: Owner) -> None:
        """Record who owns it; a new epoch where that is somebody else."""
        async with self._writing:
            changed = owner != chat.owner
            after = Chat(chat.number, chat.phone, chat.epoch + changed, owner)
            await self._post.events(OWNERS, after.recorded)
            chat.epoch, chat.owner = after.epoch, after.owner

    async def _watermark(self, partition: int, positions: dict[str, int]) -> None:
        self._told[partition] = positions
        event = WatermarkRecorded(id=uuid.uuid4().hex, time=now(), positions=positions)
        headers, value = encode(event)
        record = Output(OWNERS, partition, b"~watermark", value, tuple(headers))
        await self._post.write([record])

    async def sees(self, messages: set[Message], seconds: float) -> None:
        """
        Wait until all of these have ended, however many they are: a slow machine is no broken promise.

        Raises:
            TimeoutError: some have not, and for this long none has.
        """
        while not messages <= self.ended:
            before = len(self.ended)
            async with asyncio.timeout(seconds), self.news:
                while len(self.ended) == before:
                    await self.news.wait()


def now() -> datetime:
    return datetime.now(UTC)

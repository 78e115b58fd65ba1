"""What bots, people and campaigns ask the sender for, and a router played by hand: who owns what."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from tests.faults.sender_judge import Barred, Message

from saath.client import ClientSettings
from saath.codec import decode, encode
from saath.events import (
    Contact,
    Content,
    Event,
    MessageAccepted,
    MessageEchoed,
    MessageLeftInDoubt,
    MessageReceived,
    NumberRecorded,
    OutcomeEvent,
    Owner,
    OwnershipRecorded,
    WatermarkRecorded,
)
from saath.identity import event_id, uuid7
from saath.kafka.client import consumer
from saath.kafka.publisher import Publisher
from saath.kafka.records import Output, output
from saath.tokens import TurnToken, TurnTokens
from saath.topics import (
    INBOUND,
    NUMBERS,
    OUTBOUND,
    OUTBOUND_BULK,
    OUTBOUND_PEOPLE,
    OUTCOMES,
    OWNERS,
    Topic,
    partition_for,
)

BOT = "orders"
TICK_SECONDS = 0.1
AGAIN_SECONDS = 0.1
# How many messages a request has: some 14 messages a second of a number whose cap is 20.
TOTALS = (1, 1, 1, 2, 3)
TURN_SECONDS = 300


class Post:
    """Writes until Kafka has taken it, as whoever has something to send does."""

    def __init__(self, publisher: Publisher, partitions: int) -> None:
        self._publisher, self.partitions = publisher, partitions

    async def write(self, outputs: Iterable[Output]) -> list[float]:
        """Write *outputs*, each until it is taken; when the broker says that it was (unix seconds)."""
        return [await self._write(each) for each in outputs]

    async def events(self, topic: Topic, *events: Event) -> list[float]:
        """Write *events*."""
        return await self.write(output(topic, event, self.partitions) for event in events)

    async def request(self, topic: Topic, number: str, request: dict[str, Any]) -> float:
        """Write a request as bots and tools do."""
        where, value = partition_for(number, self.partitions), json.dumps(request).encode()
        return await self._write(Output(topic, where, number.encode(), value))

    async def _write(self, record: Output) -> float:
        while True:
            try:
                metadata = await (await self._publisher.send_output(record))
                return float(metadata.timestamp) / 1000
            except KafkaError:
                await asyncio.sleep(AGAIN_SECONDS)


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
        Wait until all of these have ended.

        Raises:
            TimeoutError: some have not.
        """
        async with asyncio.timeout(seconds), self.news:
            await self.news.wait_for(lambda: messages <= self.ended)


@dataclass(slots=True)
class Letters:
    """
    Everybody who asks for something to be sent.

    ``asked`` is every message; ``resends`` the requests that are sent again after a doubt, and
    ``recipients`` whom each goes to.
    """

    post: Post
    clerk: Clerk
    tokens: TurnTokens
    chats: Sequence[Chat]
    chance: random.Random
    asked: set[Message] = field(default_factory=set)
    resends: set[str] = field(default_factory=set)
    recipients: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        """The numbers."""
        return list(dict.fromkeys(chat.number for chat in self.chats))

    async def introduce(self, caps: Mapping[str, int] = MappingProxyType({})) -> None:
        """Every number is active, and a bot has every conversation."""
        for number in self.numbers:
            about = {"id": uuid.uuid4().hex, "time": now(), "number": number, "state": "active"}
            cap = {"cap_per_second": caps[number]} if number in caps else {}
            await self.post.events(NUMBERS, NumberRecorded(**about, **cap))
        await self.post.events(OWNERS, *(chat.recorded for chat in self.chats))

    async def flow(self, enough: asyncio.Event) -> None:
        """Things are asked for until it is *enough*."""
        async with asyncio.TaskGroup() as group:
            for number in self.numbers:
                mine = [chat for chat in self.chats if chat.number == number]
                group.create_task(self._flow(mine, enough))

    async def _flow(self, chats: Sequence[Chat], enough: asyncio.Event) -> None:
        while not enough.is_set():
            await self._something(self.chance.choice(chats))
            await asyncio.sleep(TICK_SECONDS)

    async def _something(self, chat: Chat) -> None:
        dice = self.chance.random()
        if dice < 0.45 and chat.owner == "bot":
            await self.reply(chat, self.chance.choice(TOTALS))
        elif dice < 0.85:
            policy = self.chance.choice(("resend", "drop"))
            await self.campaign(chat, self.chance.choice(TOTALS), policy)
        elif dice < 0.90:
            await self.person(chat)
        elif dice < 0.93:
            await self.echo(chat)
        elif chat.owner == "human":
            await self.clerk.give(chat, "bot")

    async def reply(self, chat: Chat, total: int = 1) -> str:
        """A bot answers a turn of the present epoch; the turn."""
        turn = f"t_{uuid.UUID(int=self.chance.getrandbits(128)).hex}"
        deadline = int(time.time()) + TURN_SECONDS
        token = TurnToken(turn, chat.number, chat.name, chat.epoch, BOT, deadline)
        messages = [worded(f"{turn}/{n}") for n in range(total)]
        self._note(chat, turn, total, resend=True)
        await self.post.request(
            OUTBOUND, chat.number, {"turn": self.tokens.sign(token), "messages": messages}
        )
        return turn

    async def campaign(self, chat: Chat, total: int = 1, policy: str = "resend") -> None:
        """A campaign's request."""
        messages = [templated() for _ in range(total)]
        await self._tool(OUTBOUND_BULK, chat, messages, in_doubt=policy, **{"class": "utility"})

    async def person(self, chat: Chat) -> float:
        """A person writes with a tool; when Kafka had it."""
        return await self._tool(OUTBOUND_PEOPLE, chat, [worded("I see to it")], **SERVICE)

    async def echo(self, chat: Chat) -> float:
        """A person answers in the app; when Kafka had it."""
        wamid = f"wamid.{uuid.uuid4().hex}"
        event = MessageEchoed(
            id=event_id(wamid, "echoed"),
            time=now(),
            number=chat.number,
            message_id=wamid,
            contact=Contact(phone=chat.phone),
            content=Content.of_text("I'll take this"),
        )
        [at] = await self.post.events(INBOUND, event)
        self.clerk.acked[event.id] = time.monotonic()
        return at

    async def heard(self) -> None:
        """A customer of each number says something that nobody minds: Meta's webhooks do arrive."""
        for number in self.numbers:
            wamid = f"wamid.{uuid.uuid4().hex}"
            event = MessageReceived(
                id=event_id(wamid, "received"),
                time=now(),
                number=number,
                message_id=wamid,
                contact=Contact(phone="16505559999"),
                content=Content.of_text("Thanks!"),
            )
            await self.post.events(INBOUND, event)

    async def _tool(
        self, topic: Topic, chat: Chat, messages: list[dict[str, Any]], **more: Any
    ) -> float:
        request = uuid7(time.time_ns() // 1_000_000, self.chance.getrandbits(74))
        self._note(chat, request, len(messages), resend=more.get("in_doubt") == "resend")
        about = {"id": request, "number": chat.number, "to": f"+{chat.phone}"}
        return await self.post.request(topic, chat.number, {**about, "messages": messages, **more})

    def _note(self, chat: Chat, request: str, total: int, *, resend: bool) -> None:
        self.asked |= {(chat.number, request, n) for n in range(total)}
        self.recipients[request] = chat.phone
        if resend:
            self.resends.add(request)


SERVICE = {"class": "service"}


def now() -> datetime:
    return datetime.now(UTC)


def worded(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


def templated(name: str = "utility_news") -> dict[str, Any]:
    return {"type": "template", "template": {"name": name, "language": {"code": "en"}}}

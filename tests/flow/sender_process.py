"""The sender as a process, with the sandbox behind it and ourselves as router, ingest and bots."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from tests.flow.sandbox_process import Meta, sandbox
from tests.reading import whole

from saath.codec import decode, encode
from saath.events import (
    Contact,
    Content,
    MessageEchoed,
    MessageSent,
    NumberRecorded,
    OutcomeEvent,
    Owner,
    OwnershipRecorded,
    WatermarkRecorded,
)
from saath.identity import event_id
from saath.kafka.publisher import Publisher
from saath.settings import KafkaSettings, TopicSettings
from saath.tokens import TurnToken, TurnTokens
from saath.topics import INBOUND, NUMBERS, OUTBOUND, OUTCOMES, OWNERS, Topic, partition_for
from saath_local import Process, spawn
from saath_sandbox.views import RegisteredNumber

TURN_KEY = "a-turn-key-of-the-tests"
SYSTEM_TOKEN = "a-system-token-of-the-tests"
BOT = "orders"


@dataclass
class Scene:
    """One number, with everything around the sender played by the test."""

    kafka: KafkaSettings
    topics: TopicSettings
    meta: Meta
    number: RegisteredNumber
    publisher: Publisher
    folder: Path
    settings: dict[str, str]
    statuses: bool = True
    _told: int = 0
    _processes: list[Process] = field(default_factory=list)
    tokens: TurnTokens = field(default_factory=lambda: TurnTokens([TURN_KEY]))

    @property
    def id(self) -> str:
        return self.number.phone_number_id

    def start(self) -> Process:
        """Start the sender, or another one."""
        environment = {name: v for name, v in os.environ.items() if not name.startswith("SAATH_")}
        count = len(self._processes)
        process = spawn(
            [sys.executable, "-m", "saath_sender"],
            env={**environment, **self.settings},
            log_path=self.folder / f"sender-{count}.log",
        )
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            process.close()

    async def number_recorded(self, **changes: Any) -> None:
        event = NumberRecorded(
            **(
                {"id": uuid.uuid4().hex, "time": now(), "number": self.id, "state": "active"}
                | changes
            )
        )
        await self.publisher.publish(NUMBERS, event)

    async def owned(
        self,
        phone: str,
        *,
        epoch: int = 1,
        owner: Owner = "bot",
        window: bool = True,
    ) -> str:
        """Record who owns the conversation with *phone*; its name."""
        conversation = f"c_{phone}"
        event = OwnershipRecorded(
            id=f"{conversation}:{epoch}",
            time=now(),
            number=self.id,
            conversation=conversation,
            owner=owner,
            epoch=epoch,
            bot=BOT,
            addresses=Contact(phone=phone),
            window_until=now() + timedelta(hours=24) if window else None,
        )
        await self.publisher.publish(OWNERS, event)
        return conversation

    async def decided(self, **positions: int) -> None:
        """The router has decided inbound and outcomes up to here."""
        named = {f"{topic}.v1": offset for topic, offset in positions.items()}
        event = WatermarkRecorded(id=uuid.uuid4().hex, time=now(), positions=named)
        headers, value = encode(event)
        partition = partition_for(self.id, self.topics.partitions)
        future = await self.publisher.send_raw(OWNERS, "~watermark", partition, value, headers)
        await future

    async def echoed(self, phone: str) -> int:
        """A person answers in the app; the offset of that in inbound."""
        wamid = f"wamid.{uuid.uuid4().hex}"
        event = MessageEchoed(
            id=event_id(wamid, "echoed"),
            time=now(),
            number=self.id,
            message_id=wamid,
            contact=Contact(phone=phone),
            content=Content.of_text("I'll take this"),
        )
        metadata = await (await self.publisher.send(INBOUND, event))
        return int(metadata.offset)

    async def joined(self, phone: str, other: str, user_id: str) -> None:
        """Record that the conversation with *user_id* is the one with *phone*, as the router does."""
        older, younger = f"c_{phone}", f"c_{other}"
        left = OwnershipRecorded(
            id=f"{older}:2",
            time=now(),
            number=self.id,
            conversation=older,
            owner="bot",
            epoch=2,
            bot=BOT,
            addresses=Contact(phone=phone, user_id=user_id),
            window_until=now() + timedelta(hours=24),
        )
        gone = {"id": f"{younger}:2", "conversation": younger, "redirect": older}
        await self.publisher.publish(OWNERS, left)
        await self.publisher.publish(
            OWNERS, left.model_copy(update={**gone, "addresses": Contact()})
        )

    def turn(
        self, phone: str, *, turn: str, epoch: int = 1, seconds: float = 60, shadow: bool = False
    ) -> str:
        """The token a bot was given."""
        deadline = int((now() + timedelta(seconds=seconds)).timestamp())
        token = TurnToken(turn, self.id, f"c_{phone}", epoch, BOT, deadline, shadow)
        return self.tokens.sign(token)

    async def replied(self, phone: str, text: str, *, epoch: int = 1, **more: Any) -> None:
        """A bot answers."""
        token = self.turn(phone, turn=more.pop("turn", f"t_{uuid.uuid4().hex}"), epoch=epoch)
        await self.asked(OUTBOUND, turn=token, messages=[worded(text)], **more)

    async def asked(self, topic: Topic, *, key: str | None = None, **request: Any) -> None:
        """Write a request as bots and tools do."""
        await self.publisher.publish_json(topic, key or self.id, json.dumps(request).encode())

    async def outcomes(self) -> list[OutcomeEvent]:
        """All outcomes, committed ones only."""
        events = [decode(r.headers, r.value) for r in await self.read_raw(OUTCOMES)]
        return [event for event in events if isinstance(event, OutcomeEvent)]

    async def wait_for_outcomes(self, count: int, seconds: float = 60) -> list[OutcomeEvent]:
        """Wait until there are so many."""
        async with asyncio.timeout(seconds):
            while len(found := await self.outcomes()) < count:  # noqa: ASYNC110 # Kafka rings no bell
                await asyncio.sleep(0.05)
        return found

    async def relay_statuses(self) -> None:
        """Play ingest: what Meta's webhooks say goes to inbound."""
        while True:
            statuses = self.meta.receiver.statuses()
            for status in statuses[self._told :] if self.statuses else ():
                event = MessageSent(
                    id=event_id(status["id"], status["status"]),
                    time=now(),
                    number=self.id,
                    message_id=status["id"],
                    contact=Contact(phone=status.get("recipient_id")),
                    callback=status.get("biz_opaque_callback_data"),
                )
                await (await self.publisher.send(INBOUND, event))
            self._told = len(statuses) if self.statuses else self._told
            await asyncio.sleep(0.05)

    async def read_raw(self, topic: Topic) -> list[Any]:
        """All committed records of *topic*, in the number's partition."""
        partition = partition_for(self.id, self.topics.partitions)
        where = TopicPartition(topic.full_name(self.topics.prefix), partition)
        return await whole(self.kafka, [where])


@asynccontextmanager
async def scene(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, *flags: str, **settings: str
) -> AsyncIterator[Scene]:
    """A registered, active number with nothing decided yet, and no sender yet."""
    async with (
        sandbox("--system-token", SYSTEM_TOKEN, *flags) as meta,
        Publisher(kafka, topics, "tests") as publisher,
    ):
        number = await meta.control.register_number()
        environment = {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000",
            "SAATH_KAFKA__HEARTBEAT_INTERVAL_MS": "500",
            "SAATH_TOPICS__PREFIX": topics.prefix,
            "SAATH_TOPICS__PARTITIONS": str(topics.partitions),
            "SAATH_HTTP_PORT": "0",
            "SAATH_TURN_KEYS": TURN_KEY,
            "SAATH_GRAPH__BASE_URL": meta.control.url,
            "SAATH_GRAPH__ACCESS_TOKEN": SYSTEM_TOKEN,
            **settings,
        }
        found = Scene(kafka, topics, meta, number, publisher, folder, environment)
        await found.number_recorded()
        relay = asyncio.create_task(found.relay_statuses())
        try:
            yield found
        finally:
            relay.cancel()
            await asyncio.to_thread(found.close)


def now() -> datetime:
    return datetime.now(UTC)


def worded(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


def templated(name: str = "utility_news") -> dict[str, Any]:
    return {"type": "template", "template": {"name": name, "language": {"code": "en"}}}

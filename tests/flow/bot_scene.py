"""What the tests of bots and subscribers share: turns, and what is done to the topics and seen."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from saath import Answer, Bot, ClientSettings
from saath.client.testing import turn
from saath.events import (
    Event,
    TurnOffered,
    TurnWithdrawn,
)
from saath.kafka.group import GroupReader
from saath.kafka.publisher import Publisher
from saath.kafka.records import Record
from saath.topics import (
    OUTBOUND,
    TURNS,
    Topic,
)

NUMBER = "100000000000002"  # not of partition 0, where everything would stand by mistake
PATIENCE = 60.0


def offered(text: str, id: str, conversation: str, bot: str = "orders") -> TurnOffered:  # noqa: A002
    now = datetime.now(UTC)
    return turn(text, id=id, conversation=conversation, bot=bot, number=NUMBER, now=now)


def withdrawn(of: TurnOffered) -> TurnWithdrawn:
    return TurnWithdrawn(
        id=f"{of.id}:withdrawn",
        time=of.time,
        number=of.number,
        conversation=of.conversation,
        turn_id=of.id,
        bot=of.bot,
        reason="a person answered",
    )


@dataclass
class Scene:
    """What a test does to the topics, and sees on them."""

    settings: ClientSettings
    publisher: Publisher
    read: list[Record] = field(default_factory=list)

    async def offer(self, *events: Event) -> None:
        await self.publisher.publish(TURNS, *events)

    async def records(self, topic: Topic, count: int) -> list[Record]:
        """The first *count* records of *topic*, in the order read."""
        found: list[Record] = []
        async with self._reader(topic) as reader, asyncio.timeout(PATIENCE):
            while len(found) < count:
                found.extend(await reader.read(500))
        return found

    async def requests(self, count: int) -> list[dict[str, Any]]:
        return [json.loads(r.value or b"") for r in await self.records(OUTBOUND, count)]

    def _reader(self, topic: Topic) -> GroupReader:
        return GroupReader(self.settings.kafka, self.settings.topics, "tests", topic, None)


@asynccontextmanager
async def serving(
    settings: ClientSettings,
    handler: Callable[[TurnOffered], Awaitable[Answer]],
    *,
    concurrency: int = 10,
) -> AsyncIterator[Bot]:
    """A bot that serves until the end of the block, then stops as SIGTERM would stop it."""
    bot, stopping = Bot("orders", settings=settings), asyncio.Event()
    bot.on_turn(concurrency=concurrency)(handler)
    task = asyncio.create_task(bot.serve(stopping))
    try:
        async with asyncio.timeout(PATIENCE):
            await bot.ready.wait()
        yield bot
    finally:
        stopping.set()
        async with asyncio.timeout(PATIENCE):
            await task

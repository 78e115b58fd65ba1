"""Meta as a test plays it: each number's webhooks one after another, each until it is taken."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from tests.flow.ingest_process import Ingest

from saath.codec import decode
from saath.events import MessageReceived
from saath.kafka.records import Record
from saath.topics import partition_for

PAUSE_SECONDS = 0.02
RESEND_SECONDS = 0.1
# A body that nobody takes for so long is never taken.
PATIENCE_SECONDS = 60.0
UPDATES = (1, 2, 3)


@dataclass(slots=True)
class Redelivery:
    """What was posted, what was accepted, in which order, and how often it took."""

    ingest: Ingest
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    posts: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    refused: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accepts(self, more: int) -> None:
        """Wait until so many more bodies were answered 200."""
        until = self.accepted + more
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.accepted >= until)

    async def is_refused(self, more: int) -> None:
        """Wait until so many more posts were answered otherwise, or not at all."""
        until = self.refused + more
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.refused >= until)

    async def is_answered(self, more: int) -> None:
        """Wait until so many more posts were answered, whatever the answers were."""
        until = self.accepted + self.refused + more
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.accepted + self.refused >= until)

    async def tell(self, number: str, enough: asyncio.Event) -> None:
        """Post a number's bodies in order, none before the one ahead of it was taken."""
        while not enough.is_set():
            first = len(self.told[number])
            size = UPDATES[first % len(UPDATES)]
            ids = [f"wamid.{number}.{n}" for n in range(first, first + size)]
            await self._until_taken(body(number, ids), ids)
            self.told[number] += ids
            await asyncio.sleep(PAUSE_SECONDS)

    async def _until_taken(self, content: bytes, ids: Sequence[str]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._taken(content, ids):  # noqa: ASYNC110 # Meta waits, too
                await asyncio.sleep(RESEND_SECONDS)

    async def _taken(self, content: bytes, ids: Sequence[str]) -> bool:
        self.posts.update(ids)
        try:
            taken = (await self.ingest.post(content)).status_code == 200
        except httpx.TransportError:
            taken = False
        async with self.news:
            self.accepted += taken
            self.refused += not taken
            self.news.notify_all()
        return taken


def body(number: str, ids: Iterable[str]) -> bytes:
    """A webhook with a message for each of *ids*."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": number},
        "messages": [
            {
                "from": "16505551234",
                "id": wamid,
                "timestamp": "1749416383",
                "type": "text",
                "text": {"body": wamid},
            }
            for wamid in ids
        ],
    }
    entry = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@asynccontextmanager
async def redelivering(ingest: Ingest, numbers: Iterable[str]) -> AsyncIterator[Redelivery]:
    """Until the block's end webhooks come in for each of *numbers*; then the last ones are taken."""
    meta, enough = Redelivery(ingest), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(meta.tell(number, enough))
        yield meta
        enough.set()


def numbers_of(partitions: int, each: int = 2) -> tuple[str, ...]:
    """So many numbers for every partition."""
    found: dict[int, list[str]] = defaultdict(list)
    for number in map(str, range(106540352240000, 106540352240999)):
        found[partition_for(number, partitions)].append(number)
    return tuple(number for partition in found.values() for number in partition[:each])


@dataclass(frozen=True, slots=True)
class Arrived:
    """The ids of messages on the topic: each number's in order of first sight, and how often."""

    first: Mapping[str, list[str]]
    copies: Counter[str]


def arrived(records: Iterable[Record]) -> Arrived:
    """What stands on ``inbound.v1``."""
    first, copies = defaultdict[str, list[str]](list), Counter[str]()
    for record in records:
        event = decode(record.headers, record.value)
        assert isinstance(event, MessageReceived)
        if not copies[event.message_id]:
            first[event.number or ""].append(event.message_id)
        copies[event.message_id] += 1
    return Arrived(first, copies)

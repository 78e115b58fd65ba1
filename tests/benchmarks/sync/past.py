"""A number's past as ingest writes it: in no order of time, in chunks, as long as one likes."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.benchmarks.processes import Bench

from saath.events import Contact, Content, Event, HistoryChunkReceived, MessageBackfilled
from saath.kafka.publisher import Publisher
from saath.topics import HISTORY

CHUNK_MESSAGES = 500
CUSTOMERS = 2000
WORDS = [
    "yes",
    "no",
    "tomorrow",
    "at",
    "ten",
    "the",
    "blue",
    "one",
    "how",
    "much",
    "is",
    "it",
    "do",
    "you",
    "deliver",
    "thank",
    "you",
    "see",
    "you",
]
# So many are on their way to the broker at once.
SENT_AT_ONCE = 20_000


def past(number: str, count: int, seed: int = 1) -> Iterator[Event]:
    """So many old messages of *number*, and after each chunk of them the chunk itself."""
    chance, now = random.Random(seed), datetime.now(UTC)
    chunks = -(-count // CHUNK_MESSAGES)
    for order in range(1, chunks + 1):
        size = min(CHUNK_MESSAGES, count - (order - 1) * CHUNK_MESSAGES)
        for _ in range(size):
            yield _message(number, order, chance, now)
        yield HistoryChunkReceived(
            id=f"chunk-{number}-{order}",
            time=now,
            number=number,
            origin="history",
            phase=1,
            chunk=order,
            progress=100 * order // chunks,
            messages=size,
        )


def _message(number: str, chunk: int, chance: random.Random, now: datetime) -> MessageBackfilled:
    name = f"wamid.HBgLMTU1NTY{chance.getrandbits(192):048X}AA=="
    words = " ".join(chance.choices(WORDS, k=chance.randint(2, 24)))
    media = chance.random() < 0.05
    said = {"type": "media_placeholder"} if media else {"type": "text", "text": {"body": words}}
    return MessageBackfilled(
        id=f"{name}:backfilled",
        time=now - timedelta(seconds=chance.randrange(180 * 86_400)),
        number=number,
        origin="history",
        message_id=name,
        contact=Contact(phone=f"15556{chance.randrange(CUSTOMERS):07}"),
        content=Content.model_validate(said),
        author="customer" if chance.random() < 0.5 else "business",
        status="READ",
        phase=1,
        chunk=chunk,
    )


async def write(at: Bench, number: str, count: int, seed: int = 1) -> None:
    """Put a past on the history topic."""
    async with Publisher(at.kafka, at.topics, "benchmark") as publisher:
        sent = []
        for event in past(number, count, seed):
            sent.append(await publisher.send(HISTORY, event))
            if len(sent) >= SENT_AT_ONCE:
                await asyncio.gather(*sent)
                sent = []
        await asyncio.gather(*sent)

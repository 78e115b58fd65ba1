"""What the sender is given to send: numbers at full cap, and campaigns to ever new customers."""

import asyncio
import itertools
import json
import secrets
import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.processes import Bench

from saath.events import Contact, NumberRecorded, OwnershipRecorded
from saath.kafka.publisher import Publisher
from saath.tokens import TurnToken, TurnTokens
from saath.topics import NUMBERS, OUTBOUND, OUTBOUND_BULK, OWNERS, partition_for

TURN_KEY = "a-turn-key-for-benchmarks"
BOT = "orders"
TOKENS = TurnTokens([TURN_KEY])
# So many futures at once, and no more.
CHUNK = 5000
FEED_EVERY_SECONDS = 0.1


def numbers_of(count: int, partitions: int) -> list[str]:
    """As many numbers, spread evenly over the partitions."""
    found: dict[int, list[str]] = {p: [] for p in range(partitions)}
    each = -(-count // partitions)
    for n in itertools.count(106540352242922):
        there = found[partition_for(str(n), partitions)]
        if len(there) < each:
            there.append(str(n))
        if all(len(numbers) == each for numbers in found.values()):
            break
    return sorted(itertools.chain.from_iterable(found.values()))[:count]


async def connected(publisher: Publisher, numbers: Sequence[str], cap: int = 20) -> None:
    """Record that these numbers are active, and what their cap is."""
    for number in numbers:
        now = datetime.now(UTC)
        about = {"id": uuid.uuid4().hex, "time": now, "number": number, "state": "active"}
        event = NumberRecorded.model_validate({**about, "cap_per_second": cap})
        await publisher.publish(NUMBERS, event)


async def campaign(
    publisher: Publisher, numbers: Sequence[str], each: int, name: str, first: int = 0
) -> None:
    """Write so many requests for each of *numbers*, in turn."""
    partitions = await publisher.partitions(OUTBOUND_BULK)
    wanted = ((number, n) for n in range(first, first + each) for number in numbers)
    while chunk := list(itertools.islice(wanted, CHUNK)):
        futures = [
            await publisher.send_raw(
                OUTBOUND_BULK, number, partition_for(number, partitions), request(number, name, n)
            )
            for number, n in chunk
        ]
        await asyncio.gather(*futures)


async def steady(
    publisher: Publisher, numbers: Sequence[str], ahead: int, cap: int, stopping: threading.Event
) -> None:
    """A campaign for each of *numbers* that is so many *ahead*, and goes on as fast as its cap."""
    name, loop = f"camp-{secrets.token_hex(2)}", asyncio.get_running_loop()
    await campaign(publisher, numbers, ahead, name)
    began, written = loop.time(), ahead
    while not stopping.is_set():
        due = ahead + int((loop.time() - began) * cap) - written
        await campaign(publisher, numbers, due, name, written)
        written += due
        await asyncio.sleep(FEED_EVERY_SECONDS)


def request(number: str, name: str, n: int) -> bytes:
    """One message of a campaign, to a customer of its own."""
    template: dict[str, Any] = {"name": "utility_news", "language": {"code": "en"}}
    words = {"type": "body", "parameters": [{"type": "text", "text": f"order {n} of yours"}]}
    said = {
        "id": f"{name}-{n}",
        "number": number,
        "to": f"+1650{n:07}",
        "class": "utility",
        "messages": [{"type": "template", "template": {**template, "components": [words]}}],
    }
    return json.dumps(said).encode()


async def owned(publisher: Publisher, number: str, phone: str) -> str:
    """Record that the bot answers this customer; the conversation."""
    now, conversation = datetime.now(UTC), f"c_{number}_{phone}"
    event = OwnershipRecorded(
        id=f"{conversation}:1",
        time=now,
        number=number,
        conversation=conversation,
        owner="bot",
        epoch=1,
        bot=BOT,
        addresses=Contact(phone=phone),
        window_until=now + timedelta(hours=24),
    )
    await publisher.publish(OWNERS, event)
    return conversation


async def replied(publisher: Publisher, number: str, conversation: str, turn: str) -> None:
    """A bot answers a turn."""
    deadline = int((datetime.now(UTC) + timedelta(minutes=5)).timestamp())
    token = TOKENS.sign(TurnToken(turn, number, conversation, 1, BOT, deadline))
    said = {"turn": token, "messages": [{"type": "text", "text": {"body": turn}}]}
    await publisher.publish_json(OUTBOUND, number, json.dumps(said).encode())


def publisher_at(at: Bench) -> Publisher:
    """Who writes all that."""
    return Publisher(at.kafka, at.topics, "benchmark")

"""A state topic as a router leaves it that has a million conversations behind it, written fast. Seeded."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from tests.benchmarks.processes import Bench, result_of
from tests.benchmarks.router.restoring import Restored, Restoring
from tests.benchmarks.router.traffic import Traffic

from saath.events import Contact, Content, MessageAccepted, MessageReceived
from saath.identity import event_id
from saath.kafka.client import producer
from saath.topics import state_topic
from saath_router.conversation import Conversation
from saath_router.evolve import evolve, remember
from saath_router.written import write

STATE = state_topic("router")
# So many are made by the rules, and then written again and again under other names.
SAMPLES = 2000


def samples(seed: int = 1) -> Sequence[bytes]:
    """
    Conversations as most are: three short questions, three answers by a bot, a window that is open.

    Twelve facts are remembered: the six messages, and six ids beside them.
    """
    traffic, chance = Traffic(seed), random.Random(seed)
    now = datetime.now(UTC).replace(microsecond=0)  # as Meta's times are
    return [_sample(traffic, chance, now) for _ in range(SAMPLES)]


def _sample(traffic: Traffic, chance: random.Random, now: datetime) -> bytes:
    phone = f"91{chance.randrange(10**10):010d}"
    contact = Contact(phone=phone, name="Ana Sharma")
    number = f"{106540352242922 + chance.randrange(8)}"
    state = Conversation(id="c_sample", number=number, contact=contact, owner="bot", bot="orders")
    at = now - timedelta(seconds=chance.randrange(80_000))
    state = state.model_copy(update={"epoch": int(at.timestamp() * 1000), "owner_since": at})
    for _ in range(3):
        at += timedelta(seconds=chance.randrange(20, 200))
        said = Content.of_text(traffic.text())
        message = traffic.message_id(phone)
        about = {"time": at, "number": number, "message_id": message}
        asked = MessageReceived(
            id=event_id(message, "received"), contact=contact, content=said, **about
        )
        message = traffic.message_id(phone)
        answer = MessageAccepted(
            id=event_id(message, "accepted"),
            time=at + timedelta(seconds=2),
            number=number,
            message_id=message,
            to=phone,
            by="bot",
            request="r",
            turn_id="t",
            content=Content.of_text(traffic.text()),
        )
        state = evolve(evolve(state, asked), answer)
        for _ in range(2):
            state = remember(state, traffic.message_id(phone), at)
    return write(state, at + timedelta(hours=20), at, (0, 1, 0))


def records(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """*count* conversations, and an alias that leads to each."""
    chance, made = random.Random(seed), samples(seed)
    for n in range(count):
        name = chance.randbytes(16).hex()
        yield f"c_{name}".encode(), made[n % len(made)]
        alias = f'{{"conversation":"c_{name}"}}'
        yield f"a_{chance.randbytes(16).hex()}".encode(), alias.encode()


async def fill(at: Bench, count: int) -> None:
    """Write them to partition 0."""
    topic = STATE.full_name(at.topics.prefix)
    writer = producer(at.kafka, "benchmark")
    await writer.start()
    try:
        batch, sends = writer.create_batch(), list[asyncio.Future[object]]()
        for key, value in records(count):
            if batch.append(timestamp=None, key=key, value=value) is None:
                sends.append(await writer.send_batch(batch, topic, partition=0))
                batch = writer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        sends.append(await writer.send_batch(batch, topic, partition=0))
        await asyncio.gather(*sends)
    finally:
        await writer.stop()


def restored(at: Bench, *, bare: bool) -> Restored:
    """What reading it took, in a process of its own."""
    task = Restoring(at.kafka.bootstrap_servers, STATE.full_name(at.topics.prefix), bare)
    return Restored(**result_of("tests.benchmarks.router.restoring", asdict(task)))

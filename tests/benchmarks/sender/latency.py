"""
What a customer waits for an answer while a campaign is queued, and how much of its cap a number uses.

Through the sandbox: each reply is timed from when it is written to Kafka to when it arrives at Meta. The
sandbox only looks on and refuses nothing: that would slow the number, and is not what is asked.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.benchmarks.processes import Bench
from tests.benchmarks.sender.jitter import TOKEN, Seen, seen
from tests.benchmarks.sender.rate import CAP, sender
from tests.benchmarks.sender.traffic import campaign, connected, owned, publisher_at, replied
from tests.flow.sandbox_process import Meta, sandbox

from saath.kafka.publisher import Publisher
from saath.topics import partition_for

EVERY_SECONDS = 0.4
SETTLE_SECONDS = 3.0


@dataclass
class Waited:
    """From a reply's writing to its arrival, in ms: on the number with the campaign, and on another."""

    same: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)


@asynccontextmanager
async def place(at: Bench) -> AsyncIterator[tuple[Meta, Publisher, list[str]]]:
    """The sandbox, with two numbers of one partition that are active."""
    flags = ("--system-token", TOKEN, "--no-service-window", "--no-pair-limit", "--cap", "1000")
    async with sandbox(*flags) as meta, publisher_at(at) as publisher:
        await meta.control.faults(statuses=False)
        names = list[str]()
        while len(names) < 2:
            name = (await meta.control.register_number()).phone_number_id
            if (
                not names
                or len({partition_for(n, at.topics.partitions) for n in (*names, name)}) == 1
            ):
                names.append(name)
        await connected(publisher, names)
        yield meta, publisher, names


async def used(at: Bench, seconds: float, margin: float) -> Seen:
    """A campaign on one number, for so long once it is under way."""
    async with place(at) as (meta, publisher, (number, _)):
        await campaign(publisher, [number], int((seconds + 10) * CAP), "camp")
        with sender(at, meta.control.url, SAATH_SENDER__CAP_MARGIN_SECONDS=f"{margin}"):
            await meta.control.wait_for_messages(number, 2 * CAP, timeout=60)
            await asyncio.sleep(seconds)
            arrivals = await meta.control.messages(number)
    return seen([[arrival.arrival_monotonic for arrival in arrivals][2 * CAP :]])


async def waited(at: Bench, queued: int, replies: int) -> Waited:
    """So many replies on each number, while so much of a campaign is queued on the first."""
    async with place(at) as (meta, publisher, numbers):
        phones = [f"1650777{n:04}" for n in range(replies)]
        talks = {
            (number, phone): await owned(publisher, number, phone)
            for number, phone in itertools.product(numbers, phones)
        }
        await campaign(publisher, numbers[:1], queued, "camp")
        with sender(at, meta.control.url):
            await meta.control.wait_for_messages(numbers[0], 2 * CAP, timeout=60)
            await asyncio.sleep(SETTLE_SECONDS)
            written = dict[str, float]()
            for phone, number in itertools.product(phones, numbers):
                turn = f"t_{number}_{phone}"
                written[turn] = time.time()
                await replied(publisher, number, talks[number, phone], turn)
                await asyncio.sleep(EVERY_SECONDS / 2)
            await asyncio.sleep(SETTLE_SECONDS)
            return Waited(*[await _latencies(meta, number, written) for number in numbers])


async def _latencies(meta: Meta, number: str, written: dict[str, float]) -> list[float]:
    arrivals = await meta.control.messages(number)
    return [(a.arrival_unix - written[a.text]) * 1000 for a in arrivals if a.text in written]


def missing(waits: Sequence[list[float]], replies: int) -> int:
    """How many replies did not arrive in time to be counted."""
    return sum(replies - len(found) for found in waits)

"""What a backlog costs in memory: the sender before there is any, and once it has run past all of it."""

import asyncio
import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.processes import Bench, Server
from tests.benchmarks.sender.rate import meta, sender
from tests.benchmarks.sender.traffic import campaign, connected, publisher_at

PATIENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident MiB: with nothing queued, with all of it read past, and the most in between."""

    before: float
    after: float
    most: float
    read_seconds: float


async def memory(at: Bench, numbers: Sequence[str], queued: int) -> Memory:
    """Queue so many for these numbers together while the sender runs."""
    with meta(at) as graph, sender(at, f"http://127.0.0.1:{graph.port}") as server:
        async with publisher_at(at) as publisher:
            await connected(publisher, numbers)
            await asyncio.sleep(5)
            before = (server.memory_mib() or (0.0, 0.0))[0]
            loop = asyncio.get_running_loop()
            began = loop.time()
            await campaign(publisher, numbers, queued // len(numbers), "camp")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(_consumed, server) < queued:  # noqa: ASYNC110 # nobody rings
                await asyncio.sleep(1)
        took = loop.time() - began
        await asyncio.sleep(5)
        after, most = server.memory_mib() or (0.0, 0.0)
    return Memory(before, after, most, took)


def _consumed(server: Server) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    counts = re.findall(
        r'^saath_records_consumed_total\{topic="outbound[^}]*\} (\S+)$', text, re.MULTILINE
    )
    return int(sum(map(float, counts)))

"""
What was acknowledged survives the brokers: one restarted, one of three lost, while webhooks come in.

Ingest is killed with them, and another takes its place: what stood in its memory alone is lost then,
as it would be with a node that takes both along, so an answer before the acknowledgement shows.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from tests.faults.brokers import frozen, own_brokers
from tests.faults.redelivery import Arrived, Redelivery, arrived, numbers_of, redelivering
from tests.flow.ingest_process import Ingest, running_ingest
from tests.reading import read_all

from saath.client import ClientSettings
from saath.kafka.layout import apply
from saath.settings import TopicSettings
from saath.topics import INBOUND
from saath_local import Node

pytestmark = [pytest.mark.fault, pytest.mark.kafka]

PARTITIONS = 4
# Enough that every number has had its turn, several times over.
A_WHILE = 60
# Two answers for each number.
A_MOMENT = 16


@dataclass(frozen=True, slots=True)
class Scene:
    """Brokers of its own, ingest, and another ingest that waits for the first one's end."""

    nodes: tuple[Node, ...]
    ingest: Ingest
    successor: Ingest
    settings: ClientSettings

    def webhooks(self) -> AbstractAsyncContextManager[Redelivery]:
        """Until the block's end webhooks come in; after it they have all been taken."""
        return redelivering(self.ingest, numbers_of(PARTITIONS))

    async def succeed(self, meta: Redelivery) -> None:
        """Kill ingest, with all that it has in memory; from now on Meta calls the other one."""
        await asyncio.to_thread(self.ingest.process.kill)
        meta.ingest = self.successor

    async def arrived(self) -> Arrived:
        """What whoever reads the topic finds."""
        return arrived(await read_all(self.settings, INBOUND))


@asynccontextmanager
async def scene(nodes: Literal[1, 3], folder: Path) -> AsyncIterator[Scene]:
    """Start brokers, with as many copies of each topic, and ingest."""
    async with own_brokers(nodes) as (kafka, cluster), AsyncExitStack() as stack:
        topics = TopicSettings(prefix="t.", partitions=PARTITIONS, replication_factor=nodes)
        await apply(kafka, topics, "tests")
        ingests = []
        for name in ("first", "successor"):
            (folder / name).mkdir()
            started = running_ingest(kafka, topics, folder / name, produce_timeout_seconds="1")
            ingests.append(await stack.enter_async_context(started))
            await ingests[-1].until_ready()
        first, successor = ingests
        settings = ClientSettings(kafka=kafka, topics=topics)
        yield Scene(cluster.nodes, first, successor, settings)


def more_than_posted(found: Arrived, meta: Redelivery) -> Counter[str]:
    """Copies on the topic that no delivery explains."""
    return found.copies - meta.posts


async def test_a_broker_killed_and_started_again_loses_nothing_and_keeps_the_order(
    tmp_path: Path,
) -> None:
    async with scene(1, tmp_path) as it:
        async with it.webhooks() as meta:
            await meta.accepts(A_WHILE)
            await asyncio.to_thread(it.nodes[0].kill)
            await meta.is_refused(10)
            await it.succeed(meta)
            await asyncio.to_thread(it.nodes[0].start)
            await meta.accepts(A_WHILE)
        found = await it.arrived()

    assert found.first == meta.told
    assert more_than_posted(found, meta) == Counter()


async def test_one_broker_of_three_lost_for_good_loses_nothing_and_keeps_the_order(
    tmp_path: Path,
) -> None:
    async with scene(3, tmp_path) as it:
        async with it.webhooks() as meta:
            await meta.accepts(A_WHILE)
            await asyncio.to_thread(it.nodes[0].kill)
            # For some seconds nobody knows, and nothing can be acknowledged: it waits in ingest.
            await meta.is_answered(A_MOMENT)
            await it.succeed(meta)
            await meta.accepts(3 * A_WHILE)
        found = await it.arrived()

    assert found.first == meta.told
    assert more_than_posted(found, meta) == Counter()


async def test_nothing_is_acknowledged_that_is_on_one_broker_of_three_alone(
    tmp_path: Path,
) -> None:
    async with scene(3, tmp_path) as it:
        async with it.webhooks() as meta:
            await meta.accepts(A_WHILE)
            with frozen(it.nodes[1:]):
                await meta.is_refused(10)
                await it.succeed(meta)
                await asyncio.to_thread(it.nodes[0].kill)
            await meta.accepts(A_WHILE)
        found = await it.arrived()

    assert found.first == meta.told
    assert more_than_posted(found, meta) == Counter()

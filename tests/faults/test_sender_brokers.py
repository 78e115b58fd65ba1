"""The brokers fail under the senders: the only one restarted and killed, one of three lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from tests.faults.brokers import lose_one_then_another, own_brokers, stop_in_order
from tests.faults.senders import Scene, sending

from saath.kafka.layout import apply
from saath.settings import TopicSettings
from saath_local import Node

pytestmark = [pytest.mark.fault, pytest.mark.kafka]

# Longer than a lease, so that whoever is there again has to begin everything anew.
AWAY_SECONDS = 3.0


@asynccontextmanager
async def on_brokers(
    count: Literal[1, 3], folder: Path, seed: int
) -> AsyncIterator[tuple[Scene, tuple[Node, ...]]]:
    """Two senders on brokers of their own, with as many copies of each topic."""
    topics = TopicSettings(prefix="t.", partitions=4, replication_factor=count)
    async with own_brokers(count) as (kafka, cluster):
        await apply(kafka, topics, "tests")
        async with sending(kafka, topics, folder, "sender", "sender-2", seed=seed) as scene:
            yield scene, cluster.nodes


async def test_a_broker_restarted_in_order_and_after_kill_9_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with on_brokers(1, tmp_path, seed=111) as (scene, [node]):
        async with scene.flowing():
            for end, away_seconds in ((stop_in_order, 0.0), (Node.kill, AWAY_SECONDS)):
                await scene.all_move_on(25)
                await asyncio.to_thread(end, node)
                await asyncio.sleep(away_seconds)
                await asyncio.to_thread(node.start)
            await scene.all_move_on()
        broken = await scene.broken()

    assert broken == []


async def test_one_broker_of_three_lost_and_another_when_it_is_back_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with on_brokers(3, tmp_path, seed=112) as (scene, nodes):
        async with scene.flowing():
            another = await lose_one_then_another(scene, nodes)
        broken = await scene.broken()

    assert (another, broken) == (True, [])

"""Nothing acknowledged is lost, and nothing is seen twice: ingest is killed while webhooks come in."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.faults.brokers import frozen, own_brokers
from tests.faults.conftest import Start
from tests.faults.people import Town, by_conversation, facts_of, said_in, settle_down
from tests.running import Running, kill, running

from saath.codec import decode
from saath.events import Event
from saath.kafka.layout import apply
from saath.settings import TopicSettings
from saath.topics import CONVERSATIONS, INBOUND

pytestmark = pytest.mark.fault

KILLS = 7
DISORDER = {"duplicates": 0.3, "reorder": True, "batch_max": 5, "batch_window_seconds": 0.02}


@pytest.fixture
async def run(start: Start) -> AsyncIterator[Running]:
    async with start(services=("ingest", "router")) as run:
        yield run


async def killed_under_load(run: Running) -> Town:
    """People live their lives while ingest is killed again and again; then all comes to rest."""
    chance = random.Random(2)
    async with aiohttp.ClientSession() as http:
        town = await settle_down(run.meta, http, 1, run.settings.topics.partitions)
        async with town.living():
            for _ in range(KILLS):
                await run.stack.wait_until_ready("ingest")
                await town.next_rush()
                await asyncio.sleep(chance.uniform(0, 0.06))
                await kill(run.stack, "ingest")
    await run.settled()
    # Without these the test would have shown nothing.
    assert town.told.facts.total() > 20 * KILLS
    assert (await run.meta.deliveries()).unreachable > 0
    return town


async def test_no_fact_is_lost_or_doubled_and_order_is_kept_while_ingest_is_killed(
    run: Running,
) -> None:
    town = await killed_under_load(run)
    told = town.told

    arrived = facts_of([decode(r.headers, r.value) for r in await run.committed(INBOUND)])
    seen = run.watch.events(Event)
    conversations = by_conversation(seen).values()
    assert told.facts.keys() - arrived.keys() == set()
    assert facts_of(seen) == told.facts
    assert sorted(map(said_in, conversations)) == sorted(told.said.values())


async def test_duplicates_and_disorder_change_nothing_while_ingest_is_killed(run: Running) -> None:
    await run.meta.faults(**DISORDER)
    town = await killed_under_load(run)
    told = town.told

    arrived = facts_of([decode(r.headers, r.value) for r in await run.committed(INBOUND)])
    seen = run.watch.events(Event)
    # Whoever was delivered is not told that they were sent: a status never goes back.
    overtaken = Counter(dict.fromkeys(told.facts - facts_of(seen), 1))
    assert told.facts.keys() - arrived.keys() == set()
    assert {what for what, _ in overtaken} <= {"sent"}
    assert facts_of(seen) + overtaken == told.facts
    assert by_conversation(seen) == by_conversation(
        [decode(r.headers, r.value) for r in await run.committed(CONVERSATIONS)]
    )


@pytest.mark.kafka
async def test_nothing_is_acknowledged_that_kafka_has_not_taken(tmp_path: Path) -> None:
    topics = TopicSettings(prefix="t.", partitions=4, replication_factor=1)
    async with own_brokers() as (kafka, cluster), aiohttp.ClientSession() as http:
        await apply(kafka, topics, "tests")
        async with running(kafka, topics, tmp_path, services=("ingest",)) as run:
            town = await settle_down(run.meta, http, 6, topics.partitions)
            with frozen(cluster.nodes):
                for customer in town.customers:
                    await town.writes(customer)
                await asyncio.sleep(0.5)  # long enough for an answer that must not come
                while_frozen = await run.meta.deliveries()
                await kill(run.stack, "ingest")
            await run.meta.wait_until_settled(30)
            arrived = facts_of([decode(r.headers, r.value) for r in await run.committed(INBOUND)])

    assert while_frozen.posts > 0
    assert while_frozen.delivered == 0
    assert arrived.keys() == town.told.facts.keys()

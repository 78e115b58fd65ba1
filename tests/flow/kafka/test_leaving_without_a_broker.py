"""The broker dies; whoever reads takes leave of it, in bounded time and with no cancellation of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiokafka import TopicPartition

from saath.kafka.client import reading
from saath.kafka.group import GroupReader
from saath.kafka.layout import apply
from saath.kafka.partition_reader import PartitionReader
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND
from saath_local import ClusterSpec, run_cluster


@asynccontextmanager
async def by_hand(kafka: KafkaSettings, topics: TopicSettings) -> AsyncIterator[None]:
    async with reading(kafka, "tests") as reader:
        reader.assign([TopicPartition(INBOUND.full_name(topics.prefix), 0)])
        await reader.getmany(timeout_ms=500)
        yield


@asynccontextmanager
async def one_partition(kafka: KafkaSettings, topics: TopicSettings) -> AsyncIterator[None]:
    async with PartitionReader(kafka, "tests", topics.prefix, 0) as reader:
        await reader.seek({INBOUND: 0})
        await reader.fetch()
        yield


@asynccontextmanager
async def in_a_group(kafka: KafkaSettings, topics: TopicSettings) -> AsyncIterator[None]:
    async with GroupReader(kafka, topics, "tests", INBOUND, "leaving") as reader:
        while not reader.assigned:
            await reader.read(1)
        yield


async def live_and_leave(reading: AbstractAsyncContextManager[None], dead: asyncio.Event) -> str:
    async with reading:
        await dead.wait()
    return "left"


async def test_leaving_a_dead_broker_ends_and_cancels_nobody(topics: TopicSettings) -> None:
    dead = asyncio.Event()
    with run_cluster(ClusterSpec()) as cluster:
        kafka = KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)
        await apply(kafka, topics, "tests")
        readers = [read(kafka, topics) for read in (by_hand, one_partition, in_a_group)]
        lives = [asyncio.create_task(live_and_leave(reader, dead)) for reader in readers]
        await asyncio.sleep(5)  # they have joined, and fetch
        await asyncio.to_thread(cluster.nodes[0].kill)
        await asyncio.sleep(1)  # fetches fail meanwhile, and wait to try again
        dead.set()
        outcomes = await asyncio.wait_for(asyncio.gather(*lives, return_exceptions=True), 30)

    assert outcomes == ["left"] * 3

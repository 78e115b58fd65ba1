"""Brokers that one test has for itself, and may take from under everybody."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal, Protocol

from tests.running import eventually

from saath.client import ClientSettings
from saath.kafka.client import admin
from saath.settings import KafkaSettings
from saath.topics import INBOUND
from saath_local import Cluster, ClusterSpec, Node, run_cluster

PATIENCE_SECONDS = 60.0


class UnderWay(Protocol):
    """A service at work on brokers that fail."""

    @property
    def settings(self) -> ClientSettings:
        """How its topics are reached."""

    async def all_move_on(self) -> None:
        """Wait until something more has happened everywhere."""


@asynccontextmanager
async def own_brokers(nodes: Literal[1, 3] = 1) -> AsyncIterator[tuple[KafkaSettings, Cluster]]:
    """So many of them, running."""
    manager = run_cluster(ClusterSpec(nodes=nodes))
    cluster = await asyncio.to_thread(manager.__enter__)
    try:
        yield KafkaSettings(bootstrap_servers=cluster.bootstrap_servers), cluster
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def stop_in_order(node: Node) -> None:
    """Ask a broker to end, and wait until it has."""
    node.terminate()
    until = time.monotonic() + PATIENCE_SECONDS
    while node.running:
        assert time.monotonic() < until, f"node {node.id} does not end"
        time.sleep(0.05)


async def in_sync(settings: ClientSettings) -> bool:
    """Whether every copy of every partition is up to date."""
    return all(
        {*partition["isr"]} == {*partition["replicas"]}
        for partitions in (await _partitions(settings)).values()
        for partition in partitions
    )


async def leader_of(settings: ClientSettings, topic: str) -> int:
    """The node that leads most partitions of *topic*."""
    leaders = Counter(p["leader"] for p in (await _partitions(settings))[topic])
    return int(leaders.most_common(1)[0][0])


async def lose_one_then_another(scene: UnderWay, nodes: Sequence[Node]) -> bool:
    """
    Kill the broker that leads most of inbound; when it is back, the one that decides most transactions.

    Each time all must move on without it. Says whether it was another one.
    """
    await scene.all_move_on()
    first = nodes[await leader_of(scene.settings, INBOUND.full_name("t.")) - 1]
    await asyncio.to_thread(first.kill)
    await scene.all_move_on()
    await asyncio.to_thread(first.start)
    await eventually(lambda: in_sync(scene.settings), "a copy is behind")
    second = nodes[await leader_of(scene.settings, "__transaction_state") - 1]
    await asyncio.to_thread(second.kill)
    await scene.all_move_on()
    return second is not first


async def _partitions(settings: ClientSettings) -> dict[str, list[dict[str, Any]]]:
    client = admin(settings.kafka, "tests")
    await client.start()
    try:
        return {topic["topic"]: topic["partitions"] for topic in await client.describe_topics()}
    finally:
        await client.close()


@contextmanager
def frozen(nodes: Iterable[Node]) -> Iterator[None]:
    """Brokers that keep their connections and do nothing."""
    pids = [node.pid for node in nodes]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

"""How a service that owns partitions starts: its probes answer at once, Kafka may come later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from saath.events import Event
from saath.http import Health
from saath.kafka.layout import Layout, wait_for_layout
from saath.kafka.membership import Membership, RunPartition
from saath.kafka.tables import Table
from saath.service import Worker, client_id, probes
from saath.settings import KafkaSettings, Settings, TopicSettings
from saath.topics import Topic

log = structlog.get_logger()

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Connected:
    """A service that has found Kafka and its topics there; ``name`` is what Kafka knows it by."""

    service: str
    name: str
    kafka: KafkaSettings
    topics: TopicSettings
    layout: Layout
    health: Health

    def table(self, topic: Topic, model: type[E]) -> Table[E]:
        """All of a compacted *topic*, in memory."""
        return Table(
            topic,
            model,
            kafka=self.kafka,
            topics=self.topics,
            client_id=f"{self.name}-{topic.name.split('.')[0]}",
            partitions=self.layout.of(topic),
        )

    def membership(self, primary: Topic, run_partition: RunPartition) -> Membership:
        """Run *run_partition* for each partition of *primary* that the service's group gives us."""
        topic = primary.full_name(self.topics.prefix)
        return Membership(self.kafka, self.name, f"saath-{self.service}", topic, run_partition)


def once_whole(table: Table[E], worker: Worker) -> Worker:
    """*worker*, held back until all of *table* has been read."""

    async def work(stopping: asyncio.Event) -> None:
        await table.wait_until_complete(stopping)
        await worker(stopping)

    return work


def not_connected() -> Health:
    """The health of a service that has not looked for Kafka yet."""
    return Health({"kafka": lambda: "not connected yet"})


async def connect(
    service: str, settings: Settings, health: Health, stopping: asyncio.Event
) -> Connected | None:
    """
    Wait for Kafka, telling *health* of it; ``None`` when told to stop before it was there.

    Raises:
        Misconfigured: a topic is missing, or the partition counts differ.
    """
    name = client_id(service)
    kafka, topics = settings.kafka, settings.topics
    layout = await wait_for_layout(kafka, topics, name, stopping, health.kafka_unavailable)
    if layout is None:
        return None
    return Connected(service, name, kafka, topics, layout, health)


@asynccontextmanager
async def started(
    service: str, settings: Settings, stopping: asyncio.Event
) -> AsyncIterator[Connected | None]:
    """Serve the probes, and ``connect``."""
    health = not_connected()
    async with probes(health, settings.http_host, settings.http_port) as port:
        log.info("service.started", port=port)
        yield await connect(service, settings, health, stopping)

"""One real broker a test session; each test that asks gets topics of its own on it."""

import asyncio
import os
import uuid
from collections.abc import Iterator

import pytest

from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings

PARTITIONS = 4


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaSettings]:
    """A real Kafka: the one named in the environment, in a container, or started here."""
    named = os.environ.get("SAATH_KAFKA__BOOTSTRAP_SERVERS")
    if named:
        yield KafkaSettings(bootstrap_servers=named)
        return
    from saath_local import ClusterSpec, run_cluster

    with run_cluster(ClusterSpec()) as cluster:
        yield KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)


@pytest.fixture
def topics(kafka: KafkaSettings) -> TopicSettings:
    """All topics, made anew under a prefix that no other test has."""
    settings = TopicSettings(
        prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=PARTITIONS, replication_factor=1
    )
    asyncio.run(apply(kafka, settings, "tests"))
    return settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by fixture, so that nobody has to remember to."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)

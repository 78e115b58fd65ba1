"""Fixtures for tests that run against a real broker."""

from collections.abc import AsyncIterator

import pytest
from tests.flow.bot_scene import Scene

from saath import ClientSettings
from saath.kafka.publisher import Publisher
from saath.settings import KafkaSettings, TopicSettings


@pytest.fixture
def settings(kafka: KafkaSettings, topics: TopicSettings) -> ClientSettings:
    """How the test's own clients reach Kafka."""
    return ClientSettings(kafka=kafka, topics=topics, shutdown_grace_seconds=5)


@pytest.fixture
async def scene(settings: ClientSettings) -> AsyncIterator[Scene]:
    """The topics, and a way to write and read them."""
    async with Publisher(settings.kafka, settings.topics, "tests") as publisher:
        yield Scene(settings, publisher)

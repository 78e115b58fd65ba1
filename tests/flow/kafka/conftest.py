"""One scene a test."""

import pytest
from tests.flow.kafka.scene import Scene

from saath.settings import KafkaSettings, TopicSettings


@pytest.fixture
def scene(kafka: KafkaSettings, topics: TopicSettings) -> Scene:
    """The topics of this test alone."""
    return Scene(kafka, topics)

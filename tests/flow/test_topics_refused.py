"""``saath topics apply`` where Kafka refuses: it says so, and claims nothing that was not done."""

import uuid

import pytest

from saath.errors import Misconfigured
from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings


async def test_a_correction_that_kafka_refuses_is_not_called_done(kafka: KafkaSettings) -> None:
    fresh = TopicSettings(prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=1, replication_factor=1)
    await apply(kafka, fresh, "tests")
    impossible = fresh.model_copy(update={"min_insync_replicas": -5})

    with pytest.raises(Misconfigured, match=r"settings cannot be corrected: .*min\.insync"):
        await apply(kafka, impossible, "tests")

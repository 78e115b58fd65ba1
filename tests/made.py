"""Topics for a test, made even where the broker is only just there, or there again."""

import asyncio
import time

from saath.errors import RetryLater
from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings

WITHIN_SECONDS = 120.0


def make_topics(kafka: KafkaSettings, topics: TopicSettings) -> None:
    """Make them; a broker that was frozen or restarted by the test before needs a moment."""
    until = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            asyncio.run(apply(kafka, topics, "tests"))
        except RetryLater:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return

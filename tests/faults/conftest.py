"""Every fault test has topics, processes and a stand-in for Meta of its own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
from tests.running import Running, running

from saath.settings import KafkaSettings, TopicSettings

Start = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def start(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path) -> Start:
    """``async with start(services=…, overrides=…) as run``: processes until the block's end."""
    return partial(running, kafka, topics, tmp_path)

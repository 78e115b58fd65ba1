"""How a bot, a tool or a subscriber reaches Kafka: under the services' own names, nothing more."""

import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saath.kafka.failures import translated
from saath.kafka.publisher import Publisher
from saath.settings import Settings, load


class ClientSettings(Settings):
    """``SAATH_KAFKA__…``, ``SAATH_TOPICS__PREFIX``, ``SAATH_LOG_…``, ``SAATH_SHUTDOWN_GRACE_SECONDS``."""


def given_or_loaded(settings: ClientSettings | None) -> ClientSettings:
    """
    *settings*, or those of the environment.

    Raises:
        Misconfigured: the environment's are misspelt or impossible.
    """
    return settings or load(ClientSettings)


def client_id(name: str) -> str:
    """Who this is, in the brokers' logs: the name and the pod's."""
    return f"{name}-{os.environ.get('HOSTNAME') or platform.node() or 'local'}"


@asynccontextmanager
async def open_publisher(settings: ClientSettings, name: str) -> AsyncIterator[Publisher]:
    """
    Open a publisher, and close it at the end.

    Raises:
        RetryLater: no broker answers.
    """
    publisher = Publisher(settings.kafka, settings.topics, client_id(name))
    with translated(settings.kafka):
        await publisher.__aenter__()
    try:
        yield publisher
    finally:
        await publisher.__aexit__()

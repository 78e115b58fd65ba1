"""How a bot, a tool or a subscriber reaches Kafka: the services' own names, nothing more."""

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from collections.abc import AsyncIterator

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


def publisher(
    settings: ClientSettings, client_id: str
) -> AbstractAsyncContextManager[Publisher]:
    """
    Open a publisher.

    Raises:
        RetryLater: no broker answers.
    """
    return _publisher(settings, client_id)


@asynccontextmanager
async def _publisher(settings: ClientSettings, client_id: str) -> AsyncIterator[Publisher]:
    opened = Publisher(settings.kafka, settings.topics, client_id)
    with translated(settings.kafka):
        await opened.__aenter__()
    try:
        yield opened
    finally:
        await opened.__aexit__()

"""The router put together: resources opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from saath.events import NumberPolicy, NumberRecorded
from saath.kafka.processor import Inputs, Processor
from saath.kafka.startup import once_whole, started
from saath.service import Worker
from saath.tokens import TurnTokens
from saath.topics import BACKFILL, COMMANDS, INBOUND, NUMBERS, OUTCOMES
from saath_router.handler import Installation, RouterHandler
from saath_router.policy import layered
from saath_router.policy_watch import PolicyFile
from saath_router.settings import RouterSettings

INPUTS = Inputs(primary=INBOUND, others=(OUTCOMES, COMMANDS), slow=(BACKFILL,))


@asynccontextmanager
async def resources(
    settings: RouterSettings, stopping: asyncio.Event
) -> AsyncIterator[Sequence[Worker]]:
    """Everything the router needs, as long as it runs; yields its workers."""
    path = settings.router.policy_file
    file = PolicyFile(path) if path else None
    async with started("router", settings, stopping) as connected:
        if connected is None:
            yield []
            return
        numbers = connected.table(NUMBERS, NumberRecorded)

        def policy_of(number: str) -> NumberPolicy | None:
            recorded = numbers.get(number)
            chosen = recorded.policy if recorded else None
            return layered(*file.book.of(number), chosen) if file else chosen

        installation = Installation(
            key=settings.installation_key.get_secret_value().encode(),
            tokens=TurnTokens(settings.turn_keys.values()),
            policy=settings.router.policy(),
            policy_of=policy_of,
            layout=connected.layout,
        )
        processor = Processor(
            "router",
            INPUTS,
            lambda partition: RouterHandler(installation, partition),
            kafka=settings.kafka,
            topics=settings.topics,
            client_id=connected.name,
            now=lambda: datetime.now(UTC),
        )
        membership = connected.membership(INBOUND, processor)
        connected.health.checks = {"numbers": numbers.problem, "partitions": membership.problem}
        # Policies first: a message decided without its number's policy is decided wrongly.
        yield [numbers, once_whole(numbers, membership), *([file] if file else [])]

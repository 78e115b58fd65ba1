"""The router put together: resources opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from saath.events import NumberRecorded
from saath.kafka.inputs import Inputs
from saath.kafka.processor import Processor
from saath.kafka.startup import once_whole, started
from saath.service import Worker, build_version
from saath.tokens import TurnTokens
from saath.topics import BACKFILL, COMMANDS, CONTACTS, INBOUND, NUMBERS, OUTCOMES
from saath_router.carrier import Installation
from saath_router.handler import RouterHandler
from saath_router.numbers import Numbers
from saath_router.policy_watch import PolicyFile
from saath_router.settings import RouterSettings
from saath_router.written import release_of

INPUTS = Inputs(primary=INBOUND, others=(OUTCOMES, COMMANDS, CONTACTS), slow=(BACKFILL,))


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

        installation = Installation(
            key=settings.installation_key.get_secret_value().encode(),
            tokens=TurnTokens(settings.turn_keys.values()),
            numbers=Numbers(
                settings.router.policy(),
                recorded=numbers.get,
                filed=lambda number: file.book.of(number) if file else (),
            ),
            layout=connected.layout,
            release=release_of(build_version()),
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

"""The router put together: resources opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from saath.events import NumberPolicy, NumberRecorded
from saath.http import Health
from saath.kafka.layout import wait_for_layout
from saath.kafka.membership import Membership
from saath.kafka.processor import Inputs, Processor
from saath.kafka.tables import Table
from saath.service import Worker, client_id, probes
from saath.tokens import TurnTokens
from saath.topics import BACKFILL, COMMANDS, INBOUND, NUMBERS, OUTCOMES
from saath_router.handler import Installation, RouterHandler
from saath_router.settings import RouterSettings

log = structlog.get_logger()

INPUTS = Inputs(primary=INBOUND, others=(OUTCOMES, COMMANDS), slow=(BACKFILL,))


@asynccontextmanager
async def resources(
    settings: RouterSettings, stopping: asyncio.Event
) -> AsyncIterator[Sequence[Worker]]:
    """Everything the router needs, as long as it runs; yields its workers."""
    health = Health({"kafka": lambda: "not connected yet"})
    async with probes(health, settings.http_host, settings.http_port) as port:
        log.info("service.started", port=port)
        name = client_id("router")
        layout = await wait_for_layout(
            settings.kafka,
            settings.topics,
            name,
            stopping,
            health.kafka_unavailable,
        )
        if layout is None:
            yield []
            return

        numbers = Table(
            NUMBERS,
            NumberRecorded,
            kafka=settings.kafka,
            topics=settings.topics,
            client_id=f"{name}-numbers",
            partitions=layout.of(NUMBERS),
        )

        def policy_of(number: str) -> NumberPolicy | None:
            recorded = numbers.get(number)
            return recorded.policy if recorded else None

        installation = Installation(
            key=settings.installation_key.get_secret_value().encode(),
            tokens=TurnTokens(settings.turn_keys.values()),
            policy=settings.router.policy(),
            policy_of=policy_of,
            layout=layout,
        )
        processor = Processor(
            "router",
            INPUTS,
            lambda partition: RouterHandler(installation, partition),
            kafka=settings.kafka,
            topics=settings.topics,
            client_id=name,
            now=lambda: datetime.now(UTC),
        )
        membership = Membership(
            settings.kafka,
            name,
            "saath-router",
            INBOUND.full_name(settings.topics.prefix),
            processor,
        )

        async def route(stopping: asyncio.Event) -> None:
            # Policies first: a message decided without its number's policy is decided wrongly.
            await numbers.wait_until_complete(stopping)
            await membership(stopping)

        health.checks = {"numbers": numbers.problem, "partitions": membership.problem}
        yield [numbers, route]

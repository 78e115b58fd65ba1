"""The sender put together: resources opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from saath.errors import Misconfigured
from saath.events import CredentialRecorded, NumberRecorded
from saath.graph import GraphClient
from saath.http import Health
from saath.kafka.layout import Layout, wait_for_layout
from saath.kafka.membership import Membership
from saath.kafka.tables import Table
from saath.secrets import vault_of
from saath.service import Worker, client_id, probes
from saath.tokens import TurnTokens
from saath.topics import CREDENTIALS, NUMBERS, OUTBOUND
from saath_sender.credentials import Credentials
from saath_sender.handler import Installation
from saath_sender.partition import Outside, PartitionRun
from saath_sender.settings import SenderSettings

log = structlog.get_logger()


@asynccontextmanager
async def resources(
    settings: SenderSettings, stopping: asyncio.Event
) -> AsyncIterator[Sequence[Worker]]:
    """
    Everything the sender needs, as long as it runs; yields its workers.

    Raises:
        Misconfigured: there is neither a system token nor a key to read the numbers' own with.
    """
    vault = vault_of(settings.credentials)
    if settings.graph.access_token is None and vault is None:
        raise Misconfigured(
            "set SAATH_GRAPH__ACCESS_TOKEN (one system token for all numbers) or "
            "SAATH_CREDENTIALS__KEYS (to read each number's own)"
        )
    tokens = TurnTokens(settings.turn_keys.values())
    health = Health({"kafka": lambda: "not connected yet"})
    async with (
        probes(health, settings.http_host, settings.http_port) as port,
        GraphClient(settings.graph) as graph,
    ):
        log.info("service.started", port=port)
        name = client_id("sender")
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
        numbers, stored = _tables(settings, name, layout)
        credentials = Credentials(settings.graph.access_token, stored, vault)
        partitions = PartitionRun(
            Installation(tokens.read, numbers.get, layout.of(OUTBOUND), settings.sender),
            Outside(settings.kafka, settings.topics.prefix, name, graph, credentials.token),
        )
        topic = OUTBOUND.full_name(settings.topics.prefix)
        membership = Membership(settings.kafka, name, "saath-sender", topic, partitions)

        async def send(stopping: asyncio.Event) -> None:
            # A number's state first: what is sent without it is sent at the wrong pace.
            await numbers.wait_until_complete(stopping)
            await membership(stopping)

        health.checks = {"numbers": numbers.problem, "partitions": membership.problem}
        yield [numbers, stored, send]


def _tables(
    settings: SenderSettings, name: str, layout: Layout
) -> tuple[Table[NumberRecorded], Table[CredentialRecorded]]:
    numbers = Table(
        NUMBERS,
        NumberRecorded,
        kafka=settings.kafka,
        topics=settings.topics,
        client_id=f"{name}-numbers",
        partitions=layout.of(NUMBERS),
    )
    stored = Table(
        CREDENTIALS,
        CredentialRecorded,
        kafka=settings.kafka,
        topics=settings.topics,
        client_id=f"{name}-credentials",
        partitions=layout.of(CREDENTIALS),
    )
    return numbers, stored

"""Sync put together: resources opened in order, closed in reverse."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn

from saath.errors import Misconfigured
from saath.events import CredentialRecorded, NumberPolicy, NumberRecorded
from saath.graph import GraphClient
from saath.kafka.inbox import Inbox
from saath.kafka.inputs import Inputs
from saath.kafka.layout import Layout
from saath.kafka.membership import Membership
from saath.kafka.processor import Processor
from saath.kafka.ranges import read_range
from saath.kafka.records import Record
from saath.kafka.startup import Connected, connect, not_connected
from saath.kafka.tables import Table
from saath.secrets import Vault, vault_of
from saath.service import Worker, listening, say_build
from saath.settings import KafkaSettings
from saath.topics import ACCOUNTS, CREDENTIALS, HISTORY, INBOUND, NUMBERS
from saath_sync.connect import Connector
from saath_sync.description import Places
from saath_sync.finisher import Finisher
from saath_sync.front import Front, Service
from saath_sync.graph_calls import MetaCalls
from saath_sync.handler import Installation, SyncHandler
from saath_sync.numbers import Numbers
from saath_sync.onboarding import Token
from saath_sync.prober import Prober, probe_limiter
from saath_sync.routes import application
from saath_sync.settings import SyncSettings, countries_not_supported
from saath_sync.tender import Tender

log = structlog.get_logger()

# What is left of the grace is for the partitions' last commits.
COMMIT_SECONDS = 5


@asynccontextmanager
async def resources(
    settings: SyncSettings, stopping: asyncio.Event
) -> AsyncIterator[Sequence[Worker]]:
    """Everything sync needs, as long as it runs; yields its workers."""
    vault = vault_of(settings.credentials)
    if vault is None:
        raise Misconfigured("SAATH_CREDENTIALS__KEYS is missing: tokens are stored encrypted only")
    health = not_connected()
    policy = NumberPolicy(answers=settings.sync.answers, bot=settings.sync.bot)
    not_supported = countries_not_supported(settings.sync.countries_not_supported)
    front = Front(
        settings.sync.api_token,
        policy,
        health,
        utc_now,
        not_supported=not_supported,
        stopping=stopping,
        expose_openapi=settings.sync.expose_openapi,
        cap_per_second=settings.sync.cap_per_second,
    )
    async with web(settings, front, stopping) as drained:
        connected = await connect("sync", settings, health, stopping)
        if connected is None:
            yield []
            return
        async with GraphClient(settings.graph) as graph:
            yield compose(settings, connected, front, vault, graph, drained)


def compose(
    settings: SyncSettings,
    connected: Connected,
    front: Front,
    vault: Vault,
    graph: GraphClient,
    drained: asyncio.Event,
) -> list[Worker]:
    """Sync's workers, with the routes connected to them."""
    name, layout, section = connected.name, connected.layout, settings.sync
    numbers = Numbers(layout, Inbox())
    all_numbers = connected.table(NUMBERS, NumberRecorded)

    installation = shared_by_all(settings, layout, all_numbers)
    processor = Processor(
        "sync",
        Inputs(primary=HISTORY, others=(ACCOUNTS,), lazy=(INBOUND,)),
        handlers(numbers, installation),
        kafka=settings.kafka,
        topics=settings.topics,
        client_id=name,
        now=utc_now,
        inbox=numbers.inbox,
    )
    membership = connected.membership(HISTORY, processor)
    credentials = connected.table(CREDENTIALS, CredentialRecorded)
    source = HistorySource(settings.kafka, f"{name}-replay", settings.topics.prefix, numbers)
    tender = Tender(numbers, source, section.patience(), section.backfill_per_second, utc_now)

    token_of = tokens(settings, credentials.get, vault)
    calls = MetaCalls(graph, section.app_id, section.app_secret)
    places = Places(section.timezone)
    connector = Connector(numbers, calls, vault, utc_now, places)
    finisher = Finisher(connector, token_of)

    partitions = kept_until(all_numbers, membership, drained, finisher.ended)
    prober = Prober(
        numbers,
        calls,
        token_of,
        section.rules().probing,
        probe_limiter(section.probes_per_hour),
        utc_now,
        places,
    )
    front.service = Service(connector, token_of)
    front.health.checks = {"partitions": membership.problem, "credentials": credentials.problem}
    return [credentials, all_numbers, partitions, tender, prober, finisher]


def shared_by_all(
    settings: SyncSettings, layout: Layout, all_numbers: Table[NumberRecorded]
) -> Installation:
    """What the partitions share."""
    return Installation(
        key=settings.installation_key.get_secret_value().encode(),
        layout=layout,
        history_patience=timedelta(seconds=settings.sync.history_patience_seconds),
        rules=settings.sync.rules(),
        known=all_numbers.values,
    )


def handlers(numbers: Numbers, installation: Installation) -> Callable[[int], SyncHandler]:
    """Makes a partition's handler, and has it found among the *numbers*."""

    def make_handler(partition: int) -> SyncHandler:
        handler = numbers.handlers[partition] = SyncHandler(partition, installation)
        return handler

    return make_handler


def kept_until(
    all_numbers: Table[NumberRecorded], membership: Membership, *answered: asyncio.Event
) -> Worker:
    """The partitions, kept until the last onboarding call is *answered*: its answer goes through them."""

    async def partitions(stopping: asyncio.Event) -> None:
        # What Meta says of an account is for numbers that must be known by then.
        await all_numbers.wait_until_complete(stopping)
        async with all_set(*answered) as all_answered:
            await membership(all_answered)

    return partitions


def tokens(
    settings: SyncSettings, recorded_of: Callable[[str], CredentialRecorded | None], vault: Vault
) -> Callable[[str], Token | None]:
    """Which token a number is asked about with."""

    def token_of(number: str) -> Token | None:
        # As the sender does: a system token serves all numbers.
        if settings.graph.access_token is not None:
            return settings.graph.access_token
        recorded = recorded_of(number)
        return vault.decrypt(recorded.ciphertext) if recorded else None

    return token_of


@asynccontextmanager
async def all_set(*events: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """An event for "each of them is"."""
    every = asyncio.Event()

    async def wait() -> None:
        for event in events:
            await event.wait()
        every.set()

    waiting = asyncio.create_task(wait())
    try:
        yield every
    finally:
        waiting.cancel()


@dataclass(frozen=True, slots=True)
class HistorySource:
    """The history topic, read again with a consumer of its own."""

    kafka: KafkaSettings
    client_id: str
    prefix: str
    numbers: Numbers

    def read(self, number: str, start: int, end: int) -> AsyncGenerator[Record, None]:
        """The records of the number's partition at offsets from *start* to before *end*."""
        partition = self.numbers.partition(number)
        return read_range(self.kafka, self.client_id, HISTORY, self.prefix, partition, start, end)


class Server(uvicorn.Server):
    """uvicorn as one worker of several: the signals are for the whole service."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def web(
    settings: SyncSettings, front: Front, stopping: asyncio.Event
) -> AsyncIterator[asyncio.Event]:
    """Serve HTTP from now until *stopping*; yields an event for "the last request is answered"."""
    say_build()
    with listening(settings.http_host, settings.http_port):
        listener = socket.create_server((settings.http_host, settings.http_port), reuse_port=False)
    server = Server(
        uvicorn.Config(
            application(front),
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, int(settings.shutdown_grace_seconds) - COMMIT_SECONDS),
        )
    )
    drained = asyncio.Event()

    async def serve() -> None:
        try:
            await server.serve(sockets=[listener])
        finally:
            drained.set()

    async def end() -> None:
        await stopping.wait()
        server.should_exit = True

    serving, ending = asyncio.create_task(serve()), asyncio.create_task(end())
    log.info("service.started", port=listener.getsockname()[1])
    try:
        yield drained
    finally:
        server.should_exit = True
        ending.cancel()
        await serving


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)

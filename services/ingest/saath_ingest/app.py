"""Composition: what ingest consists of, opened in order and closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from saath.http import Health
from saath.kafka.layout import read_layout
from saath.kafka.publisher import Publisher
from saath.service import build_version, client_id, say_build
from saath.topics import ACCOUNTS, HISTORY, INBOUND
from saath_ingest import metrics
from saath_ingest.in_flight import InFlight
from saath_ingest.outbox import DEAD_LETTERS
from saath_ingest.routes import Intake, add_routes
from saath_ingest.settings import IngestSettings
from saath_ingest.uplink import Link, Uplink


def build(settings: IngestSettings) -> FastAPI:
    """The web application; its lifespan holds the connection to Kafka."""
    in_flight = InFlight(settings.ingest.in_flight_bytes_max)
    uplink = Uplink(lambda: connect(settings), in_flight)
    health = Health({"kafka": uplink.problem})
    intake = Intake(
        section=settings.ingest,
        secrets=settings.ingest.secrets,
        apps=settings.ingest.secrets_by_app,
        outlet=uplink,
        in_flight=in_flight,
        now=lambda: datetime.now(UTC),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        metrics.IN_FLIGHT.set_function(lambda: in_flight.bytes)
        say_build()
        async with uplink:
            yield

    app = FastAPI(
        title="saath-ingest",
        version=build_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # another path is another path
        openapi_url="/openapi.json" if settings.ingest.expose_openapi else None,
        # Our traces are our own (`tracing`); FastAPI would look for somebody's on every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    add_routes(app, intake, health)
    return app


@asynccontextmanager
async def connect(settings: IngestSettings) -> AsyncIterator[Link]:
    """Reach Kafka: check the topics, start a producer, and know the leaders before Meta calls."""
    name = client_id("ingest")
    layout = await read_layout(settings.kafka, settings.topics, name)
    async with Publisher(settings.kafka, settings.topics, name) as publisher:
        for topic in (INBOUND, HISTORY, ACCOUNTS, DEAD_LETTERS):
            await publisher.partitions(topic)
        yield Link(publisher, layout)

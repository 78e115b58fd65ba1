"""HTTP: bodies and headers in, status codes out. No rules: ``decide`` and ``fields`` have them."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from saath.errors import RetryLater
from saath.http import Health
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.probe_routes import probe_routes
from saath_ingest.answers import FAILED, STOPPING, UNDECODABLE, Answer, tell
from saath_ingest.decide import (
    Accept,
    Challenge,
    Delivery,
    Oversized,
    Reject,
    Secrets,
    SetAside,
    Verification,
    decide,
)
from saath_ingest.envelope import read
from saath_ingest.in_flight import InFlight, Share
from saath_ingest.openapi import CHALLENGE, DELIVERY
from saath_ingest.outbox import DEAD_LETTERS, outbox, undecodable
from saath_ingest.settings import IngestSection
from saath_ingest.time_limit import TimeLimit
from saath_ingest.tracing import traceparent

log = structlog.get_logger()

PATH = "/webhooks/whatsapp"
RETRY_AFTER_SECONDS = "2"

# 3 MB of history take a third of a second to read; others would wait, so a thread does it, one body
# at a time: two threads that compute would leave the event loop a third of the interpreter.
LARGE_BODY_BYTES = 128 * 1024
LARGE_BODIES_AT_ONCE = 1

# No webhook is near this; whoever sends more is not Meta, and need not understand our answer.
READ_AWAY_BYTES = 64 * 1024 * 1024

TOO_SLOW = Reject(408, "too_slow", "the body did not arrive in time")
GONE = Reject(400, "gone", "the sender hung up before the body's end")

TAKEN = Response()  # always the same, and nobody changes it

T = TypeVar("T")


class Outlet(Protocol):
    """Where events go."""

    @property
    def layout(self) -> Layout:
        """How many partitions each topic has."""
        ...

    async def publish(self, outputs: Sequence[Output], *, timeout_seconds: float) -> None:
        """Return when all of *outputs* are durable, or raise ``RetryLater``."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """
    What receiving a webhook needs.

    ``secrets`` are those of the one address, ``app`` its Meta app where it has a name; ``apps`` are
    the secrets of the addresses beside it.
    """

    section: IngestSection
    secrets: Secrets
    outlet: Outlet
    in_flight: InFlight
    now: Callable[[], datetime]
    thread: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(LARGE_BODIES_AT_ONCE)
    )
    apps: Mapping[str, Secrets] = field(default_factory=dict)
    app: str | None = None
    body_limit: TimeLimit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body_limit", TimeLimit(self.section.body_timeout_seconds))

    async def compute(self, body_bytes: int, function: Callable[[], T]) -> T:
        """Call *function*, aside where a body of this size would hold the others up."""
        if body_bytes <= LARGE_BODY_BYTES:
            return function()
        async with self.thread:
            return await asyncio.to_thread(function)


class Straight(APIRoute):
    """A route that is given the request as it is: nothing to inject, nothing to clean up after it."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the function behind it, past two exit stacks and a handler of exceptions."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def add_routes(app: FastAPI, intake: Intake, health: Health) -> None:
    """
    The addresses Meta calls, and the three that operators call.

    Meta's stand on the application itself: an included router costs 6 µs more to get to, each. Each
    app's is a route of its own, so that another name is no route at all.
    """
    app.router.route_class = Straight
    if intake.secrets.app_secrets:
        _add_address(app, PATH, intake)
    for name, secrets in intake.apps.items():
        _add_address(app, f"{PATH}/{name}", replace(intake, secrets=secrets, app=name))
    app.include_router(probe_routes(health))


def _add_address(app: FastAPI, path: str, intake: Intake) -> None:
    # Routes are tried in their order, and of these come very many more than of the other.
    @app.post(path, response_class=Response, openapi_extra=DELIVERY)
    async def deliver(request: Request) -> Response:
        return await receive(request, intake)

    @app.get(path, response_class=PlainTextResponse, openapi_extra=CHALLENGE)
    async def verify(request: Request) -> Response:
        return challenge(request, intake)


def challenge(request: Request, intake: Intake) -> Response:
    """Answer Meta's question whether this address is ours."""
    query = request.query_params
    verification = Verification(
        query.get("hub.mode"), query.get("hub.verify_token"), query.get("hub.challenge")
    )
    match decide(verification, intake.secrets):
        case Challenge(text):
            log.info("webhook.verified", app=intake.app)
            # Never HTML: whoever knows a token could have us say anything.
            return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})
        case Reject() as rejected:
            facts = {"outcome": rejected.outcome, "status": rejected.status}
            log.warning("webhook.refused", app=intake.app, **facts)
            return PlainTextResponse(rejected.reason, rejected.status)
        case other:
            raise TypeError(other)


async def receive(request: Request, intake: Intake) -> Response:
    """Take one delivery in, and say once what became of it."""
    started, trace_id = time.perf_counter(), _hex_digits(32)
    body = intake.in_flight.share()
    try:
        answer = await _take_in(request, intake, body, trace_id)
    except asyncio.CancelledError:
        # The time we were given to stop in is over, and uvicorn ends what is left.
        answer = STOPPING
    except Exception:
        # A defect of ours. Whoever serves us answers 500 and logs where it was; Meta sends it again.
        tell(FAILED, time.perf_counter() - started, trace_id, intake.app)
        raise
    finally:
        body.release()
    tell(answer, time.perf_counter() - started, trace_id, intake.app)
    if answer.status == 200:
        return TAKEN
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if answer.status == 503 else None
    return PlainTextResponse(answer.reason or answer.outcome, answer.status, headers=headers)


async def _take_in(request: Request, intake: Intake, share: Share, trace_id: str) -> Answer:
    try:
        with intake.body_limit:
            delivery = await _delivery(request, intake.section.body_limit_bytes, share)
    except TimeoutError:
        return Answer(TOO_SLOW.status, TOO_SLOW.outcome, TOO_SLOW.reason)
    except ClientDisconnect:
        return Answer(GONE.status, GONE.outcome, GONE.reason)
    except RetryLater as error:
        return Answer(503, "overloaded", f"{error}")
    size = len(delivery.body) if isinstance(delivery, Delivery) else 0
    decision = await intake.compute(size, lambda: decide(delivery, intake.secrets))
    match delivery, decision:
        case Delivery(_, body), Accept(data):
            return await _publish(intake, body, data, trace_id)
        case Delivery(_, body), SetAside(reason):
            return await _set_aside(intake, body, reason)
        case _, Reject(status, outcome, reason):
            return Answer(status, outcome, reason, body_bytes=size)
        case other:
            raise TypeError(other)


async def _publish(intake: Intake, body: bytes, data: Any, trace_id: str) -> Answer:
    received_at = intake.now()
    readings = await intake.compute(len(body), lambda: read(data, received_at, len(body)))
    trace = traceparent(trace_id, _hex_digits(16))

    def records_of(layout: Layout) -> tuple[Output, ...]:
        return outbox(
            [placed for reading in readings for placed in reading.events],
            body,
            layout,
            traceparent=trace,
            record_bytes_max=intake.section.record_bytes_max,
            received_at=received_at,
        )

    try:
        records = await _written(intake, body, records_of)
    except RetryLater as error:
        return Answer(503, "postponed", f"{error}", readings, len(body))
    aside = any(record.topic is DEAD_LETTERS for record in records)
    return Answer(200, "accepted", None, readings, len(body), set_aside=aside)


async def _set_aside(intake: Intake, body: bytes, reason: str) -> Answer:
    received_at, bytes_max = intake.now(), intake.section.record_bytes_max

    def records_of(layout: Layout) -> tuple[Output, ...]:
        return undecodable(
            body, reason, layout, record_bytes_max=bytes_max, received_at=received_at
        )

    try:
        await _written(intake, body, records_of)
    except RetryLater as error:
        return Answer(503, "postponed", f"{error}", body_bytes=len(body))
    return Answer(200, UNDECODABLE, reason, body_bytes=len(body), set_aside=True)


async def _written(
    intake: Intake, body: bytes, records_of: Callable[[Layout], tuple[Output, ...]]
) -> tuple[Output, ...]:
    """
    The records of *body*, once Kafka has acknowledged every one of them.

    Raises:
        RetryLater: it has not, or is not there.
    """
    layout = intake.outlet.layout
    records = await intake.compute(len(body), lambda: records_of(layout))
    await intake.outlet.publish(records, timeout_seconds=intake.section.produce_timeout_seconds)
    return records


async def _delivery(request: Request, limit: int, share: Share) -> Delivery | Oversized:
    """
    Read the body, as far as it is allowed to go.

    Of one that is too large nothing is kept; it is still read for a while, because a sender that is
    cut off while writing sees a broken connection and not our 413.

    Raises:
        RetryLater: too much else is in memory.
    """
    declared = request.headers.get("content-length", "")
    # Of thousands of digits Python makes no number at all.
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > READ_AWAY_BYTES):
        return Oversized()
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > READ_AWAY_BYTES:
            return Oversized()
        if size > limit:
            chunks.clear()
            share.release()
        else:
            share.admit(len(chunk))
            chunks.append(chunk)
    if size > limit:
        return Oversized()
    return Delivery(request.headers.get("x-hub-signature-256"), b"".join(chunks))


def _hex_digits(count: int) -> str:
    """For ids of traces, which are no secret: the system's randomness took 2 % of all the time."""
    return f"{random.getrandbits(4 * count):0{count}x}"

"""HTTP: a number watched as it changes, by server-sent events. No rules: ``watching`` has them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from saath.events import JsonObject
from saath.kafka.inbox import NotOwner
from saath_sync.front import Front, NotReady, Number, UnknownNumber, service_of
from saath_sync.numbers import Numbers
from saath_sync.view import shown
from saath_sync.watching import HEARTBEAT, event, told

# Each looks at a ledger in memory twice a second and holds a connection.
LISTENERS_MAX = 100
LOOK_EVERY_SECONDS, HEARTBEAT_SECONDS = 0.5, 15.0


@dataclass(slots=True)
class Seats:
    """How many may watch at once."""

    free: int = LISTENERS_MAX

    def take(self) -> None:
        """
        One seat, until it is given back.

        Raises:
            NotReady: there is none.
        """
        if self.free < 1:
            raise NotReady(f"{LISTENERS_MAX} are watching already; poll, or come again later")
        self.free -= 1

    def give_back(self) -> None:
        """Whoever sat there is gone."""
        self.free += 1


class Seated(StreamingResponse):
    """
    A stream with a seat of its own, which is free again when the stream ends, begun or not.

    The seat was taken when it was looked for: one that is taken when the stream begins is given to all
    who come until then.
    """

    seats: Seats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, then give the seat back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.seats.give_back()


def watch_routes(front: Front) -> APIRouter:
    """What watching needs."""
    router, seats = APIRouter(), Seats()

    @router.get("/numbers/{number}/events")
    async def watch(request: Request, number: Number) -> StreamingResponse:
        """Each step with its state and the history's progress, as they change."""
        numbers = service_of(front, request).connector.numbers
        if numbers.ledger(number) is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        stream = watched(numbers, number, front.now, front.stopping)
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        answer = Seated(stream, media_type="text/event-stream", headers=headers)
        seats.take()
        answer.seats = seats
        return answer

    return router


async def watched(
    numbers: Numbers,
    number: str,
    now: Callable[[], datetime],
    stopping: asyncio.Event,
) -> AsyncIterator[str]:
    """
    What is told of *number*, until *stopping*, until the client goes, or until another pod has it.

    Starlette cancels this when the client closes the connection.
    """
    loop, before = asyncio.get_running_loop(), None
    quiet_since = loop.time()
    while True:
        # Whoever is sent home is told what has changed until then.
        last = stopping.is_set()
        view = _view(numbers, number, now())
        if view is None:
            yield event("elsewhere", {"number": number})
            return
        for said in told(before, view):
            quiet_since = loop.time()
            yield said
        before = view
        if loop.time() - quiet_since >= HEARTBEAT_SECONDS:
            quiet_since = loop.time()
            yield HEARTBEAT
        if last:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_EVERY_SECONDS)


def _view(numbers: Numbers, number: str, now: datetime) -> JsonObject | None:
    try:
        ledger = numbers.ledger(number)
    except NotOwner:
        return None
    return shown(ledger, now) if ledger else None

"""Carries the chosen messages to the Graph API, each at its time, each in a task of its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from pydantic import SecretStr

from saath.graph import GraphClient
from saath_sender.bell import Bell
from saath_sender.choose import Chooser
from saath_sender.clock import boot_seconds, read_clock
from saath_sender.flight import Flight
from saath_sender.handler import SenderHandler
from saath_sender.kinds import read as read_mark
from saath_sender.metrics import SEND_DURATION
from saath_sender.post import GuardedBody, Unsent, Withheld, post
from saath_sender.requests import address_of

log = structlog.get_logger()

# Nothing due and nobody to tell us: look again, so that a missed wake-up costs little.
IDLE_SECONDS = 0.5

TokenOf = Callable[[str], SecretStr | None]


class Dispatcher:
    """
    Sends what one partition's chooser chooses.

    ``wake`` is rung by whoever changes what may leave; ``answered`` is rung here after an answer that
    somebody waits for.
    """

    def __init__(
        self, handler: SenderHandler, chooser: Chooser, graph: GraphClient, token_of: TokenOf
    ) -> None:
        self._handler, self._chooser = handler, chooser
        self._graph, self._token_of = graph, token_of
        self._flights: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self.wake, self.answered = Bell(), Bell()

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Send until *stopping*, which must ring ``wake``; then wait for what is under way."""
        try:
            while not stopping.is_set():
                if self._failure:
                    raise self._failure
                now = read_clock()
                for flight in self._chooser.due(now):
                    self._take_off(flight)
                at = self._chooser.next_at()
                pause = IDLE_SECONDS if at is None else at - boot_seconds()
                if pause > 0:
                    await self.wake.wait(pause)
            self._handler.open = False
            while self._flights:
                await asyncio.wait(self._flights)
        finally:
            for task in self._flights:
                task.cancel()

    def _take_off(self, flight: Flight) -> None:
        task = asyncio.create_task(self._fly(flight))
        self._flights.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._flights.discard(task)
        at = self._chooser.next_at()
        if at is not None and at <= boot_seconds():
            self.wake.ring()
        # Campaigns' outcomes are written when it is time.
        if self._handler.books.urgent:
            self.answered.ring()
        if not task.cancelled() and (error := task.exception()):
            # A defect: what was begun stays begun, and is in doubt after the next start.
            log.error("send.failed", error=type(error).__name__, exc_info=error)
            self._failure = error
            self.wake.ring()

    async def _fly(self, flight: Flight) -> None:
        chooser, request = self._chooser, flight.job.request
        token = self._token_of(request.number)
        message = body_of(flight, self._handler)
        if token is None or message is None:
            now = read_clock()
            (chooser.tokenless if token is None else chooser.unsent)(flight, now)
            return
        body = GuardedBody(
            message,
            wait=lambda: flight.wait(read_clock().boot),
            over=lambda: chooser.over(flight, read_clock()),
            look=lambda: chooser.check(flight, read_clock()),
            leave=lambda: flight.leave(read_clock().boot),
        )
        try:
            result, seconds = await post(self._graph, request.number, token, body)
        except Withheld:
            if body.decision:
                chooser.withheld(flight, body.decision, read_clock())
        except Unsent as error:
            log.warning("graph.unreachable", error=str(error))
            chooser.unsent(flight, read_clock())
        else:
            SEND_DURATION.observe(seconds)
            chooser.answered(flight, result, read_clock())


def body_of(flight: Flight, handler: SenderHandler) -> dict[str, Any] | None:
    """The message in Meta's shape; ``None`` when nobody knows where it goes."""
    job, request = flight.job, flight.job.request
    content = request.contents[job.index]
    if request.is_mark(job.index):
        return read_mark.body_of(content)
    owner = handler.owner(request)
    address = address_of(request, owner)
    if address is None:
        return None
    message = job.message(owner)
    # Whole, with keys that nobody here has heard of; of those that are ours none is among them.
    return {
        **(content.model_extra or {}),
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to" if address.startswith("+") else "recipient": address,
        "type": content.type,
        "biz_opaque_callback_data": request.callback(job.index, message.conversation),
    }

"""A bot: a name, a function that answers a turn, and everything around it."""

import asyncio
import signal
from collections.abc import Callable
from typing import TypeVar

import structlog

from saath import log as logs
from saath.client.connection import ClientSettings, client_id, given_or_loaded, open_publisher
from saath.client.session import Handler, Session
from saath.errors import Misconfigured, RetryLater
from saath.kafka.group import GroupReader
from saath.settings import refuse
from saath.topics import TURNS

log = structlog.get_logger()

H = TypeVar("H", bound=Handler)

CONCURRENCY = 100
RETRY_SECONDS = 1.0


class Bot:
    """
    Answers the turns that the router offers to *name*.

    Turns of one conversation are answered one after the other, those of different conversations at
    once. An answer is published before its turn's offset is committed, so a bot that is killed
    answers again, and the sender, which knows the turn, sends once. A handler that raises leaves the
    turn unanswered: it is logged, not repeated, and the router hands the silence to a person.
    """

    def __init__(
        self, name: str, *, settings: ClientSettings | None = None, group: str | None = None
    ) -> None:
        self.name = name
        self.group = group or f"bot-{name}"
        self.ready = asyncio.Event()  # set once partitions were assigned
        self._settings = settings
        self._handler: Handler | None = None
        self._concurrency = CONCURRENCY

    def on_turn(self, *, concurrency: int = CONCURRENCY) -> Callable[[H], H]:
        """Answer turns with the decorated function, *concurrency* at once. It stays as it was."""
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")

        def register(handler: H) -> H:
            if self._handler is not None:
                raise ValueError(f"bot {self.name!r} has a handler of turns already")
            self._handler, self._concurrency = handler, concurrency
            return handler

        return register

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C; exit with 2 where a setting must be mended first."""
        try:
            settings = given_or_loaded(self._settings)
            logs.configure(self.group, settings.log_level, settings.log_format)
            asyncio.run(self._run())
        except Misconfigured as error:
            refuse(str(error))

    async def serve(self, stopping: asyncio.Event) -> None:
        """
        Answer turns until *stopping* is set; then let those that run end within the grace period.

        A broker that is away is waited for.

        Raises:
            Misconfigured: something only a person can mend.
        """
        settings = given_or_loaded(self._settings)
        if self._handler is None:
            raise Misconfigured(f"bot {self.name!r} has no handler: decorate one with on_turn()")
        while not stopping.is_set():
            try:
                await self._be_member(settings, self._handler, stopping)
            except RetryLater as error:
                log.warning("kafka.lost", reason=str(error), retry_in_seconds=RETRY_SECONDS)
                await _wait(stopping, RETRY_SECONDS)
            finally:
                self.ready.clear()

    async def _be_member(
        self, settings: ClientSettings, handler: Handler, stopping: asyncio.Event
    ) -> None:
        kafka = settings.kafka
        who = client_id(self.group)
        async with (
            open_publisher(settings, self.group) as publisher,
            GroupReader(kafka, settings.topics, who, TURNS, self.group) as reader,
        ):
            log.info("bot.started", bot=self.name, group=self.group)
            session = Session(self.name, handler, self._concurrency, reader, publisher, kafka)
            await session.run(stopping, self.ready, settings.shutdown_grace_seconds)

    async def _run(self) -> None:
        stopping = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
        await self.serve(stopping)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return

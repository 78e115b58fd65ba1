"""Replays: a finished phase is read again, put in time order, and handed on at a measured pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from aiolimiter import AsyncLimiter

from saath.errors import RetryLater
from saath.events import Event
from saath.kafka.inbox import NotCommitted, NotOwner
from saath_sync import metrics, phases
from saath_sync.facts import ReplayBegun, ReplayFinished, ReplayProgressed
from saath_sync.handler import SyncHandler
from saath_sync.ledger import Ledger, Replay
from saath_sync.numbers import Numbers
from saath_sync.onboarding import StepRefused
from saath_sync.phases import Patience
from saath_sync.replay import Gathering

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.25
# Enough to make a transaction worth its 10 ms, little enough not to hold up the partition's loop.
BATCH_MAX = 200


class Source(Protocol):
    """Where a number's history is read again."""

    def read(self, number: str, start: int, end: int) -> AsyncIterator[tuple[int, Event]]:
        """Its events at offsets from *start* to before *end*, with their offsets."""
        ...


@dataclass(slots=True)
class Tender:
    """
    Begins the replays that are due and goes on with those a former owner left.

    A worker. Where a replay stands is in the ledger, so one that breaks off loses nothing and
    doubles nothing: it goes on after the last transaction that was committed.
    """

    numbers: Numbers
    source: Source
    patience: Patience
    per_second: int
    now: Callable[[], datetime]
    _running: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Look for what is due until *stopping*."""
        limiter = AsyncLimiter(self.per_second, 1.0)
        try:
            while not stopping.is_set():
                self._reap()
                for handler in self.numbers.owned():
                    self._look(handler, limiter)
                metrics.REPLAYS.set(len(self._running))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), LOOK_EVERY_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()
            if self._running:
                await asyncio.wait(self._running.values())

    def _look(self, handler: SyncHandler, limiter: AsyncLimiter) -> None:
        for number, ledger in handler.ledgers.items():
            if number in self._running or ledger.history is None:
                continue
            begin = None
            if ledger.history.replay is None:
                begin = phases.due(ledger.history, handler.owned_since, self.now(), self.patience)
                if begin is None:
                    continue
            fact = ReplayBegun(number, begin) if begin else None
            self._running[number] = asyncio.create_task(self._replay(number, fact, limiter))

    def _reap(self) -> None:
        for number, task in list(self._running.items()):
            if not task.done():
                continue
            del self._running[number]
            error = task.exception()
            if isinstance(error, NotOwner | NotCommitted | RetryLater | StepRefused):
                log.warning("replay.interrupted", number=number, reason=str(error))
            elif error:
                raise error

    async def _replay(self, number: str, begun: ReplayBegun | None, limiter: AsyncLimiter) -> None:
        if begun:
            await self.numbers.submit(begun)
        ledger = self.numbers.ledger(number)
        if ledger is None or ledger.history is None or ledger.history.replay is None:
            return
        replay = await self._hand_on(ledger, ledger.history.replay, limiter)
        await self.numbers.submit(ReplayFinished(number, replay))

    async def _hand_on(self, ledger: Ledger, replay: Replay, limiter: AsyncLimiter) -> Replay:
        """Put on backfill what is not there yet; return where the replay stands then."""
        assert ledger.history is not None  # noqa: S101 # checked by whoever calls
        gathering = Gathering(replay)
        start = ledger.history.first_offset
        async for offset, event in self.source.read(ledger.number, start, replay.until):
            gathering.add(offset, event)
        left = gathering.result()[replay.done :]
        size = min(BATCH_MAX, self.per_second)
        for at in range(0, len(left), size):
            batch = tuple(left[at : at + size])
            await limiter.acquire(len(batch))
            await self.numbers.submit(ReplayProgressed(ledger.number, replay, batch))
            replay = replay.model_copy(update={"done": replay.done + len(batch)})
        return replay

"""Replays: a finished phase is read again, put in time order, and handed on at a measured pace."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog
from aiolimiter import AsyncLimiter

from saath.errors import RetryLater
from saath.kafka.inbox import NotCommitted, NotOwner
from saath.kafka.records import Record
from saath_sync import metrics, phases
from saath_sync.facts import ReplayBegun, ReplayFinished, ReplayProgressed
from saath_sync.handler import SyncHandler
from saath_sync.ledger import History, Ledger, Replay
from saath_sync.numbers import Numbers
from saath_sync.onboarding import StepRefused
from saath_sync.phases import Patience
from saath_sync.scratch import Scratch, Spoilt

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.25
# Enough to make a transaction worth its 10 ms, little enough not to hold up the partition's loop.
BATCH_MAX = 1000
# History comes in small lots, and not all of a second's at once: live traffic goes between them.
BATCHES_PER_SECOND = 5
# Read so much faster than it is handed on: a million messages are there after 17 minutes, not three hours.
# Faster, it takes a quarter of a processor and more of whoever is on the same machine.
READ_TIMES = 10
READ_MAX, READ_BYTES_MAX = 250, 4 * 1024 * 1024
# Each has some memory and a file of its own; the others wait for their turn.
REPLAYS_MAX = 8
# Media follow for hours. After that what was read of a number is read anew, if it must be.
KEPT_SECONDS, KEPT_MAX = 3600.0, 8
# A partition that is begun anew, because a transaction failed, is ours again within seconds.
AWAY_SECONDS = 60.0
# After a replay broke off: a broker that is away, or a disk that is full, is not mended at once.
REST_SECONDS = 2.0
# After something that nobody thought of: the other numbers' histories go on meanwhile.
LONG_REST_SECONDS = 60.0


class Source(Protocol):
    """Where a number's history is read again."""

    def read(self, number: str, start: int, end: int) -> AsyncGenerator[Record, None]:
        """The records at offsets from *start* to before *end*, other numbers' among them."""
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
    rest_seconds: float = REST_SECONDS
    long_rest_seconds: float = LONG_REST_SECONDS
    _running: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)
    _scratches: dict[str, Scratch] = field(default_factory=dict)
    _used_at: dict[str, float] = field(default_factory=dict)
    _resting_until: dict[str, float] = field(default_factory=dict)
    # When each owner began to listen: its state is restored by then, which may have taken minutes.
    _listening_since: "WeakKeyDictionary[SyncHandler, datetime]" = field(
        default_factory=WeakKeyDictionary
    )
    # Of which nothing is to be replayed until there is another one: a look at 10,000 takes 5 ms, not 50.
    _settled: "WeakKeyDictionary[SyncHandler, dict[str, History]]" = field(
        default_factory=WeakKeyDictionary
    )

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Look for what is due until *stopping*."""
        limiter = AsyncLimiter(self.per_second, 1.0)
        try:
            while not stopping.is_set():
                self._throw_away()
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
        since = self._listening_since.setdefault(handler, self.now())
        settled = self._settled.setdefault(handler, {})
        for number, ledger in handler.ledgers.items():
            history = ledger.history
            if history is None or settled.get(number) is history:
                continue
            if phases.is_settled(history):
                settled[number] = history
                continue
            if number in self._running or number in self._resting_until:
                continue
            if len(self._running) >= REPLAYS_MAX:
                return
            begin = None
            if history.replay is None:
                begin = phases.due(history, since, self.now(), self.patience)
                if begin is None:
                    continue
            fact = ReplayBegun(number, begin) if begin else None
            self._running[number] = asyncio.create_task(self._replay(number, fact, limiter))

    def _reap(self) -> None:
        now = asyncio.get_running_loop().time()
        self._resting_until = {n: at for n, at in self._resting_until.items() if at > now}
        for number, task in list(self._running.items()):
            if not task.done():
                continue
            del self._running[number]
            if error := task.exception():
                self._resting_until[number] = now + self._rest_after(number, error)

    def _rest_after(self, number: str, error: BaseException) -> float:
        """Say why a number's replay broke off; how long it rests, so that others have its place."""
        match error:
            case NotOwner() | NotCommitted() | StepRefused():
                log.warning("replay.interrupted", number=number, reason=str(error))
                return 0.0
            case RetryLater():
                log.warning("replay.interrupted", number=number, reason=str(error))
                return self.rest_seconds
            case Exception():
                # One number's history must not end everybody's. What it says may be a message's words.
                log.error("replay.failed", number=number, error=type(error).__name__)
                metrics.REPLAYS_FAILED.inc()
                return self.long_rest_seconds
        raise error

    async def _replay(self, number: str, begun: ReplayBegun | None, limiter: AsyncLimiter) -> None:
        if begun:
            await self.numbers.submit(begun)
        ledger = self.numbers.ledger(number)
        if ledger is None or ledger.history is None or ledger.history.replay is None:
            return
        try:
            replay = await self._hand_on(ledger, ledger.history.replay, limiter)
        except (NotOwner, NotCommitted, StepRefused):
            raise
        except Exception as error:
            # A broker that is away has spoilt nothing of what was read before.
            if isinstance(error, Spoilt) or not isinstance(error, RetryLater):
                self._forget(number)
            raise
        await self.numbers.submit(ReplayFinished(number, replay))

    async def _hand_on(self, ledger: Ledger, replay: Replay, limiter: AsyncLimiter) -> Replay:
        """Put on backfill what is not there yet; return where the replay stands then."""
        scratch = await self._gathered(ledger, replay)
        await asyncio.to_thread(scratch.line_up, replay)
        size = min(BATCH_MAX, max(1, self.per_second // BATCHES_PER_SECOND))
        page = await asyncio.to_thread(scratch.page, replay.done, size)
        while page:
            await limiter.acquire(len(page))
            progress = ReplayProgressed(ledger.number, replay, page)
            replay = replay.model_copy(update={"done": replay.done + len(page)})
            # The next one is read from disk while this one is written.
            reading = asyncio.create_task(asyncio.to_thread(scratch.page, replay.done, size))
            try:
                await self.numbers.submit(progress)
            finally:
                page = await reading
        return replay

    async def _gathered(self, ledger: Ledger, replay: Replay) -> Scratch:
        """
        The number's history on disk, up to the replay's end; only what is not there yet is read.

        Reading is paced too: a long history would take a processor for a minute.
        """
        number, history = ledger.number, ledger.history
        assert history is not None  # noqa: S101 # checked by whoever calls
        scratch = self._scratches.get(number)
        if scratch is None:
            scratch = self._scratches[number] = Scratch(number, history.first_offset)
        limiter = AsyncLimiter(self.per_second * READ_TIMES, 1.0)
        found = self.source.read(number, scratch.position, replay.until)
        adding: asyncio.Future[None] | None = None
        try:
            async with contextlib.aclosing(found):
                async for records in _by_the(READ_MAX, found):
                    await limiter.acquire(min(len(records), limiter.max_rate))
                    if adding:
                        await adding
                    # The next ones are read while these are put down.
                    adding = asyncio.ensure_future(asyncio.to_thread(scratch.add, records))
        finally:
            if adding:
                await adding
        scratch.position = replay.until
        return scratch

    def _throw_away(self) -> None:
        """What is on disk of numbers that are another pod's now, or have had no replay for long."""
        now = asyncio.get_running_loop().time()
        self._used_at |= dict.fromkeys(self._running, now)
        idle = [number for number in self._scratches if number not in self._running]
        idle.sort(key=lambda number: self._used_at.get(number, now), reverse=True)
        for place, number in enumerate(idle):
            kept = KEPT_SECONDS if self.numbers.owns(number) else AWAY_SECONDS
            if place >= KEPT_MAX or now - self._used_at.get(number, now) > kept:
                self._forget(number)
        self._used_at = {n: at for n, at in self._used_at.items() if n in self._scratches}

    def _forget(self, number: str) -> None:
        # There is none where the disk did not even let one be begun.
        if scratch := self._scratches.pop(number, None):
            scratch.close()


async def _by_the(count: int, found: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    """What is read, so many records at a time, fewer where they are large."""
    records: list[Record] = []
    held = 0
    async for record in found:
        records.append(record)
        held += record.size_bytes
        if len(records) == count or held >= READ_BYTES_MAX:
            yield records
            records, held = [], 0
    if records:
        yield records

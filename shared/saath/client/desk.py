"""Turns in hand: one at a time in a conversation, many at once across conversations."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal

from saath.events import TurnOffered


@dataclass(frozen=True, slots=True)
class Job:
    """A turn, and where its record stands."""

    turn: TurnOffered
    partition: int
    offset: int

    @property
    def conversation(self) -> str:
        """What is answered in order."""
        return self.turn.conversation or self.turn.id


# Turns a turn into the request to publish; None when nothing is to be published.
Answerer = Callable[[TurnOffered], Awaitable[bytes | None]]
Publish = Callable[[TurnOffered, bytes], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Running:
    job: Job
    ended_by: Literal["", "withdrawal", "loss"] = ""
    task: "asyncio.Task[None] | None" = None

    def end(self, by: Literal["withdrawal", "loss"]) -> None:
        self.ended_by = by
        if self.task is not None:
            self.task.cancel()


class TurnDesk:
    """
    Gives each turn to *answer*, then its request to *publish*, then says it is *finished*.

    A withdrawn turn is cancelled, publishes nothing and is finished. A turn of a lost partition is
    cancelled and not finished: it is its new owner's. ``len`` says how many are in hand.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        answer: Answerer,
        publish: Publish,
        finished: Callable[[Job], None],
    ) -> None:
        self._concurrency, self._answer, self._publish = concurrency, answer, publish
        self._finished = finished
        self._waiting: dict[str, deque[Job]] = {}
        self._ready: dict[str, None] = {}  # conversations that only wait for a place, in order
        self._running: dict[str, _Running] = {}
        self._waiting_count = 0
        self._closing = False
        self.failure: BaseException | None = None

    def __len__(self) -> int:
        return self._waiting_count + len(self._running)

    def take(self, job: Job) -> None:
        """Start *job* as soon as its conversation and a place are free."""
        self._waiting.setdefault(job.conversation, deque()).append(job)
        self._waiting_count += 1
        if job.conversation not in self._running:
            self._ready[job.conversation] = None
        self._start()

    def withdraw(self, conversation: str, turn_id: str) -> None:
        """Cancel this turn, running or waiting; do nothing where it is not in hand."""
        running = self._running.get(conversation)
        if running and running.job.turn.id == turn_id:
            running.end("withdrawal")
        for job in self._remove(conversation, lambda job: job.turn.id == turn_id):
            self._finished(job)

    def lose(self, partitions: Collection[int]) -> None:
        """Let go of all turns of *partitions*, unfinished."""
        if not partitions:
            return
        for running in self._running.values():
            if running.job.partition in partitions:
                running.end("loss")
        for conversation in [*self._waiting]:
            self._remove(conversation, lambda job: job.partition in partitions)

    async def close(self, grace_seconds: float) -> None:
        """Start nothing more; give what runs this long to end, then cancel it, unfinished."""
        self._closing = True
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=grace_seconds)
        for running in self._running.values():
            running.end("loss")
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    def _tasks(self) -> "list[asyncio.Task[None]]":
        return [running.task for running in self._running.values() if running.task is not None]

    def _remove(self, conversation: str, unwanted: Callable[[Job], bool]) -> list[Job]:
        queue = self._waiting.get(conversation, deque())
        removed = [job for job in queue if unwanted(job)]
        for job in removed:
            queue.remove(job)
        self._waiting_count -= len(removed)
        if removed and not queue:
            del self._waiting[conversation]
            self._ready.pop(conversation, None)
        return removed

    def _start(self) -> None:
        while self._ready and len(self._running) < self._concurrency and not self._closing:
            conversation = next(iter(self._ready))
            del self._ready[conversation]
            queue = self._waiting[conversation]
            running = self._running[conversation] = _Running(queue.popleft())
            self._waiting_count -= 1
            if not queue:
                del self._waiting[conversation]
            task = asyncio.create_task(self._work(running), name=f"turn-{running.job.turn.id}")
            running.task = task
            task.add_done_callback(partial(self._end, running))

    async def _work(self, running: _Running) -> None:
        request = await self._answer(running.job.turn)
        # A handler may have caught its cancellation and answered all the same.
        if request is not None and not running.ended_by:
            await self._publish(running.job.turn, request)

    def _end(self, running: _Running, task: "asyncio.Task[None]") -> None:
        conversation = running.job.conversation
        del self._running[conversation]
        if running.ended_by == "withdrawal":
            self._finished(running.job)
        elif running.ended_by == "" and not task.cancelled():
            self.failure = self.failure or task.exception()
            if task.exception() is None:
                self._finished(running.job)
        if conversation in self._waiting:
            self._ready[conversation] = None
        self._start()

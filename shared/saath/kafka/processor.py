"""
The partition loop: records in, decisions out, each batch one transaction.

Every step is where it is because something was lost or doubled without it:

1. a new transactional writer, which fences the old owner;
2. the ``read_committed`` end of the changelog, and everything up to it;
3. the input positions, taken from the changelog: the group's offsets may be stale or moved back;
4. then, again and again: a batch, decided first; one transaction with outputs, state and positions;
   and what has become due by the clock, once everything that was written before is decided.

After a transaction that failed, memory and Kafka may disagree, so the partition starts again at 1.
"""

import asyncio
import contextlib
import heapq
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, runtime_checkable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from saath.errors import PoisonRecord, RetryLater
from saath.kafka.changelog import (
    POSITIONS_KEY,
    positions_output,
    read_positions,
    read_to_end,
    seek,
    telling,
)
from saath.kafka.client import reading
from saath.kafka.inbox import Desk, FactHandler, Inbox
from saath.kafka.membership import Tenure
from saath.kafka.records import Output, Record, dead_letter, from_aiokafka
from saath.kafka.suspects import Suspects
from saath.kafka.timers import Clock, Horizon, TimedHandler, fire
from saath.kafka.transactions import TransactionalWriter, Unwritable
from saath.log import AT_WORK
from saath.metrics import PROCESS_DURATION, RECORD_AGE, RECORDS_CONSUMED, RECORDS_DEAD_LETTERED
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import Topic, dlq_topic, state_topic

log = structlog.get_logger()

BATCH_MAX = 500
IDLE_MS = 100
# Straight after another, a transaction waits 20 ms for the broker to have finished the last one;
# after this pause it does not, and what arrived meanwhile shares the next.
PAUSE_SECONDS = 0.01


# To look a metric's child up takes four times as long as to count.
_age = cache(RECORD_AGE.labels)


class Handler(Protocol):
    """What a service decides, for one partition. It holds the partition's state in memory."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Decide one record. ``PoisonRecord`` sends it to the dead-letter topic; nothing changes."""

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        """After a batch: what is written once for all of it, changed state among it."""


@runtime_checkable
class CaringHandler(Protocol):
    """A handler that has something to say of a record it gave up on."""

    def given_up(self, record: Record, now: datetime) -> Iterable[Output]:
        """Who must know, where it was more than a line in a log."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    What a service reads: the group's *primary* topic, others of the same partition, and slow ones.

    Of the *slow* inputs at most ``slow_max`` records are taken a turn, so that live ones go first. The
    *lazy* ones are looked at once in ``lazy_seconds``: nobody waits for what follows from them, and a
    busy topic would cost a transaction for every few records.
    """

    primary: Topic
    others: tuple[Topic, ...] = ()
    slow: tuple[Topic, ...] = ()
    slow_max: int = 20
    lazy: tuple[Topic, ...] = ()
    lazy_seconds: float = 5.0

    @property
    def live(self) -> tuple[Topic, ...]:
        """Those that a timer waits for."""
        return (self.primary, *self.others, *self.lazy)

    @property
    def all(self) -> tuple[Topic, ...]:
        """Every input, live ones first."""
        return (*self.live, *self.slow)


class Processor:
    """Runs a service's handler over one partition after the other it is given."""

    def __init__(
        self,
        service: str,
        inputs: Inputs,
        make_handler: Callable[[int], Handler],
        *,
        kafka: KafkaSettings,
        topics: TopicSettings,
        client_id: str,
        now: Callable[[], datetime],
        inbox: Inbox | None = None,
    ) -> None:
        # Without an inbox of its own, nobody can submit a fact, and the loop reads records only.
        self._inbox = inbox or Inbox()
        self._suspects = Suspects()
        self._service, self._inputs, self._make_handler = service, inputs, make_handler
        self._kafka, self._client_id, self._now = kafka, client_id, now
        self._clock = Clock(now)
        self._prefix = topics.prefix
        self._state, self._dlq = state_topic(service), dlq_topic(service)

    async def __call__(self, tenure: Tenure) -> None:
        """
        Own one partition until told to stop.

        Raises:
            Fenced: another owner has it.
            RetryLater: Kafka did not answer or not take it; start again.
        """
        partition = tenure.partition
        writer = TransactionalWriter(
            self._kafka, self._client_id, self._prefix, self._service, partition
        )
        async with writer, reading(self._kafka, f"{self._client_id}-{partition}") as reader:
            handler = self._make_handler(partition)
            positions = await self._restore(reader, tenure, handler)
            tenure.position = positions[self._inputs.primary.name]
            with self._inbox.opened(partition) as desk:
                tenure.ready.set()
                await self._run(tenure, reader, writer, handler, positions, desk)

    async def _run(
        self,
        tenure: Tenure,
        reader: AIOKafkaConsumer,
        writer: TransactionalWriter,
        handler: Handler,
        positions: dict[str, int],
        desk: Desk,
    ) -> None:
        """Batch by batch, until told to stop."""
        partition = tenure.partition
        batches = self._batches(reader, tenure, desk, handler)
        async with contextlib.aclosing(batches):
            async for batch, until in batches:
                for portion in self._suspects.portions(batch):
                    await self._process(writer, handler, partition, portion, positions, desk)
                    tenure.position = positions[self._inputs.primary.name]
                if until is not None:
                    await self._process(writer, handler, partition, (), positions, desk, until)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _restore(
        self, reader: AIOKafkaConsumer, tenure: Tenure, handler: Handler
    ) -> dict[str, int]:
        positions: dict[str, int] = {}
        tenure.restored = 0.0

        def apply(key: bytes, value: bytes | None) -> None:
            if key == POSITIONS_KEY:
                positions.update(read_positions(value))
            else:
                handler.restore(key, value)

        changelog = TopicPartition(self._state.full_name(self._prefix), tenure.partition)
        count = await read_to_end(reader, changelog, apply, telling(tenure))
        log.info("partition.restored", partition=tenure.partition, records=count)
        return await seek(reader, tenure.partition, self._inputs.all, positions, self._prefix)

    async def _batches(
        self, reader: AIOKafkaConsumer, tenure: Tenure, desk: Desk, handler: Handler
    ) -> AsyncGenerator[tuple[list[Record], datetime | None], None]:
        """
        What to decide next: records, facts from inside, and timers up to when they are due.

        Facts do not wait for records.
        """
        horizon = Horizon(reader, self._live(tenure.partition), self._clock)
        fetching: asyncio.Task[list[Record]] | None = None
        loop, lazy_at = asyncio.get_running_loop(), 0.0
        try:
            while not tenure.stopping.is_set():
                if fetching is None:
                    lazy = loop.time() >= lazy_at
                    if lazy:
                        lazy_at = loop.time() + self._inputs.lazy_seconds
                    fetching = asyncio.create_task(self._fetch(reader, tenure.partition, lazy=lazy))
                await desk.arrival_or(fetching)
                batch: list[Record] = []
                until: datetime | None = None
                if fetching.done():
                    batch, fetching = fetching.result(), None
                    if len(batch) >= BATCH_MAX:
                        lazy_at = 0.0  # there is more
                    if isinstance(handler, TimedHandler):
                        until = await horizon.reached(handler.next_due())
                if batch or until or desk.undecided:
                    yield batch, until
        finally:
            if fetching:
                # What it may have read is read again by whoever goes on from the positions.
                fetching.cancel()
                await asyncio.wait([fetching])

    def _live(self, partition: int) -> list[TopicPartition]:
        """The inputs that a timer waits for; what is slow cancels none."""
        topics = self._inputs.live
        return [TopicPartition(topic.full_name(self._prefix), partition) for topic in topics]

    async def _fetch(self, reader: AIOKafkaConsumer, partition: int, *, lazy: bool) -> list[Record]:
        """Records of the inputs in the order the broker dated them, each topic's own order kept."""
        slow = await self._read(reader, partition, self._inputs.slow, 0, self._inputs.slow_max)
        inputs = self._inputs
        live = inputs.live if lazy else (inputs.primary, *inputs.others)
        read = await self._read(reader, partition, live, 0 if slow else IDLE_MS, BATCH_MAX)
        merged = heapq.merge(*read, key=lambda record: record.timestamp_ms)
        return [*merged, *(record for records in slow for record in records)]

    async def _read(
        self,
        reader: AIOKafkaConsumer,
        partition: int,
        topics: Sequence[Topic],
        timeout_ms: int,
        records_max: int,
    ) -> list[list[Record]]:
        if not topics:
            return []
        by_partition = {TopicPartition(t.full_name(self._prefix), partition): t for t in topics}
        found = await reader.getmany(*by_partition, timeout_ms=timeout_ms, max_records=records_max)
        return [
            [from_aiokafka(by_partition[tp], raw) for raw in raws] for tp, raws in found.items()
        ]

    async def _process(
        self,
        writer: TransactionalWriter,
        handler: Handler,
        partition: int,
        batch: Sequence[Record],
        positions: dict[str, int],
        desk: Desk,
        until: datetime | None = None,
    ) -> None:
        """Decide the batch, the facts and the timers *until* then; write it in one transaction."""
        started = asyncio.get_running_loop().time()
        now = self._now()
        seconds, outputs = now.timestamp(), list[Output]()
        for record in batch:
            _age(record.topic.name).observe(max(0.0, seconds - record.timestamp_ms / 1000))
            outputs.extend(self._decide(handler, record, now))
            positions[record.topic.name] = record.offset + 1
        for name, count in Counter(record.topic.name for record in batch).items():
            RECORDS_CONSUMED.labels(name).inc(count)
        outputs.extend(desk.decide(lambda fact: self._decide_fact(handler, fact, now)))
        fired = list(fire(handler, until, now)) if until else []
        outputs.extend(fired)
        if not (batch or fired or desk.uncommitted):
            return  # nothing but facts that were refused
        # State goes before what is published of it: the last record is the one that says "decided".
        outputs.append(positions_output(self._state, partition, positions))
        outputs.extend(handler.finish(positions, now))
        try:
            await writer.write(outputs)
        except Unwritable as error:
            self._suspects.refused(batch, str(error), alone=not desk.uncommitted)
            raise RetryLater(f"an output is refused for good: {error}") from error
        self._suspects.committed(batch)
        desk.committed()
        source = batch[0].topic.name if batch else "inside"
        PROCESS_DURATION.labels(source, "committed").observe(
            asyncio.get_running_loop().time() - started
        )

    def _decide_fact(self, handler: Handler, fact: object, now: datetime) -> list[Output]:
        if not isinstance(handler, FactHandler):
            raise TypeError(f"the {self._service}'s handler decides no facts")
        return list(handler.handle_fact(fact, now))

    def _decide(self, handler: Handler, record: Record, now: datetime) -> Iterable[Output]:
        at_work = AT_WORK.set((record.topic.name, record.partition, record.offset))
        try:
            if refused := self._suspects.verdict(record):
                raise PoisonRecord(f"Kafka does not take what follows from it: {refused}")
            return list(handler.handle(record, now))
        except PoisonRecord as error:
            reason, kind = str(error), "PoisonRecord"
            log.warning("record.dead_lettered", reason=reason)
        except Exception as error:
            # A defect of ours must not block the partition either; the record is kept, and redriven
            # once the defect is mended.
            reason, kind = f"{type(error).__name__} in the {self._service}", type(error).__name__
            log.exception("record.dead_lettered", reason=reason)
        finally:
            AT_WORK.reset(at_work)
        RECORDS_DEAD_LETTERED.labels(record.topic.name, kind).inc()
        return [
            dead_letter(record, self._dlq, reason, now),
            *_given_up(handler, record, now),
        ]


def _given_up(handler: Handler, record: Record, now: datetime) -> Iterable[Output]:
    """What *handler* says of a record it has given up on; a defect there must not stop the partition."""
    if not isinstance(handler, CaringHandler):
        return ()
    try:
        return [*handler.given_up(record, now)]
    except Exception:
        log.exception("record.given_up_in_silence", topic=record.topic.name, offset=record.offset)
        return ()

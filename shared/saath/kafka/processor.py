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
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol, runtime_checkable

import structlog
from aiokafka import TopicPartition

from saath.errors import PoisonRecord, RetryLater
from saath.kafka.changelog import (
    POSITIONS_KEY,
    positions_output,
    read_positions,
    read_to_end,
    telling,
)
from saath.kafka.inbox import Desk, FactHandler, Inbox
from saath.kafka.inputs import InputReader, Inputs, reading_inputs
from saath.kafka.membership import Tenure
from saath.kafka.records import Output, Record, dead_letter
from saath.kafka.suspects import Suspects
from saath.kafka.timers import Clock, Horizon, TimedHandler, fire
from saath.kafka.transactions import TransactionalWriter, Unwritable
from saath.log import AT_WORK
from saath.metrics import PROCESS_DURATION, RECORD_AGE, RECORDS_CONSUMED, RECORDS_DEAD_LETTERED
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import dlq_topic, state_topic

log = structlog.get_logger()

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
        reading = reading_inputs(
            self._kafka, self._client_id, self._prefix, self._inputs, partition
        )
        async with writer, reading as reader:
            handler = self._make_handler(partition)
            positions = await self._restore(reader, tenure, handler)
            tenure.position = positions[self._inputs.primary.name]
            with self._inbox.opened(partition) as desk:
                tenure.ready.set()
                await self._run(tenure, reader, writer, handler, positions, desk)

    async def _run(
        self,
        tenure: Tenure,
        reader: InputReader,
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
        self, reader: InputReader, tenure: Tenure, handler: Handler
    ) -> dict[str, int]:
        positions: dict[str, int] = {}
        tenure.restored = 0.0

        def apply(key: bytes, value: bytes | None) -> None:
            if key == POSITIONS_KEY:
                positions.update(read_positions(value))
            else:
                handler.restore(key, value)

        changelog = TopicPartition(self._state.full_name(self._prefix), tenure.partition)
        count = await read_to_end(reader.live, changelog, apply, telling(tenure))
        log.info("partition.restored", partition=tenure.partition, records=count)
        return await reader.seek(positions)

    async def _batches(
        self, reader: InputReader, tenure: Tenure, desk: Desk, handler: Handler
    ) -> AsyncGenerator[tuple[list[Record], datetime | None], None]:
        """
        What to decide next: records, facts from inside, and timers up to when they are due.

        Facts do not wait for records.
        """
        horizon = Horizon(reader.live, reader.wheres(), self._clock)
        fetching: asyncio.Task[list[Record]] | None = None
        try:
            while not tenure.stopping.is_set():
                fetching = fetching or asyncio.create_task(reader.next())
                await desk.arrival_or(fetching)
                batch: list[Record] = []
                until: datetime | None = None
                if fetching.done():
                    batch, fetching = fetching.result(), None
                    if isinstance(handler, TimedHandler):
                        until = await horizon.reached(handler.next_due())
                if batch or until or desk.undecided:
                    yield batch, until
        finally:
            if fetching:
                # What it may have read is read again by whoever goes on from the positions.
                fetching.cancel()
                await asyncio.wait([fetching])

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

"""
A replay carried out: read, written and its place kept, each batch in one transaction.

Where it stands is the offsets of a group of its own, committed with what was written; so whoever goes on
after ``kill -9`` begins where the last whole batch ended. The range is fixed when the replay begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from saath.errors import Misconfigured, RetryLater
from saath.kafka.client import admin
from saath.kafka.failures import translated
from saath.kafka.records import Output, Record
from saath.kafka.search import Searcher, Stretch
from saath.kafka.transactions import Fenced, GroupPositions, TransactionalWriter, Unwritable
from saath.replay import (
    Standing,
    Stands,
    Target,
    Terms,
    batch_max,
    left,
    replayed,
    standing,
    wait_seconds,
)
from saath.settings import KafkaSettings, TopicSettings
from saath.slices import Wanted
from saath.topics import Topic

BATCH_BYTES_MAX = 4 * 1024 * 1024
# A filter may pass over a great many records between two that are written.
PASSED_OVER_MAX = 50_000
COORDINATOR_SECONDS_MAX = 30.0

Progress = Callable[[int, int], None]
# Which stretches are meant, asked of the broker.
Range = Callable[[Searcher], Awaitable[Sequence[Stretch]]]


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be replayed, and where to; *partitions* is the target's count."""

    name: str
    terms: Terms
    source: Topic
    target: Target
    partitions: int
    per_second: int | None = None

    @property
    def wanted(self) -> Wanted:
        """Whose records."""
        return Wanted(self.terms.number, self.terms.conversation)


@dataclass(slots=True)
class Report:
    """
    What came of it. ``written`` counts what earlier runs wrote too; *read* is this one's.

    ``offsets`` is how many offsets this run had before it: with fewer records than that, the others
    are ends of transactions, or compaction or retention took what stood there.
    """

    went_on: bool = False
    offsets: int = 0
    read: int = 0
    passed_over: int = 0
    written: int = 0
    first_ms: int | None = None
    last_ms: int | None = None

    def met(self, record: Record) -> None:
        """Count a record that is there."""
        self.read += 1
        at = record.timestamp_ms
        self.first_ms = at if self.first_ms is None else min(self.first_ms, at)
        self.last_ms = at if self.last_ms is None else max(self.last_ms, at)


@dataclass(slots=True)
class _Batch:
    """What is written next, and what has been read with it: by partition, the next offset and how many."""

    outputs: list[Output] = field(default_factory=list)
    read: dict[int, tuple[int, int]] = field(default_factory=dict)
    passed_over: int = 0
    size_bytes: int = 0

    def take(self, record: Record, outputs: Sequence[Output]) -> None:
        self.outputs += outputs
        self.size_bytes += record.size_bytes * len(outputs)
        self.passed_over += not outputs
        _, written = self.read.get(record.partition, (0, 0))
        self.read[record.partition] = record.offset + 1, written + bool(outputs)

    def is_full(self, most: int) -> bool:
        return (
            len(self.outputs) >= most
            or self.size_bytes >= BATCH_BYTES_MAX
            or self.passed_over >= PASSED_OVER_MAX
        )


@dataclass(frozen=True, slots=True)
class Replayer:
    """Carries replays out. Everything raises what ``translated`` raises."""

    kafka: KafkaSettings
    topics: TopicSettings
    client_id: str
    searcher: Searcher

    async def run(self, replay: Replay, range_of: Range, progress: Progress) -> Report:
        """
        Replay what is left of it; what an earlier run has written is not written again.

        *range_of* says what the range is, and is asked only where the replay has not begun.

        Raises:
            Misconfigured: the name stands for a replay on other terms.
            RetryLater: Kafka did not take it, or somebody else carries out this replay.
        """
        service = f"replay.{replay.name}"
        with translated(self.kafka):
            writer = TransactionalWriter(self.kafka, self.client_id, self.topics.prefix, service, 0)
            async with writer:
                # Only now: whoever had it before is shut out, and what it had open is decided.
                stands = await self._stands(replay)
                report = Report(went_on=bool(stands))
                if not stands:
                    stands = _beginning(replay, await range_of(self.searcher))
                    await self._commit(writer, replay, (), stands)
                await _Run(self, replay, writer, stands, report).carry(progress)
        report.written = sum(at.standing.written for at in stands.values())
        return report

    async def _stands(self, replay: Replay) -> dict[int, Stands]:
        name = replay.source.full_name(self.topics.prefix)
        found = await _group_offsets(self.kafka, self.client_id, self._group(replay.name))
        known = {where: standing(at.metadata) for where, at in found.items()}
        told = {where: said for where, said in known.items() if said is not None}
        if any(said.terms != replay.terms.digest() for said in told.values()):
            raise Misconfigured(
                f"the replay {replay.name} was begun on other terms (topic, target, range or filter). "
                "Say the same as then and it goes on, or give this one a --name of its own"
            )
        return {
            where.partition: Stands(found[where].offset, said)
            for where, said in told.items()
            if where.topic == name
        }

    def _group(self, name: str) -> str:
        return f"{self.topics.prefix}replay.{name}"

    async def _commit(
        self,
        writer: TransactionalWriter,
        replay: Replay,
        outputs: Sequence[Output],
        moved: Mapping[int, Stands],
    ) -> None:
        if not moved:
            return
        name = replay.source.full_name(self.topics.prefix)
        offsets = {(name, p): (at.offset, at.standing.model_dump_json()) for p, at in moved.items()}
        try:
            await writer.write(outputs, GroupPositions(self._group(replay.name), offsets))
        except Unwritable as error:
            raise RetryLater(
                f"{replay.target.name} does not take a record ({error}): raise its max.message.bytes"
            ) from error
        except Fenced as error:
            raise RetryLater(f"somebody else carries out the replay {replay.name}") from error


@dataclass(slots=True)
class _Run:
    """What is left of a replay, on its way. ``stands`` is kept up to date."""

    by: Replayer
    replay: Replay
    writer: TransactionalWriter
    stands: dict[int, Stands]
    report: Report
    begun_at: float = 0.0
    written: int = 0

    async def carry(self, progress: Progress) -> None:
        unread = left(self.stands)
        stretches = [
            Stretch(self.replay.source, p, at.offset, at.standing.end) for p, at in unread.items()
        ]
        self.report.offsets = sum(s.end - s.start for s in stretches)
        self.begun_at = asyncio.get_running_loop().time()
        batch, most = _Batch(), batch_max(self.replay.per_second)
        async with aclosing(self.by.searcher.records(stretches, progress)) as records:
            async for record in records:
                self.report.met(record)
                batch.take(record, self._outputs(record))
                if batch.is_full(most):
                    await self._write(batch, batch.read)
                    batch = _Batch()
        # What follows the last record of a stretch, such as a transaction's end, is read too.
        ends = {p: (at.standing.end, batch.read.get(p, (0, 0))[1]) for p, at in unread.items()}
        await self._write(batch, ends)

    def _outputs(self, record: Record) -> list[Output]:
        replay = self.replay
        if not replay.wanted(record):
            return []
        return replayed(record, replay.target, replay.partitions, replay.name)

    async def _write(self, batch: _Batch, read: Mapping[int, tuple[int, int]]) -> None:
        moved = {p: self.stands[p].after(offset, n) for p, (offset, n) in read.items()}
        await self.by._commit(self.writer, self.replay, batch.outputs, moved)  # noqa: SLF001 # ours
        self.stands |= moved
        self.report.passed_over += batch.passed_over
        self.written += len(batch.outputs)
        since = asyncio.get_running_loop().time() - self.begun_at
        await asyncio.sleep(wait_seconds(self.written, since, self.replay.per_second))


def _beginning(replay: Replay, stretches: Iterable[Stretch]) -> dict[int, Stands]:
    terms = replay.terms.digest()
    return {
        s.partition: Stands(s.start, Standing(terms=terms, start=s.start, end=s.end))
        for s in stretches
    }


async def _group_offsets(
    kafka: KafkaSettings, client_id: str, group: str
) -> dict[TopicPartition, OffsetAndMetadata]:
    client: AIOKafkaAdminClient = admin(kafka, client_id)
    try:
        await client.start()
        # The first group on a broker waits for the topic of all groups to be made.
        async with asyncio.timeout(COORDINATOR_SECONDS_MAX):
            found = await _asked(client, group)
    except (KafkaError, TimeoutError) as error:
        raise RetryLater(f"where it stands cannot be read: {type(error).__name__}") from error
    finally:
        await client.close()
    return {where: at for where, at in found.items() if at.offset >= 0}


async def _asked(
    client: AIOKafkaAdminClient, group: str
) -> dict[TopicPartition, OffsetAndMetadata]:
    while True:
        try:
            found: dict[TopicPartition, OffsetAndMetadata]
            found = await client.list_consumer_group_offsets(group)
            return found
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(0.2)

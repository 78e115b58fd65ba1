"""Topics read once more by hand of a person: a stretch of time, up to their present end."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from saath.errors import RetryLater
from saath.kafka.client import reading
from saath.kafka.failures import translated
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings
from saath.topics import Topic

POLL_MS = 100
QUIET_POLLS_MAX = 300  # 30 s; aiokafka itself looks for a broker for ever
RECORDS_MAX = 2000
# A broker answers a connection's questions one by one: at the end of a partition the next one would
# stand behind a fetch that waits half a second for records that nobody wants.
FETCH_WAIT_MS = 10
# Of each partition one answer waits in memory while the last is read: with all of them it adds up.
FETCH_BYTES_MAX = 1024 * 1024

# How many of how many records have been read.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The records of one partition at offsets from ``start`` to before ``end``."""

    topic: Topic
    partition: int
    start: int
    end: int


class Searcher:
    """Reads stretches of topics, many partitions at once; of no group, and commits nothing."""

    def __init__(self, reader: AIOKafkaConsumer, prefix: str) -> None:
        self._reader, self._prefix = reader, prefix

    async def stretches(
        self,
        partitions: Iterable[tuple[Topic, int]],
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[Stretch]:
        """What stands on *partitions* from *since* to *before*, by when it was put down."""
        wheres = {TopicPartition(t.full_name(self._prefix), p): t for t, p in partitions}
        starts = await self._reader.beginning_offsets([*wheres])
        ends = await self._reader.end_offsets([*wheres])
        if since is not None:
            starts |= await self._at(since, ends)
        if before is not None:
            ends |= await self._at(before, ends)
        return [
            Stretch(topic, where.partition, starts[where], ends[where])
            for where, topic in wheres.items()
            if starts[where] < ends[where]
        ]

    async def records(
        self, stretches: Sequence[Stretch], progress: Progress = lambda _read, _of: None
    ) -> AsyncGenerator[Record, None]:
        """
        The records of *stretches*, each partition's in order.

        Raises:
            RetryLater: the broker has stopped answering.
        """
        unread = {
            TopicPartition(s.topic.full_name(self._prefix), s.partition): s for s in stretches
        }
        total, done, quiet = sum(s.end - s.start for s in stretches), 0, 0
        self._reader.assign([*unread])
        for where, stretch in unread.items():
            self._reader.seek(where, stretch.start)
        while unread:
            progress(done + await self._read_of(unread), total)
            found = await self._reader.getmany(*unread, timeout_ms=POLL_MS, max_records=RECORDS_MAX)
            quiet = 0 if found else quiet + 1
            if quiet > QUIET_POLLS_MAX:
                raise RetryLater("Kafka has stopped answering")
            for where, raws in found.items():
                for raw in raws:
                    if raw.offset < unread[where].end:
                        yield from_aiokafka(unread[where].topic, raw)
            for where, stretch in list(unread.items()):
                if await self._reader.position(where) >= stretch.end:
                    done += stretch.end - stretch.start
                    self._reader.pause(where)
                    del unread[where]
        progress(total, total)

    async def _read_of(self, unread: dict[TopicPartition, Stretch]) -> int:
        return sum([await self._reader.position(w) - s.start for w, s in unread.items()])

    async def _at(
        self, moment: datetime, ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """Where what was put down at *moment* or later begins; the end where there is none."""
        # Kafka knows no time before 1970.
        asked = dict.fromkeys(ends, max(0, int(moment.timestamp() * 1000)))
        found = await self._reader.offsets_for_times(asked)
        return {
            where: min(found[where].offset, end) if found.get(where) else end
            for where, end in ends.items()
        }


@asynccontextmanager
async def searching(kafka: KafkaSettings, client_id: str, prefix: str) -> AsyncIterator[Searcher]:
    """
    A searcher, closed again however it goes.

    Raises:
        RetryLater: the broker is not there.
        Misconfigured: a topic is not there, or may not be read by us.
    """
    with translated(kafka):
        limits = {
            "fetch_max_wait_ms": FETCH_WAIT_MS,
            "max_partition_fetch_bytes": FETCH_BYTES_MAX,
        }
        async with reading(kafka, client_id, **limits) as reader:
            yield Searcher(reader, prefix)


async def one_by_one(
    searcher: Searcher, stretches: Sequence[Stretch], progress: Progress
) -> AsyncGenerator[Record, None]:
    """The records of *stretches*, one stretch after the other: the same order every time."""
    total, before = sum(s.end - s.start for s in stretches), 0
    for stretch in stretches:

        def told(read: int, _of: int, before: int = before) -> None:
            progress(before + read, total)

        async with aclosing(searcher.records([stretch], told)) as records:
            async for record in records:
                yield record
        before += stretch.end - stretch.start

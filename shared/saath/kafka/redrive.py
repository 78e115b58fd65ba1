"""Dead-letter topics read, and what is on them written again, by hand of a person."""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from saath.errors import Misconfigured, PoisonRecord, RetryLater
from saath.kafka.client import reading
from saath.kafka.failures import translated
from saath.kafka.layout import Layout
from saath.kafka.letters import Letter, Slip, again, body, letters, marker, original, slip
from saath.kafka.records import Output, Record, from_aiokafka
from saath.kafka.transactions import Fenced, TransactionalWriter, Unwritable
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import dlq_topic

POLL_MS = 100
QUIET_POLLS_MAX = 300  # 30 s; aiokafka itself looks for a broker for ever

# A webhook's body and its letter, to the records that ingest makes of it now.
ReadBody = Callable[[bytes, Letter, Layout], Sequence[Output]]


@dataclass(frozen=True, slots=True)
class Redriven:
    """A letter that was written again: how many records that made, and where the first one stands."""

    letter: Letter
    records: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of one service. All methods raise what ``translated`` raises."""

    kafka: KafkaSettings
    topics: TopicSettings
    client_id: str
    layout: Layout
    service: str

    async def all(self, partition: int | None = None) -> list[Letter]:
        """The letters that are there now, of one partition or of all; values are not kept."""
        slips: list[Slip] = []
        async with self._reading() as reader:
            async for record in self._records(reader, self._partitions(partition)):
                slips.append(slip(record))  # noqa: PERF401 # the rule knows no async comprehension
        return letters(self.service, slips)

    async def find(self, partition: int, offset: int) -> Letter | None:
        """The letter that stands at *offset*, or has a part there."""
        found = await self.all(partition)
        return next((letter for letter in found if offset in letter.copies), None)

    async def records(self, letter: Letter) -> list[Record]:
        """The records of *letter*, in the order of its parts, with what they say."""
        first, last = min(letter.offsets), max(letter.offsets)
        found: dict[int, Record] = {}
        async with self._reading() as reader:
            [where] = self._partitions(letter.partition)
            async for record in self._records(reader, [where], first, last + 1):
                if record.offset in letter.offsets:
                    found[record.offset] = record
        return [found[offset] for offset in letter.offsets if offset in found]

    def place(self, partition: int, offset: int) -> str:
        """How a letter's place is written."""
        return f"{dlq_topic(self.service).name}/{partition}/{offset}"

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AIOKafkaConsumer, None]:
        with translated(self.kafka):
            async with reading(self.kafka, self.client_id) as reader:
                yield reader

    def _partitions(self, partition: int | None) -> list[TopicPartition]:
        topic = dlq_topic(self.service)
        name, count = topic.full_name(self.topics.prefix), self.layout.of(topic)
        if partition is not None and partition >= count:
            raise Misconfigured(f"{name} has no partition {partition}, but 0 to {count - 1}")
        return [TopicPartition(name, p) for p in range(count) if partition in (None, p)]

    async def _records(
        self,
        reader: AIOKafkaConsumer,
        partitions: Sequence[TopicPartition],
        start: int = 0,
        before: int | None = None,
    ) -> AsyncGenerator[Record, None]:
        """What stands on *partitions* now, or the stretch of it that is asked for."""
        reader.assign(partitions)
        beginnings = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
        topic = dlq_topic(self.service)
        unread = dict[TopicPartition, int]()
        for where in partitions:
            reader.seek(where, max(start, beginnings[where]))
            end = ends[where] if before is None else min(before, ends[where])
            if max(start, beginnings[where]) < end:
                unread[where] = end
        quiet = 0
        while unread:
            found = await reader.getmany(*unread, timeout_ms=POLL_MS, max_records=200)
            quiet = 0 if found else quiet + 1
            if quiet > QUIET_POLLS_MAX:
                raise RetryLater("Kafka has stopped answering")
            for where, raws in found.items():
                for raw in raws:
                    if raw.offset < unread[where]:
                        yield from_aiokafka(topic, raw)
            for where in list(unread):
                if await reader.position(where) >= unread[where]:
                    del unread[where]


@dataclass(frozen=True, slots=True)
class Redriver:
    """Writes letters of one service again."""

    letters: DeadLetters
    read_body: ReadBody
    now: Callable[[], datetime]

    async def redrive(
        self,
        partition: int,
        offsets: Iterable[int],
        tell: Callable[[Redriven | PoisonRecord], None],
        *,
        act: bool,
        repeat: bool = False,
    ) -> None:
        """
        Write letters of one partition again, and *tell* of each where it went or why it cannot go.

        Each is one transaction with its marker, by a writer that shuts out whoever else does the same;
        only then is it looked up what was written again before. So nothing is written twice unasked.

        Raises:
            RetryLater: Kafka did not take it, or somebody else is writing these letters again.
        """
        waiting = deque(dict.fromkeys(offsets))
        while waiting:
            with translated(self.letters.kafka):
                async with self._writer(partition) as writer:
                    there = await self.letters.all(partition)
                    usable = True
                    while waiting and usable:
                        offset = waiting.popleft()
                        try:
                            letter = _due(there, offset, repeat=repeat)
                            outputs = await self._outputs(letter, act=act)
                            # After an error of Kafka's the writer is spent.
                            usable = False
                            tell(await self._write(writer, letter, outputs, act=act))
                            usable = True
                        except PoisonRecord as error:
                            tell(PoisonRecord(f"{self.letters.place(partition, offset)}: {error}"))

    def _writer(self, partition: int) -> TransactionalWriter:
        at = self.letters
        # Not the service's own id: that would shut the service out.
        return TransactionalWriter(
            at.kafka, at.client_id, at.topics.prefix, f"dlq.{at.service}", partition
        )

    async def _outputs(self, letter: Letter, *, act: bool) -> list[Output]:
        records = await self.letters.records(letter)
        if not letter.complete or len(records) != len(letter.offsets):
            there = f"{len(records)} of its {max(1, letter.parts)} parts are there"
            raise PoisonRecord(f"only {there}")
        made = (
            self.read_body(body(records), letter, self.letters.layout)
            if letter.divided
            else [original(records[0], self.letters.layout)]
        )
        return [again(output, letter, act=act) for output in made]

    async def _write(
        self, writer: TransactionalWriter, letter: Letter, outputs: list[Output], *, act: bool
    ) -> Redriven:
        mark = marker(letter, self.now().isoformat(timespec="seconds"), act=act)
        try:
            offsets = await writer.write([*outputs, mark])
        except Unwritable as error:
            raise PoisonRecord(
                f"{outputs[0].topic.name} does not take it ({error}): see its max.message.bytes"
            ) from error
        except Fenced as error:
            raise RetryLater("somebody else is redriving this partition's letters") from error
        first = outputs[0]
        return Redriven(letter, len(outputs), first.topic.name, first.partition, offsets[0])


def _due(there: Sequence[Letter], offset: int, *, repeat: bool) -> Letter:
    letter = next((letter for letter in there if offset in letter.copies), None)
    if letter is None:
        raise PoisonRecord("there is no dead letter")
    if letter.redriven_at and not repeat:
        raise PoisonRecord(f"redriven at {letter.redriven_at}; to do it again, say --again")
    return letter

"""
One partition, from being given to being taken away.

The order matters: a new writer shuts the old owner out; the ledger says what it had in its hands;
the fence and the people's requests are read to their ends; its last lease runs out; only then may
something leave.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog

from saath.graph import GraphClient
from saath.kafka.membership import Tenure, wait
from saath.kafka.partition_reader import PartitionReader
from saath.kafka.records import Output
from saath.kafka.transactions import Fenced, TransactionalWriter
from saath.settings import KafkaSettings
from saath.topics import OUTBOUND
from saath_sender.books import STATE
from saath_sender.choose import Chooser
from saath_sender.clock import boot_seconds, read_clock
from saath_sender.dispatch import Dispatcher, TokenOf
from saath_sender.fencing import FenceReader
from saath_sender.gauges import Gauges
from saath_sender.handler import SenderHandler
from saath_sender.handover import wait_for_release
from saath_sender.installation import Installation
from saath_sender.intake import Intake
from saath_sender.jobs import Job

log = structlog.get_logger()

# Whatever left in the old owner's last second counts for the cap, and we do not know of it.
CAP_WINDOW_SECONDS = 1.0
# Straight after another, a transaction waits 20 ms for the broker; and campaigns' outcomes can
# wait a little to share one.
PAUSE_SECONDS = 0.01
GATHER_SECONDS = 0.1
LOOK_AGAIN_SECONDS = 0.05
POSITIONS_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What every partition uses of the world."""

    kafka: KafkaSettings
    prefix: str
    client_id: str
    graph: GraphClient
    token_of: TokenOf
    gauges: Gauges
    # Whose turn it is to rest from reading.
    resting: asyncio.Lock = field(default_factory=asyncio.Lock)


class PartitionRun:
    """Runs the sender over one partition after the other that it is given."""

    def __init__(self, installation: Installation, outside: Outside) -> None:
        self._installation, self._outside = installation, outside

    async def __call__(self, tenure: Tenure) -> None:
        """
        Own one partition until told to stop.

        Raises:
            Fenced: another owner has it.
            RetryLater: Kafka did not answer or not take it; start again.
        """
        outside, partition = self._outside, tenure.partition
        writer = TransactionalWriter(
            outside.kafka, outside.client_id, outside.prefix, "sender", partition
        )
        readers = [self._reader(name, partition) for name in ("out", "again", "fence", "ask")]
        async with AsyncExitStack() as stack:
            for reader in readers:
                await stack.enter_async_context(reader)
            seconds = self._installation.rules.handover_seconds
            if not await wait_for_release(readers[0], seconds, tenure.stopping):
                log.info("partition.not_released", partition=partition)
            await stack.enter_async_context(writer)
            fenced_at = boot_seconds()
            handler = SenderHandler(self._installation, partition)
            outside.gauges.books.add(handler.books)
            stack.callback(outside.gauges.books.discard, handler.books)
            desk = Desk(handler, writer, readers, outside, tenure)
            opens_at = await desk.restore(fenced_at)
            log.info("partition.restored", partition=partition)
            try:
                await desk.work(opens_at)
            except BaseExceptionGroup as group:
                raise _first(group) from None

    def _reader(self, name: str, partition: int) -> PartitionReader:
        client_id = f"{self._outside.client_id}-{name}"
        return PartitionReader(self._outside.kafka, client_id, self._outside.prefix, partition)


class Desk:
    """The tasks of one partition, and the transaction that they share."""

    def __init__(
        self,
        handler: SenderHandler,
        writer: TransactionalWriter,
        readers: Sequence[PartitionReader],
        outside: Outside,
        tenure: Tenure,
    ) -> None:
        out, again, fence, self._asker = readers
        self._handler, self._books = handler, handler.books
        self._writer, self._out, self._tenure = writer, out, tenure
        self._chooser = Chooser(handler, random.random)
        self._dispatcher = Dispatcher(handler, self._chooser, outside.graph, outside.token_of)
        self._intake = Intake(handler, out, again, self._requests_changed, resting=outside.resting)
        self._fence = FenceReader(
            handler,
            fence,
            self._asker,
            requests=out,
            needed=lambda: self._chooser.waiting,
            changed=self._facts_changed,
        )
        self._changed = self._dispatcher.answered
        # Nothing is in anybody's hands: the last owner left a clean desk, or there was none.
        self._clean = False

    async def restore(self, fenced_at: float) -> float:
        """Read back what the last owner left; return when something may leave again."""
        rules = self._handler.at.rules
        used = await self._out.restore(STATE, self._books.restore)
        self._books.restored()
        self._clean = self._books.released or not used
        await self._fence.restore()
        await self._intake.seek()
        if not used:
            self._books.say_lease(rules.lease_seconds)
            return fenced_at
        # The old owner may have gone by a longer lease than we do.
        lasts = max(rules.lease_seconds, self._books.lease_seconds)
        self._books.say_lease(rules.lease_seconds)
        lease = 0.0 if self._books.released else lasts
        return fenced_at + lease + CAP_WINDOW_SECONDS + rules.cap_margin_seconds

    async def work(self, opens_at: float) -> None:
        """Run until the tenure ends; then let what is under way land, and leave a clean desk."""
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fence.follow(done))
            group.create_task(self._fence.keep_fresh(done))
            group.create_task(self._end_of_tenure())
            if await self._until(self._fence.opened):
                group.create_task(self._intake.follow(done))
                group.create_task(self._intake.catch_up(done))
                group.create_task(self._intake.look_how_far(self._asker, done))
                group.create_task(self._transact(done))
                await self._send(opens_at)
            done.set()
            self._changed.ring()
        await self._release()

    async def _send(self, opens_at: float) -> None:
        stopping = self._tenure.stopping
        if await self._until(self._intake.people_read):
            self._tenure.ready.set()
            await wait(stopping, max(0.0, opens_at - boot_seconds()))
            self._handler.open = not stopping.is_set()
            # From now on we know of everything that may leave, and nothing does after our last word.
            self._clean = self._clean or self._handler.open
            self._facts_changed()
            await self._dispatcher(stopping)

    async def _transact(self, done: asyncio.Event) -> None:
        """One transaction after another, with all that has gathered since the last."""
        begun: list[Job] = []
        written_at, positions = 0.0, dict(self._books.positions)
        while not done.is_set():
            busy = self._chooser.waiting or self._books.pending
            await self._changed.wait(LOOK_AGAIN_SECONDS if busy else 1.0)
            now = read_clock()
            self._handler.doubts.settle(now)
            begun.extend(self._chooser.begin(now))
            since = now.boot - written_at
            moved = self._books.positions != positions and since > POSITIONS_EVERY_SECONDS
            soon = self._books.urgent or since > GATHER_SECONDS
            if moved or (self._books.pending and soon):
                await self._write(begun)
                begun, positions = [], dict(self._books.positions)
                written_at = boot_seconds()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _write(self, begun: Sequence[Job], *more: Output) -> None:
        outputs, last_outcomes = self._books.take()
        before = boot_seconds()
        written = await self._writer.write([*outputs, *more])
        self._chooser.committed(begun, before)
        for index, origin in last_outcomes.items():
            self._handler.fence.person_answered(origin, written[index])
        self._tenure.position = self._books.positions.get(OUTBOUND.name)
        self._dispatcher.wake.ring()

    async def _release(self) -> None:
        """Nothing of ours can leave any more: say so, and the next owner need not wait for it."""
        now = read_clock()
        self._chooser.hand_back(now)
        # Who has not opened cannot speak for an owner that died before it, whose lease may still run.
        word = [self._books.release(now.wall)] if self._clean else []
        await self._write([], *word)
        log.info("partition.released", partition=self._tenure.partition)

    async def _until(self, event: asyncio.Event) -> bool:
        """Wait for *event*; false when the tenure ends before it."""
        while not (event.is_set() or self._tenure.stopping.is_set()):
            await wait(event, 60.0, self._tenure.stopping)
        return not self._tenure.stopping.is_set()

    async def _end_of_tenure(self) -> None:
        await self._tenure.stopping.wait()
        self._dispatcher.wake.ring()

    def _facts_changed(self) -> None:
        self._changed.ring()
        self._dispatcher.wake.ring()

    def _requests_changed(self) -> None:
        self._fence.wanted.set()
        self._facts_changed()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What the tasks failed with: being fenced before all else, for then nothing else matters."""
    errors = [_first(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    return next((error for error in errors if isinstance(error, Fenced)), errors[0])

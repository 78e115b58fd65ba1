"""
Which partitions are ours: membership in a consumer group, and a task for each partition we own.

The group's consumer reads nothing; it is there to be given partitions. Each partition's task has its
own consumer and its own transactional producer, and that producer is what makes ownership safe: a
task that lost its partition without knowing is fenced by the next owner's start.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from saath.errors import RetryLater
from saath.kafka.client import reading
from saath.kafka.transactions import Fenced
from saath.metrics import PARTITIONS_ASSIGNED, REBALANCES
from saath.settings import KafkaSettings

log = structlog.get_logger()

# aiokafka thinks a consumer is stuck that is not polled, so it is, though it never reads.
POLL_MS = 500
# Offsets in the group are for lag graphs and people; the true ones are in the changelog.
COMMIT_EVERY_SECONDS = 5.0
COMMIT_TIMEOUT_SECONDS = 2.0
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True)
class Tenure:
    """
    One task's time as the owner of *partition*: when to stop, and how far it has got.

    ``restored`` is how much of its state is back, between 0 and 1.
    """

    partition: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    restored: float = 0.0
    position: int | None = None


RunPartition = Callable[[Tenure], Awaitable[None]]


@dataclass(slots=True)
class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """Callbacks that only signal: aiokafka sends no heartbeat inside them and swallows errors."""

    generation: int = 0
    partitions: frozenset[int] = frozenset()
    # Since which generation each partition has been ours without a break.
    since: dict[int, int] = field(default_factory=dict)
    under_way: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        # Nothing to end yet: most come back, and what does not is fenced by its next owner.
        self.under_way = True

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.under_way = False
        self.generation += 1
        self.partitions = frozenset(tp.partition for tp in assigned)
        self.since = {p: self.since.get(p, self.generation) for p in self.partitions}
        self.changed.set()


@dataclass(slots=True)
class _Running:
    tenure: Tenure
    generation: int
    task: "asyncio.Task[None]"


class Membership:
    """
    Runs *run_partition* for every partition of *topic* that the group gives us.

    ``ready`` is true once partitions were given and each of them has said it is ready.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        client_id: str,
        group: str,
        topic: str,
        run_partition: RunPartition,
    ) -> None:
        self._kafka, self._client_id, self._group, self._topic = kafka, client_id, group, topic
        self._run_partition = run_partition
        self._running: dict[int, _Running] = {}
        self._assigned = _Assignment()
        self._failure: BaseException | None = None
        self._rejoin = False

    def problem(self) -> str | None:
        """Why not all of our partitions are served yet; ``None`` when they are."""
        if not self._assigned.generation:
            return "no partitions assigned yet"
        waiting = {p: self._restored(p) for p in self._assigned.partitions}
        left = [(share, p) for p, share in waiting.items() if share is not None]
        if not left:
            return None
        share, partition = min(left)
        others = f", and {len(left) - 1} others are not ready" if len(left) > 1 else ""
        return f"partition {partition}: {100 * share:.0f} % of its state is restored{others}"

    def _restored(self, partition: int) -> float | None:
        """How much of a partition's state is back; ``None`` once it is served."""
        running = self._running.get(partition)
        if running is None:
            return 0.0
        return None if running.tenure.ready.is_set() else running.tenure.restored

    async def __call__(self, stopping: asyncio.Event) -> None:
        """
        Be a member until *stopping*; then end every partition's task, and only then leave.

        Raises:
            Exception: a task failed with something that trying again cannot mend.
        """
        try:
            while not stopping.is_set():
                await self._be_member(stopping)
        except asyncio.CancelledError:
            # Nobody may take any longer than we were given.
            for running in self._running.values():
                running.task.cancel()
            raise
        finally:
            await self._stop(list(self._running))

    async def _be_member(self, stopping: asyncio.Event) -> None:
        self._rejoin, self._assigned = False, _Assignment()
        try:
            async with reading(
                self._kafka,
                self._client_id,
                group_id=self._group,
                session_timeout_ms=self._kafka.session_timeout_ms,
                heartbeat_interval_ms=self._kafka.heartbeat_interval_ms,
                max_poll_interval_ms=self._kafka.max_poll_interval_ms,
            ) as group:
                group.subscribe([self._topic], listener=self._assigned)
                await self._follow(group, stopping)
                await self._stop(list(self._running))
        except KafkaError as error:
            log.warning("group.lost", error=type(error).__name__, retry_in_seconds=1)
            await self._stop(list(self._running))
            await wait(stopping, 1.0)

    async def _follow(self, group: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        commit_at = loop.time() + COMMIT_EVERY_SECONDS
        poll = asyncio.create_task(self._poll(group))
        try:
            while not (stopping.is_set() or self._rejoin):
                await wait(self._assigned.changed, 0.2, stopping)
                if self._assigned.changed.is_set():
                    self._assigned.changed.clear()
                    await self._take(group)
                if self._failure is not None:
                    raise self._failure
                if poll.done():
                    poll.result()
                if loop.time() >= commit_at:
                    commit_at = loop.time() + COMMIT_EVERY_SECONDS
                    await self._commit(group)
        finally:
            poll.cancel()
            with contextlib.suppress(asyncio.CancelledError, KafkaError):
                await poll

    async def _poll(self, group: AIOKafkaConsumer) -> None:
        while True:
            for partition in group.assignment() - group.paused():
                group.pause(partition)
            await group.getmany(timeout_ms=POLL_MS)
            await asyncio.sleep(POLL_MS / 1000)

    async def _take(self, group: AIOKafkaConsumer) -> None:
        ours = self._assigned.partitions
        REBALANCES.inc()
        PARTITIONS_ASSIGNED.set(len(ours))
        log.info("partitions.assigned", partitions=sorted(ours))
        since = self._assigned.since
        await self._stop(
            [p for p, r in self._running.items() if p not in ours or since[p] > r.generation]
        )
        if self._assigned.changed.is_set() or self._assigned.under_way:
            return  # What was ours may be another's since, and to start it would fence that one.
        for partition in sorted(ours - set(self._running)):
            self._start(partition)

    def _start(self, partition: int) -> None:
        tenure = Tenure(partition)
        task = asyncio.create_task(self._serve(tenure), name=f"partition-{partition}")
        self._running[partition] = _Running(tenure, self._assigned.generation, task)

    async def _serve(self, tenure: Tenure) -> None:
        """Run one partition; try again after what may mend itself; tell of everything else."""
        failures = 0
        while not tenure.stopping.is_set():
            started = asyncio.get_running_loop().time()
            try:
                return await self._run_partition(tenure)
            except Fenced as error:
                return self._fenced(tenure.partition, str(error))
            except (RetryLater, KafkaError) as error:
                long_ago = asyncio.get_running_loop().time() - started > 60
                failures = 1 if long_ago else failures + 1
                delay = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
                log.warning(
                    "partition.interrupted",
                    partition=tenure.partition,
                    error=str(error) or type(error).__name__,
                    retry_in_seconds=delay,
                )
                tenure.ready.clear()
                await wait(tenure.stopping, delay)
            except Exception as error:
                # The process goes down with it: half a service is harder to notice than none.
                log.exception("partition.failed", partition=tenure.partition)
                self._failure = error
                return None
        return None

    def _fenced(self, partition: int, reason: str) -> None:
        """
        Never initialise again without a new assignment: wait for the one under way, or ask for one.

        Whoever fenced us was given the partition, and the group gives nothing anew before we have
        been told to let go; unless it took us for dead, and then we must come back to it.
        """
        running = self._running.pop(partition, None)
        log.warning("partition.fenced", partition=partition, reason=reason)
        given = self._assigned
        if running is None or given.under_way or partition not in given.partitions:
            return
        if given.since[partition] > running.generation:
            given.changed.set()
        else:
            self._rejoin = True

    async def _stop(self, partitions: Iterable[int]) -> None:
        ending = [self._running.pop(p) for p in partitions if p in self._running]
        for running in ending:
            running.tenure.stopping.set()
        try:
            for running in ending:
                await asyncio.wait([running.task])
        except asyncio.CancelledError:
            # Our time is up. What is cancelled now still closes its clients, within bounds.
            for running in ending:
                running.task.cancel()
            await asyncio.wait([running.task for running in ending])
            raise

    async def _commit(self, group: AIOKafkaConsumer) -> None:
        offsets = {
            TopicPartition(self._topic, p): running.tenure.position
            for p, running in self._running.items()
            if running.tenure.position is not None
        }
        if not offsets:
            return
        try:
            # Without a coordinator aiokafka would try for ever, and nobody would hear SIGTERM.
            async with asyncio.timeout(COMMIT_TIMEOUT_SECONDS):
                await group.commit(offsets)
        except (TimeoutError, KafkaError) as error:
            log.info("lag.not_reported", error=type(error).__name__)


async def wait(event: asyncio.Event, seconds: float, *others: asyncio.Event) -> None:
    """Wait until one of the events is set, at most this long."""
    waiters = [asyncio.ensure_future(e.wait()) for e in (event, *others)]
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()

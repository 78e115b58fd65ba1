"""
An ordinary member of a consumer group, for bots and subscribers.

They keep no state of their own, so they need nothing of the partition loop: what was not committed is
read again, by them or by the next owner.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from saath.errors import Misconfigured
from saath.kafka.client import close, consumer
from saath.kafka.failures import meaning, translated
from saath.kafka.records import Record, from_aiokafka
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import Topic

log = structlog.get_logger()

# The longest a reader waits for a first record, and so the longest that a wish to stop, a lost
# partition or a freed place goes unnoticed.
POLL_MS = 200
REBALANCE_LOOK_SECONDS = 1.0
COMMIT_SECONDS_MAX = 5.0
ASSIGN_SECONDS_MAX = 30.0


@dataclass(slots=True)
class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """Callbacks that only signal: aiokafka sends no heartbeat inside them and swallows errors."""

    partitions: frozenset[int] | None = None

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        # All are revoked in every rebalance and most come back: only what does not is lost.
        pass

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.partitions = frozenset(tp.partition for tp in assigned)


@dataclass
class GroupReader:
    """
    Reads the committed records of *topic*; commits what it is told is finished.

    Without a *group* it reads every partition, from the beginning or from now on, and commits
    nothing. Use it as an async context manager. Its methods raise what ``translated`` raises.
    """

    kafka: KafkaSettings
    topics: TopicSettings
    client_id: str
    topic: Topic
    group: str | None
    from_beginning: bool = True
    _assignment: _Assignment = field(default_factory=_Assignment, init=False)
    _consumer: AIOKafkaConsumer = field(init=False)

    async def __aenter__(self) -> "GroupReader":
        self._consumer = consumer(
            self.kafka,
            self.client_id,
            group_id=self.group,
            auto_offset_reset="earliest" if self.from_beginning else "latest",
            session_timeout_ms=self.kafka.session_timeout_ms,
            heartbeat_interval_ms=self.kafka.heartbeat_interval_ms,
            max_poll_interval_ms=self.kafka.max_poll_interval_ms,
        )
        try:
            with translated(self.kafka):
                await self._consumer.start()
                await self._join(self.topic.full_name(self.topics.prefix))
        except BaseException:
            await close(self._consumer)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self._consumer)

    async def _join(self, topic: str) -> None:
        # Without this look a group member would wait for ever, without a word, for a missing topic.
        if topic not in await self._consumer.topics():
            raise Misconfigured(
                f"topic {topic} is not there, or not for us to read: run `saath topics apply`, or "
                "see SAATH_TOPICS__PREFIX and Kafka's ACLs"
            )
        self._consumer.subscribe([topic], listener=self._assignment)
        if self.group is not None:
            return
        async with asyncio.timeout(ASSIGN_SECONDS_MAX):
            while not self._consumer.assignment():  # noqa: ASYNC110 # aiokafka has no event for it
                await asyncio.sleep(0.01)
        for partition in self._consumer.assignment():
            # "From now on" begins here, not at the first reading.
            await self._consumer.position(partition)

    @property
    def assigned(self) -> frozenset[int] | None:
        """The partitions that are ours; ``None`` until the group has given us any."""
        if self.group is None:
            return frozenset(tp.partition for tp in self._consumer.assignment())
        return self._assignment.partitions

    async def read(self, room: int) -> list[Record]:
        """
        Up to *room* records, after waiting a moment for the first of them.

        It must be called with no room too: aiokafka leaves the group when nobody polls.
        """
        partitions = self._consumer.assignment()
        if room > 0:
            self._consumer.resume(*partitions)
        else:
            self._consumer.pause(*partitions)
        try:
            # aiokafka waits for the end of a rebalance whatever timeout it was given.
            async with asyncio.timeout(REBALANCE_LOOK_SECONDS):
                found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=max(room, 1))
        except TimeoutError:
            return []
        except KafkaError as error:
            raise meaning(error, self.kafka) from error
        ours = self.assigned or frozenset()
        return [
            from_aiokafka(self.topic, raw)
            for partition, records in found.items()
            if partition.partition in ours
            for raw in records
        ]

    async def commit(self, positions: Mapping[int, int]) -> bool:
        """Commit the next offset of each partition; false where it must be tried again later."""
        name = self.topic.full_name(self.topics.prefix)
        offsets = {TopicPartition(name, p): offset for p, offset in positions.items()}
        if self.group is None or not offsets:
            return True
        try:
            # aiokafka looks for the coordinator for as long as there is none.
            async with asyncio.timeout(COMMIT_SECONDS_MAX):
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            return False  # a rebalance is under way, or a partition has just gone
        except (KafkaError, TimeoutError) as error:
            log.warning("offsets.not_committed", group=self.group, error=type(error).__name__)
            return False
        return True

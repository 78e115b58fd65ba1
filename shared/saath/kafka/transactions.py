"""
One partition's transactional producer.

Its id is made of service and partition, so whoever owns the partition next shuts out whoever had it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
    RecordListTooLargeError,
)
from aiokafka.structs import OffsetAndMetadata

from saath.errors import RetryLater, SaathError
from saath.kafka.client import (
    CLOSE_TIMEOUT_SECONDS,
    MAX_REQUEST_BYTES,
    producer,
    start_writing,
    stop_writing,
)
from saath.kafka.records import Output
from saath.metrics import RECORDS_PRODUCED
from saath.settings import KafkaSettings

# An open transaction holds back every read_committed reader of the partition, so a dead owner's must
# not stay open for long; the next owner's start ends it at once anyway.
TRANSACTION_TIMEOUT_MS = 10_000

# What the broker says to an older owner, and to one whose transaction it has given up.
FENCING = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState)
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


_produced = cache(RECORDS_PRODUCED.labels)  # to look one up takes four times as long as to count


class Fenced(SaathError):
    """Another owner has the partition now, or the broker gave our transaction up. Let go of it."""


class Unwritable(SaathError):
    """Kafka will never take one of these outputs, however often it is tried; nothing was written."""


class GroupPositions(NamedTuple):
    """A group's next offsets by topic (whole name) and partition, each with a word beside it."""

    group: str
    offsets: Mapping[tuple[str, int], tuple[int, str]]


class TransactionalWriter:
    """
    Writes outputs in transactions, all or nothing.

    Starting it fences every older writer of the same service and partition, and aborts what that
    one had open.
    """

    def __init__(
        self, kafka: KafkaSettings, client_id: str, prefix: str, service: str, partition: int
    ) -> None:
        self._prefix = prefix
        self._producer = producer(
            kafka,
            f"{client_id}-{partition}",
            transactional_id=f"{prefix}{service}-{partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        )

    async def __aenter__(self) -> "TransactionalWriter":
        await start_writing(self._producer)
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop_writing(self._producer)

    async def write(
        self, outputs: Sequence[Output], positions: GroupPositions | None = None
    ) -> list[int]:
        """
        Write *outputs* in one transaction, in this order; return the offset of each one.

        With *positions* a group's offsets are committed in it too.

        After an error the writer is spent, whatever it was: Kafka's and aiokafka's sequence numbers
        may differ by then. Start a new one.

        Raises:
            Fenced: another owner has the partition; nothing was written.
            Unwritable: one of the outputs is too large; nothing was written.
            RetryLater: Kafka did not take it, or did not say whether it did.
        """
        try:
            async with self._transaction():
                offsets = await self._send_all(outputs)
                if positions is not None:
                    await self._send_positions(positions)
            return offsets
        except TOO_LARGE as error:
            raise Unwritable(type(error).__name__) from error
        except KafkaError as error:
            # aiokafka wraps what ends its sender task in an error without a name.
            for cause in (error, error.__cause__):
                if isinstance(cause, FENCING):
                    raise Fenced(type(cause).__name__) from error
            raise RetryLater(f"{type(error).__name__}: {error}") from error

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        await self._producer.begin_transaction()
        try:
            yield
        except Exception as error:
            # What ended the transaction from outside, such as a new owner, is the error to tell;
            # the next send only says that there is no transaction any more.
            end = self._producer._txn_manager.wait_for_transaction_end()  # noqa: SLF001 # not offered
            if end.done() and not end.cancelled() and end.exception():
                raise end.exception() from error
            await self._abort()
            raise
        except BaseException:
            await self._abort()
            raise
        await self._producer.commit_transaction()

    async def _abort(self) -> None:
        """
        Give the transaction up, if that can be done soon: the next owner's start does it anyway.

        A fenced producer refuses by an error or an assertion; without a broker it would try for ever.
        """
        with contextlib.suppress(AssertionError, KafkaError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self._producer.abort_transaction()

    async def _send_positions(self, positions: GroupPositions) -> None:
        offsets = {
            TopicPartition(*where): OffsetAndMetadata(offset, word)
            for where, (offset, word) in positions.offsets.items()
        }
        await self._producer.send_offsets_to_transaction(offsets, positions.group)

    async def _send_all(self, outputs: Sequence[Output]) -> list[int]:
        """
        Send *outputs* a batch for each partition: sent one by one, each costs four times as much.

        Within a partition their order is kept; between partitions there is none to keep.
        """
        by_partition: dict[tuple[str, int], list[tuple[int, Output]]] = {}
        for at, output in enumerate(outputs):
            where = output.topic.full_name(self._prefix), output.partition
            by_partition.setdefault(where, []).append((at, output))
        offsets = [0] * len(outputs)
        sendings = [
            self._send_to(TopicPartition(*where), placed, offsets)
            for where, placed in by_partition.items()
        ]
        # aiokafka commits a transaction although a send in it failed, so each is awaited.
        for error in await asyncio.gather(*sendings, return_exceptions=True):
            if isinstance(error, BaseException):
                raise error
        return offsets

    async def _send_to(
        self, where: TopicPartition, placed: Sequence[tuple[int, Output]], offsets: list[int]
    ) -> None:
        """Send to one partition; each output's offset there is put down at its place among all outputs."""
        _produced(where.topic).inc(len(placed))
        sent: list[tuple[asyncio.Future[Any], list[int]]] = []
        batch, places = self._producer.create_batch(), list[int]()
        for at, output in placed:
            if places and not _append(batch, output):
                sent.append((await self._send_batch(batch, where), places))
                batch, places = self._producer.create_batch(), []
            if not places:
                # The first of a batch is taken whatever its size; no other is larger than a batch.
                if _size(output) > MAX_REQUEST_BYTES:
                    raise MessageSizeTooLargeError(where.topic)
                _append(batch, output)
            places.append(at)
        sent.append((await self._send_batch(batch, where), places))
        for future, theirs in sent:
            for offset, at in enumerate(theirs, (await future).offset):
                offsets[at] = offset

    async def _send_batch(self, batch: Any, where: TopicPartition) -> "asyncio.Future[Any]":
        batch.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(
            batch, where.topic, partition=where.partition
        )
        future.add_done_callback(_look)
        return future

    async def _send(self, output: Output) -> "asyncio.Future[Any]":
        """One output by itself, in a transaction that somebody else holds open."""
        batch = self._producer.create_batch()
        _append(batch, output)
        where = TopicPartition(output.topic.full_name(self._prefix), output.partition)
        return await self._send_batch(batch, where)


def _append(batch: Any, output: Output) -> bool:
    said = batch.append(
        timestamp=None, key=output.key, value=output.value, headers=[*output.headers]
    )
    return said is not None


def _size(output: Output) -> int:
    """What aiokafka counts of a record, or a little more."""
    named = sum(len(name) + len(said or b"") + 10 for name, said in output.headers)
    return len(output.key or b"") + len(output.value or b"") + named + 64


def _look(future: "asyncio.Future[Any]") -> None:
    """An error nobody looked at complains in the log, long after it was dealt with."""
    if not future.cancelled():
        future.exception()

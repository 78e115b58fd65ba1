"""
A consumer that reads whatever the broker took.

The broker looks at less than aiokafka does: at no header's name, which aiokafka wants in UTF-8, nor at
what follows a compressed text. One such record would fail every fetch of its partition, for ever. So
what aiokafka fails on is read again as Java's client reads it, U+FFFD for what is no UTF-8. What not
even that reads is handed on empty, one record for each that it was, for its reader to refuse. And of a
batch that unpacks to more than can be held, one record is handed on for all of them.
"""

import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import UnsupportedCodecError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.util import decode_varint
from aiokafka.structs import ConsumerRecord

from saath.kafka.unpacking import UNPACKED_BYTES_MAX, too_far

log = structlog.get_logger()

# The only header of a record that nothing could be read of: why.
UNREADABLE = "saath_unreadable"

_BATCH_START = struct.Struct(">qi")  # first offset, size of what follows


class TolerantConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka ships no types
    """aiokafka's consumer, which no record stops. It is told of its topics once it has started."""

    async def start(self) -> None:
        """Connect; aiokafka offers no place to say how records are read, so it is said from inside."""
        await super().start()
        fetcher = self._fetcher
        fetcher._client = client = _Keeping(fetcher._client)  # noqa: SLF001 # not offered
        fetcher._records = _Fetched(client.kept)  # noqa: SLF001 # not offered


class _Keeping:
    """aiokafka's client; keeps the bytes of each partition until they have been taken over."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.kept: dict[TopicPartition, bytes] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any) -> Any:
        """Ask a broker."""
        response = await self._client.send(node_id, request)
        if isinstance(request, FetchRequest):
            for topic, partitions in response.topics:
                for partition, *_, data in partitions:
                    self.kept[TopicPartition(topic, partition)] = data
        return response


class _Fetched(OrderedDict[TopicPartition, Any]):
    """What has been fetched and not been read yet."""

    def __init__(self, kept: dict[TopicPartition, bytes]) -> None:
        super().__init__()
        self._kept = kept

    def __setitem__(self, where: TopicPartition, result: Any) -> None:
        data = self._kept.pop(where, b"")
        if isinstance(result, FetchResult):
            records = result._partition_records  # noqa: SLF001 # not offered
            records._records_iterator = _all_of(where, records, data)  # noqa: SLF001 # not offered
        super().__setitem__(where, result)


def _all_of(where: TopicPartition, records: Any, data: bytes) -> Iterator[ConsumerRecord]:
    """aiokafka's own reading, and in its stead ours of each batch that it fails on."""
    batches = _batches(data)
    if far := too_far(data):
        records._records = _Sealing(records._records, far)  # noqa: SLF001 # not offered
    while True:
        try:
            yield from records._unpack_records()  # noqa: SLF001 # not offered
        except UnsupportedCodecError:
            raise  # something is not installed here: the record is as good as any
        except Exception as error:
            # What was committed and before it is behind us; aiokafka itself is past this batch.
            start = records.next_fetch_offset
            batch = next(b for b in batches if b.next_offset > start and not b.is_control_batch)
            if not batch.validate_crc():
                raise  # the broker's disk, or the line: read anew, it may be whole
            log.warning(
                "batch.read_anew",
                topic=where.topic,
                partition=where.partition,
                offset=start,
                error=type(error).__name__,
            )
            for record in _tolerantly(where, batch, error):
                if record.offset >= start:
                    records.next_fetch_offset = record.offset + 1
                    yield record
            records.next_fetch_offset = batch.next_offset
        else:
            return


class _UnpacksTooFar(Exception):
    """A batch that must not be unpacked."""


@dataclass(frozen=True, slots=True)
class _Sealing:
    """aiokafka's batches; what is too large among them can be looked at, and not be unpacked."""

    batches: Any
    far: frozenset[int]

    def has_next(self) -> bool:
        return bool(self.batches.has_next())

    def next_batch(self) -> Any:
        batch = self.batches.next_batch()
        return _Sealed(batch) if batch.base_offset in self.far else batch


@dataclass(frozen=True, slots=True)
class _Sealed:
    batch: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch, name)

    def __iter__(self) -> Iterator[Any]:
        raise _UnpacksTooFar


def _batches(data: bytes) -> Iterator[_DefaultRecordBatchPy]:
    view, start = memoryview(data), 0
    while start + _BATCH_START.size <= len(data):
        _, size = _BATCH_START.unpack_from(data, start)
        end = start + _BATCH_START.size + size
        yield _DefaultRecordBatchPy(view[start:end])
        start = end


def _tolerantly(
    where: TopicPartition, batch: _DefaultRecordBatchPy, error: Exception
) -> list[ConsumerRecord]:
    first, end = batch.base_offset, batch.next_offset
    if isinstance(error, _UnpacksTooFar):
        # The last of them, so that whoever has read it is past the batch.
        reason = f"{end - first} records that unpack to more than {UNPACKED_BYTES_MAX} bytes"
        return [_unreadable(where, batch, end - 1, reason)]
    try:
        return _read(where, batch)
    except Exception as error:  # whatever a decompressor raises
        reason = f"nothing can be read of it: {type(error).__name__}"
        return [_unreadable(where, batch, offset, reason) for offset in range(first, end)]


def _unreadable(
    where: TopicPartition, batch: _DefaultRecordBatchPy, offset: int, reason: str
) -> ConsumerRecord:
    headers = ((UNREADABLE, reason.encode()),)
    return _record(where, batch, offset, batch.max_timestamp, None, b"", headers)


def _read(where: TopicPartition, batch: _DefaultRecordBatchPy) -> list[ConsumerRecord]:
    iter(batch)  # decompresses
    fields = _Fields(batch._buffer, batch._pos)  # noqa: SLF001 # not offered
    found: list[ConsumerRecord] = []
    while fields.at < len(fields.data):
        fields.number()  # its size
        fields.at += 1  # attributes that nobody uses: a byte, which aiokafka takes for a number
        since = fields.number()
        created_at = batch.first_timestamp + since
        timestamp = batch.max_timestamp if batch.timestamp_type else created_at
        offset = batch.base_offset + fields.number()
        key, value = fields.field(), fields.field()
        headers = tuple(
            ((fields.field() or b"").decode(errors="replace"), fields.field())
            for _ in range(fields.number())
        )
        found.append(_record(where, batch, offset, timestamp, key, value, headers))
    return found


class _Fields:
    """The fields of records, one after the other."""

    def __init__(self, data: bytearray, at: int) -> None:
        self.data, self.at = data, at

    def number(self) -> int:
        number, self.at = decode_varint(self.data, self.at)
        return int(number)

    def field(self) -> bytes | None:
        size = self.number()
        if size < 0:
            return None
        start, self.at = self.at, self.at + size
        return bytes(self.data[start : self.at])


def _record(
    where: TopicPartition,
    batch: _DefaultRecordBatchPy,
    offset: int,
    timestamp: int,
    key: bytes | None,
    value: bytes | None,
    headers: tuple[tuple[str, bytes | None], ...],
) -> ConsumerRecord:
    sizes = (-1 if part is None else len(part) for part in (key, value))
    return ConsumerRecord(
        *where, offset, timestamp, batch.timestamp_type, key, value, None, *sizes, headers
    )

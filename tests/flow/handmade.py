"""Batches of records that no client of ours would write, and that a broker takes all the same."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from saath.kafka.client import producer
from saath.settings import KafkaSettings

BATCH_HEADER_BYTES = 61
GZIP, ZSTD = DefaultRecordBatch.CODEC_GZIP, DefaultRecordBatch.CODEC_ZSTD

Damage = Callable[[bytearray], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A record to be: *header* is its only header's name."""

    value: bytes
    header: bytes = b"plain"
    key: bytes = b"n"


async def write_batch(
    kafka: KafkaSettings,
    topic: str,
    partition: int,
    records: Sequence[Made],
    *,
    compression_type: int = 0,
    damage: Damage | None = None,
) -> None:
    """Write *records* in one batch, whose bytes *damage* may change before its sum is taken."""
    client = producer(kafka, "tests", enable_idempotence=False)
    await client.start()
    try:
        batch = client.create_batch()
        batch._builder = type(batch._builder)(2, compression_type, 0, -1, -1, 0, 1 << 30)
        for made in records:
            name = "~" * len(made.header)
            batch.append(timestamp=None, key=made.key, value=made.value, headers=[(name, b"1")])
        data = bytearray(batch._build())
        for made in records:
            at = data.find(b"~" * len(made.header))
            if at >= 0:
                data[at : at + len(made.header)] = made.header
        if damage:
            damage(data)
        batch._buffer = _sealed(data)
        await (await client.send_batch(batch, topic, partition=partition))
    finally:
        await client.stop()


def _sealed(data: bytearray) -> bytes:
    struct.pack_into(">i", data, 8, len(data) - 12)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def trail(data: bytearray) -> None:
    """What follows a compressed text and belongs to none: Java's gzip does not look at it."""
    data += b"what nobody asked for"


def use_attributes(data: bytearray) -> None:
    """Set a bit of the first record's attributes, which nobody uses (its size takes one byte)."""
    assert data[BATCH_HEADER_BYTES] < 0x80
    data[BATCH_HEADER_BYTES + 1] = 0x80

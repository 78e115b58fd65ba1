"""A batch that unpacks to too much is told before it is unpacked."""

import resource

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from saath.kafka.unpacking import UNPACKED_BYTES_MAX, too_far

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
CODECS = (GZIP, SNAPPY, LZ4, ZSTD)
HEADER_BYTES = 61
LARGE = b"\0" * 100_000


def batch(codec: int, value: bytes = LARGE, base_offset: int = 0) -> bytes:
    made = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1 << 20)
    made.append(0, timestamp=0, key=None, value=value, headers=[])
    data = bytearray(made.build())
    data[:8] = base_offset.to_bytes(8, "big")
    return bytes(data)


def of(records: bytes, codec: int) -> bytes:
    """A batch whose records have been compressed already."""
    data = bytearray(batch(0)[:HEADER_BYTES]) + records
    data[22] = codec
    data[8:12] = (len(data) - 12).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_unpacks_to_more_is_named_by_its_first_offset(codec: int) -> None:
    data = batch(0) + batch(codec, b"small", 7) + batch(codec, LARGE, 8) + batch(codec, LARGE, 9)

    assert too_far(data, 100_000) == {8, 9}


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_unpacks_to_no_more_is_let_pass(codec: int) -> None:
    assert too_far(batch(codec), 100_100) == frozenset()


def test_what_is_not_compressed_is_as_large_as_it_looks() -> None:
    assert too_far(batch(0), 100) == frozenset()


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_what_hides_behind_a_small_beginning_is_found(codec: int) -> None:
    compress = {GZIP: cramjam.gzip, LZ4: cramjam.lz4, ZSTD: cramjam.zstd}[codec].compress
    records = bytes(compress(b"small")) + bytes(compress(LARGE))

    assert too_far(of(records, codec), 100_000) == {0}


def test_snappy_without_javas_frame_is_measured_too() -> None:
    records = bytes(cramjam.snappy.compress_raw(LARGE))

    assert too_far(of(records, SNAPPY), 99_999) == {0}


@pytest.mark.parametrize("codec", [*CODECS, 7])
@pytest.mark.parametrize(
    "records",
    [
        b"",
        b"no text of any",
        b"\x82SNAPPY\x00" + bytes(7) + b"\xff\xff\xff\xff",
        batch(ZSTD)[61:70],
    ],
)
def test_what_cannot_be_unpacked_at_all_is_for_its_reader_to_say(
    codec: int, records: bytes
) -> None:
    assert too_far(of(records, codec), 1 << 20) == frozenset()


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_whose_end_was_not_fetched_is_not_looked_at(codec: int) -> None:
    assert too_far(batch(codec)[:-1], 100) == frozenset()
    assert too_far(batch(codec)[:40], 100) == frozenset()


@pytest.mark.parametrize("codec", CODECS)
def test_a_small_batch_takes_no_memory_that_only_a_large_one_would_need(codec: int) -> None:
    small = batch(codec, b"small")
    too_far(small)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    too_far(small)
    pages = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert pages * resource.getpagesize() < UNPACKED_BYTES_MAX / 10

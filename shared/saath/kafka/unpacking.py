"""
How large a compressed batch of records may become, found without unpacking more than that.

A broker counts what is compressed, and zstd makes a megabyte of some gigabytes: whoever may write to a
public topic could take down everybody who reads it.
"""

import gzip
import io
import mmap
import struct
import zlib
from collections.abc import Callable, Iterator

import cramjam

# 32 times what a topic takes: what people write, in JSON, seldom shrinks to a twentieth.
UNPACKED_BYTES_MAX = 32 * 1024 * 1024

_BATCH_START = struct.Struct(">qi")  # first offset, size of what follows
_FORMAT_AT, _ATTRIBUTES_AT, _RECORDS_AT = 16, 22, 61
_CODEC_BITS = 0x07

_XERIAL_START, _XERIAL_HEADER_BYTES = b"\x82SNAPPY\x00", 16
_SIZE = struct.Struct(">i")


def too_far(data: bytes, bytes_max: int = UNPACKED_BYTES_MAX) -> frozenset[int]:
    """The first offsets of those batches in *data* that unpack to more than *bytes_max*."""
    return frozenset(
        offset
        for offset, codec, records in _compressed(data)
        if codec in _BEYOND and _BEYOND[codec](records, bytes_max)
    )


def _compressed(data: bytes) -> Iterator[tuple[int, int, memoryview]]:
    """Of each compressed batch the first offset, the codec, and the records."""
    view, start = memoryview(data), 0
    while start + _RECORDS_AT <= len(data):
        offset, size = _BATCH_START.unpack_from(data, start)
        end = start + _BATCH_START.size + size
        codec = data[start + _ATTRIBUTES_AT] & _CODEC_BITS
        if codec and data[start + _FORMAT_AT] == 2 and end <= len(data):
            yield offset, codec, view[start + _RECORDS_AT : end]
        start = end


def _gzip_beyond(records: memoryview, bytes_max: int) -> bool:
    try:
        return len(gzip.GzipFile(fileobj=io.BytesIO(records)).read(bytes_max + 1)) > bytes_max
    except (EOFError, OSError, zlib.error):
        return False  # whoever reads it meets the same error


def _beyond(
    unpack_into: Callable[[memoryview, mmap.mmap], int], records: memoryview, bytes_max: int
) -> bool:
    try:
        # No page of it is there before it is written to; a bytearray's are all written at once, which
        # takes longer than a small batch does.
        with mmap.mmap(-1, bytes_max) as room:
            unpack_into(records, room)
    except cramjam.DecompressionError as error:
        return "whole buffer" in str(error)
    return False


def _snappy_beyond(records: memoryview, bytes_max: int) -> bool:
    """Snappy says its size beforehand; Java's writers make many small texts of it."""
    try:
        return sum(map(cramjam.snappy.decompress_raw_len, _snappy_texts(records))) > bytes_max
    except (cramjam.DecompressionError, struct.error):
        return False


def _snappy_texts(records: memoryview) -> Iterator[memoryview]:
    if bytes(records[: len(_XERIAL_START)]) != _XERIAL_START:
        yield records
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(records):
        (size,) = _SIZE.unpack_from(records, at)
        at += _SIZE.size
        yield records[at : at + size]
        at += max(size, 0)


_BEYOND: dict[int, Callable[[memoryview, int], bool]] = {
    1: _gzip_beyond,
    2: _snappy_beyond,
    3: lambda records, bytes_max: _beyond(cramjam.lz4.decompress_into, records, bytes_max),
    4: lambda records, bytes_max: _beyond(cramjam.zstd.decompress_into, records, bytes_max),
}

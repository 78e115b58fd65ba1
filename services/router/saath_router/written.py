"""
How a conversation stands in the changelog, and in memory until it is needed. Pure.

A head of fixed size says what a restart must know of every conversation; the rest is JSON, deflated, and
is read when the conversation is.

| bytes | |
|---|---|
| 1 | the format |
| 3 | the release that wrote it: so much is the same in every format |
| 1 | how the JSON is packed |
| 8 | when time alone changes it: unix microseconds, 0 for never |
| 4 | when it was written: unix seconds |
| 1 | how many of its messages are found by nothing but their id, and then 8 bytes of hash each |

Within a format fields are only added, and a reader ignores those it does not know. What cannot be said
that way is another format: the release that learns to read it writes the one before, and the next
release writes it. So there is always a way back of one release.
"""

import re
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from saath.errors import Misconfigured
from saath_router.conversation import Conversation
from saath_router.earlier import from_first_format, newest_second
from saath_router.memory import HASH_BYTES, unnamed

WRITTEN_FORMAT = 2

Release = tuple[int, int, int]

_HEAD = struct.Struct(">B3sB8sIB")
_DUE_AT, _SECOND_AT, _COUNT_AT = slice(5, 13), slice(13, 17), 17
NEVER = bytes(8)
_PLAIN, _DEFLATED = 0, 1
_WINDOW = -15  # without zlib's own head and checksum: Kafka has one
_FIRST_FORMAT = ord("{")
_EPOCH, _MICROSECOND = datetime.fromtimestamp(0, UTC), timedelta(microseconds=1)

# What most conversations have in common, for the compressor. A part of the format: it never changes.
_COMMON = (
    b'"handoff_open":false,"unattended":true,"waiting_since":"2026-11-24T20:31:07Z","turns":{"t_'
    b'"watched":{"t_":{"since":"2026-11-25T","due":"2026-12-24T","forgotten_before":"2027-01-01T'
    b'"type":"image","image":{"id":"","mime_type":"image/jpeg","sha256":"","caption":"'
    b'"type":"audio","audio":{"id":"","mime_type":"audio/ogg; codecs=opus","voice":true'
    b'"author":"campaign","author":"automatic","author":"person","time":"'
    b'"owner":"human","epoch":18001764"lease_until":"","held_with":"","history_asked_at":"'
    b'{"id":"c_","number":"10","contact":{"phone":"49","user_id":"IN.","name":"","username":"'
    b'"},"started_at":"2026-","owner":"bot","epoch":17,"bot":"","owner_since":"2026-'
    b'","window_until":"2026-'
    b'","handoff_open":false,"unattended":false,"turns":{},"watched":{},"pending":[],"recent":['
    b'{"message_id":"wamid.HBgMOTE5ODc2NTQzMjEwFQIAERgSwamid.HBgLNDkxNTEVAgASGBQzQUAA=="'
    b',"author":"bot","time":"2026-11-24T21:09:02Z","content":{"type":"text","text":{"body":"'
    b'"}}},{"message_id":"wamid.HBgMAA==","author":"customer","time":"2026-11-24T21:09:02Z"'
    b',"content":{"type":"text","text":{"body":" the you is it we in and to of?"}}}],"statuses":"'
    b'","prices":"","ours":"","seen":"","seen_history":""}'
)


def release_of(version: str) -> Release:
    """A version as the head says it: ``0.3.1rc2`` -> 0, 3, 1."""
    numbers = [min(int(number), 255) for number in re.findall(r"(?:^|\.)(\d+)", version)]
    first, second, third = (*numbers, 0, 0, 0)[:3]
    return first, second, third


def write(state: Conversation, due: datetime | None, now: datetime, release: Release) -> bytes:
    """*state* as it is kept; *due* is when time alone changes it."""
    found_by_id = [*unnamed(state.statuses)]
    moment, at, by = bytes_of(due) if due else NEVER, int(now.timestamp()), bytes(release)
    head = _HEAD.pack(WRITTEN_FORMAT, by, _DEFLATED, moment, at, len(found_by_id))
    deflate = zlib.compressobj(6, zlib.DEFLATED, _WINDOW, 8, zlib.Z_DEFAULT_STRATEGY, _COMMON)
    # Its id is the record's key.
    body = deflate.compress(state.json_bytes(without="id"))
    return b"".join((head, *found_by_id, body, deflate.flush()))


def checked(value: bytes, release: Release) -> bytes:
    """
    *value* as it is kept: what was written in an earlier format is written anew.

    Raises:
        Misconfigured: a later release wrote it, in a format that this one does not read.
    """
    if value[0] == WRITTEN_FORMAT:
        return value
    if value[0] == _FIRST_FORMAT:
        state = from_first_format(value)
        # It did not say when it is due, so it is looked at at once.
        then = datetime.fromtimestamp(newest_second(state), UTC)
        return write(state, _EPOCH, then, release)
    writer = ".".join(map(str, value[1:4]))
    raise Misconfigured(
        f"this state was written by Saath {writer} in format {value[0]}, and this release reads up "
        f"to format {WRITTEN_FORMAT}: run Saath {writer} again, or a release that is newer"
    )


# When time alone changes it, to be compared with others; ``NEVER`` for never. And when it was written.
# A start asks both of all there are, so they are looked up without a call of Python's.
due_bytes: Callable[[bytes], bytes] = itemgetter(_DUE_AT)
second_bytes: Callable[[bytes], bytes] = itemgetter(_SECOND_AT)


def bytes_of(due: datetime) -> bytes:
    """A moment as ``due_bytes`` gives it."""
    return max(1, (due - _EPOCH) // _MICROSECOND).to_bytes(8, "big")


def moment_of(due: bytes) -> datetime | None:
    """The moment that was written; ``None`` for never."""
    return None if due == NEVER else _EPOCH + int.from_bytes(due, "big") * _MICROSECOND


def second(value: bytes) -> int:
    """When it was written, in unix seconds."""
    return second_of(second_bytes(value))


def second_of(written: bytes) -> int:
    """The unix second of what ``second_bytes`` gives."""
    return int.from_bytes(written, "big")


def messages(value: bytes) -> tuple[bytes, ...]:
    """The hashes of those of its messages that are found by nothing but their id."""
    if not (count := value[_COUNT_AT]):
        return ()
    starts = range(_HEAD.size, _HEAD.size + count * HASH_BYTES, HASH_BYTES)
    return tuple(value[at : at + HASH_BYTES] for at in starts)


def read(conversation: str, value: bytes) -> Conversation:
    """The *conversation* that was written, of a value that was ``checked``."""
    body = value[_HEAD.size + value[_COUNT_AT] * HASH_BYTES :]
    if value[4] == _DEFLATED:
        body = zlib.decompressobj(_WINDOW, _COMMON).decompress(body)
    return Conversation.model_validate_json(b'{"id":"%b",%b' % (conversation.encode(), body[1:]))

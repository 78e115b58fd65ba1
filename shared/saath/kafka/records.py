"""A record as it was read, and one as it will be written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from saath.codec import Headers, encode
from saath.events import Event
from saath.topics import Topic, place

# On a record that a person had written again from a dead-letter topic: from where. It is a late fact,
# which is logged, and acts only where the second header says so too.
REDRIVEN, ACTS = "saath_redriven", "saath_act"

# A dead-letter topic and our producer take 2 MiB. A broker counts what is compressed, so a client
# that compresses can write far more than that in one record.
LETTER_BYTES_MAX = 2 * 1024 * 1024 - 64 * 1024


class Record(NamedTuple):
    """What Kafka holds. ``topic`` is ours, without the prefix; ``timestamp_ms`` the broker's clock."""

    topic: Topic
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def appended_at(self) -> datetime:
        """When the broker (or, on topics without the broker's clock, the writer) dated it."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    @property
    def size_bytes(self) -> int:
        """All of it; of headers the values, which alone can be large."""
        parts = (self.key, self.value, *(said for _, said in self.headers))
        return sum(len(part or b"") for part in parts)


class Output(NamedTuple):
    """A record to be written, in a transaction, to a chosen partition."""

    topic: Topic
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def output(topic: Topic, event: Event, partitions: int, traceparent: str | None = None) -> Output:
    """Place *event* on *topic*, which has this many *partitions*."""
    where = place(topic, event, partitions)
    headers, value = encode(event, partition_key=where.key, traceparent=traceparent)
    return Output(topic, where.partition, where.key.encode(), value, tuple(headers))


def traceparent_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """The trace a record belongs to, to be handed on."""
    for name, value in headers:
        if name == "ce_traceparent" and value:  # Kafka lets a header be null
            return value.decode(errors="replace")
    return None


def may_act(headers: Sequence[tuple[str, bytes]]) -> bool:
    """False for a record that was written again, unless whoever did it said that it may act."""
    for name, _ in headers:
        if name == REDRIVEN:
            return dict(headers).get(ACTS) == b"1"
    return True


def dead_letter(record: Record, topic: Topic, reason: str, failed_at: datetime) -> Output:
    """
    *record* as it goes to a dead-letter topic: untouched, the reason in added headers.

    Of one that is too large for it there is the reason only; the record stands where it stood.
    """
    added: Headers = [
        ("dlq_reason", reason.encode()[:1000]),
        ("dlq_topic", record.topic.name.encode()),
        ("dlq_partition", str(record.partition).encode()),
        ("dlq_offset", str(record.offset).encode()),
        ("dlq_attempts", b"1"),
        ("dlq_failed_at", failed_at.isoformat().encode()),
    ]
    if record.size_bytes > LETTER_BYTES_MAX:
        added.append(("dlq_left_out_bytes", str(record.size_bytes).encode()))
        return Output(topic, record.partition, None, b"", tuple(added))
    headers = (*record.headers, *added)
    # aiokafka refuses a record with neither key nor value, which other clients write.
    value = b"" if record.key is None and record.value is None else record.value
    return Output(topic, record.partition, record.key, value, headers)


def from_aiokafka(topic: Topic, raw: Any) -> Record:
    """Take over what aiokafka read."""
    return Record(
        topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, tuple(raw.headers)
    )

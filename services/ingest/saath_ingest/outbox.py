"""Events to the records that Kafka takes. What cannot be one is set aside, whole. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import WebhookUnrecognised
from saath.identity import digest_id
from saath.kafka.layout import Layout
from saath.kafka.records import Output, output
from saath.topics import ACCOUNTS, dlq_topic, partition_for
from saath_ingest.envelope import UNKNOWN_ACCOUNT
from saath_ingest.fields.change import Placed

DEAD_LETTERS = dlq_topic("ingest")

# So many cannot be nested too deep, which is from some 200 on; few events have more.
BRACKETS_HARMLESS = 150


def outbox(
    placed: Iterable[Placed],
    body: bytes,
    layout: Layout,
    *,
    traceparent: str,
    record_bytes_max: int,
    received_at: datetime,
) -> tuple[Output, ...]:
    """
    The records of one body, in its order.

    An event that is too large for a record, or that no JSON can hold, would fail the whole body, now
    and for the seven days that Meta tries again. Instead the body goes to the dead-letter topic, in
    numbered parts, and a notice stands where the event would have been.
    """
    records, set_aside = list[Output](), None
    for item in placed:
        record = _record(item, layout, traceparent, record_bytes_max)
        if isinstance(record, str):
            set_aside = set_aside or (item, record)
            notice = _notice(item, record, received_at)
            records.append(output(ACCOUNTS, notice, layout.of(ACCOUNTS), traceparent))
        else:
            records.append(record)
    if set_aside:
        item, reason = set_aside
        key = item.event.number or _account(item)
        records += _parts(
            key, reason, body, layout, record_bytes_max, received_at, of=item.topic.name
        )
    return tuple(records)


def undecodable(
    body: bytes, reason: str, layout: Layout, *, record_bytes_max: int, received_at: datetime
) -> tuple[Output, ...]:
    """The records of a body that nobody can read: itself, in numbered parts, of nobody's account."""
    return (*_parts(UNKNOWN_ACCOUNT, reason, body, layout, record_bytes_max, received_at),)


def _record(placed: Placed, layout: Layout, traceparent: str, bytes_max: int) -> Output | str:
    """The record of one event, or why there can be none."""
    try:
        record = output(placed.topic, placed.event, layout.of(placed.topic), traceparent)
        # Deeper nesting can be written than can be read again, by the router or anyone.
        if _brackets(record.value or b"") > BRACKETS_HARMLESS:
            decode(record.headers, record.value)
    except (ValueError, RecursionError, PoisonRecord) as error:
        return f"it cannot be written as JSON that can be read: {type(error).__name__}"
    size = size_of(record)
    return record if size <= bytes_max else f"its record would be {size} bytes, over {bytes_max}"


def _brackets(value: bytes) -> int:
    return value.count(b"{") + value.count(b"[")


def size_of(record: Output) -> int:
    """About what *record* takes on the wire and in the producer's buffer."""
    headers = sum(map(len, chain.from_iterable(record.headers)))
    return len(record.key or b"") + len(record.value or b"") + headers


def _notice(placed: Placed, reason: str, received_at: datetime) -> WebhookUnrecognised:
    event = placed.event
    return WebhookUnrecognised(
        id=digest_id("unrecognised_", event.id, reason),
        time=received_at,
        number=event.number,
        account=_account(placed),
        reason=f"set aside in {DEAD_LETTERS.name}: {reason}",
        details={"event_id": event.id, "event_type": event.type},
    )


def _parts(
    key: str,
    reason: str,
    body: bytes,
    layout: Layout,
    bytes_max: int,
    failed_at: datetime,
    *,
    of: str | None = None,
) -> Iterator[Output]:
    """*body* as Meta sent it, in as many records as it needs, all in one partition."""
    partition = partition_for(key, layout.of(DEAD_LETTERS))
    size = bytes_max - 2000  # room for the headers
    # An empty body is a body: one part.
    parts = [body[start : start + size] for start in range(0, len(body) or 1, size)]
    digest = hashlib.sha256(body).hexdigest()
    for index, part in enumerate(parts, start=1):
        headers = {
            "dlq_reason": reason,
            **({"dlq_topic": of} if of else {}),
            "dlq_part": f"{index}",
            "dlq_parts": f"{len(parts)}",
            "dlq_sha256": digest,
            "dlq_failed_at": failed_at.isoformat(),
        }
        yield Output(
            DEAD_LETTERS,
            partition,
            key.encode(),
            part,
            tuple((name, value.encode()) for name, value in headers.items()),
        )


def _account(placed: Placed) -> str:
    return getattr(placed.event, "account", None) or UNKNOWN_ACCOUNT

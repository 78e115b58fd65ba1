"""A body that was set aside, read once more: by a newer ingest, or with a larger limit. Pure."""

from collections.abc import Sequence
from datetime import datetime

from saath.errors import PoisonRecord
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath_ingest.decide import Accept, parse
from saath_ingest.envelope import read
from saath_ingest.outbox import DEAD_LETTERS, outbox

NEWER = "only a newer ingest may be able to read it"


def records(
    body: bytes,
    layout: Layout,
    *,
    traceparent: str,
    record_bytes_max: int,
    received_at: datetime,
) -> Sequence[Output]:
    """
    All records of *body*, with the ids they had the first time: what was published then is known.

    Raises:
        PoisonRecord: a part of it would be set aside again; the message says why, and the cure.
    """
    parsed = parse(body)
    if not isinstance(parsed, Accept):
        raise PoisonRecord(f"{parsed.reason}; {NEWER}")
    made = outbox(
        [placed for reading in read(parsed.data, received_at) for placed in reading.events],
        body,
        layout,
        traceparent=traceparent,
        record_bytes_max=record_bytes_max,
        received_at=received_at,
    )
    for record in made:
        if record.topic == DEAD_LETTERS:
            reason = dict(record.headers)["dlq_reason"].decode()
            raise PoisonRecord(f"a part of it would be set aside again: {reason}; {_cure(reason)}")
    return made


def _cure(reason: str) -> str:
    if "cannot be written" in reason:
        return NEWER
    return "give a larger --record-bytes-max, and its topic a larger max.message.bytes"

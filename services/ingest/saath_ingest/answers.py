"""What became of a delivery: for Meta a status, for metrics a word, for the log one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import structlog

from saath.events import WebhookUnrecognised
from saath.metrics import RECORDS_DEAD_LETTERED
from saath_ingest import metrics
from saath_ingest.envelope import Reading
from saath_ingest.outbox import DEAD_LETTERS

log = structlog.get_logger()

# There are few of each, and to look one up takes four times as long as to count.
_duration, _changes = cache(metrics.DURATION.labels), cache(metrics.CHANGES.labels)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a delivery gets. ``set_aside``: its body is on the dead-letter topic too."""

    status: int
    outcome: str
    reason: str | None = None
    readings: tuple[Reading, ...] = ()
    body_bytes: int = 0
    set_aside: bool = False


UNDECODABLE = "undecodable"
STOPPING = Answer(503, "postponed", "the service was stopped before Kafka had acknowledged it")
FAILED = Answer(500, "failed", "a defect of ours: the log says where")


def tell(answer: Answer, duration_seconds: float, trace_id: str, app: str | None) -> None:
    """Count *answer*, and log it: once, whatever it is, and never of whom or what."""
    unrecognised = [_unrecognised(reading) for reading in answer.readings]
    _count(answer, duration_seconds, unrecognised)
    facts = {
        "app": app,
        "outcome": answer.outcome,
        "status": answer.status,
        "changes": len(answer.readings),
        "events": sum([len(reading.events) for reading in answer.readings]),
        "unrecognised": sum(unrecognised),
        "body_bytes": answer.body_bytes,
        "set_aside": answer.set_aside,
        "duration_seconds": round(duration_seconds, 6),
        "trace_id": trace_id,
    }
    match answer.status:
        case 200 if answer.outcome == UNDECODABLE:
            log.warning("webhook.set_aside", reason=answer.reason, **facts)
        case 200:
            log.info("webhook.accepted", **facts)
        case 500:
            log.error("webhook.failed", reason=answer.reason, **facts)
        case 503:
            log.warning("webhook.postponed", reason=answer.reason, **facts)
        case _:
            log.warning("webhook.refused", reason=answer.reason, **facts)


def _count(answer: Answer, duration_seconds: float, unrecognised: Sequence[int]) -> None:
    _duration(answer.outcome).observe(duration_seconds)
    if answer.set_aside:
        kind = "Undecodable" if answer.outcome == UNDECODABLE else "SetAside"
        RECORDS_DEAD_LETTERED.labels(DEAD_LETTERS.name, kind).inc()
    for reading, odd in zip(answer.readings, unrecognised, strict=True):
        outcome = answer.outcome
        if outcome == "accepted" and odd:
            outcome = "unrecognised"
        _changes(reading.field, outcome).inc()


def _unrecognised(reading: Reading) -> int:
    """How many of a change's events are ``unrecognised`` ones."""
    return sum([isinstance(placed.event, WebhookUnrecognised) for placed in reading.events])

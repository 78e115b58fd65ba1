"""What ingest makes of a webhook's body, in a form that a person can read and a test can compare."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import PARTITIONS_DEFAULT, TOPICS
from saath_ingest.decide import Accept, Delivery, Secrets, decide
from saath_ingest.envelope import read
from saath_ingest.outbox import outbox
from saath_ingest.signature import sign
from saath_ingest.tracing import traceparent

PAYLOADS = Path(__file__).parent / "payloads"
SUFFIX = ".events.json"

RECEIVED_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
TRACEPARENT = traceparent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
LAYOUT = Layout({topic.name: PARTITIONS_DEFAULT for topic in TOPICS})
SECRETS = Secrets(app_secrets=("test_app_secret",), verify_tokens=("token",))


def bodies() -> list[Path]:
    """Every body there is a case for."""
    return sorted(path for path in PAYLOADS.glob("*.json") if not path.name.endswith(SUFFIX))


def expectation(body: Path) -> Path:
    """The events file beside *body*."""
    return body.with_name(body.stem + SUFFIX)


def records(body: bytes) -> list[dict[str, Any]]:
    """Sign *body*, take it in as ingest does, and write its records out."""
    decision = decide(Delivery(sign(body, SECRETS.app_secrets[0]), body), SECRETS)
    assert isinstance(decision, Accept), decision
    outputs = outbox(
        [placed for reading in read(decision.data, RECEIVED_AT) for placed in reading.events],
        body,
        LAYOUT,
        traceparent=TRACEPARENT,
        record_bytes_max=900_000,
        received_at=RECEIVED_AT,
    )
    return [_readable(output) for output in outputs]


def _readable(output: Output) -> dict[str, Any]:
    return {
        "topic": output.topic.name,
        "partition": output.partition,
        "key": (output.key or b"").decode(),
        "headers": {name: value.decode() for name, value in output.headers},
        "value": json.loads(output.value or b"null"),
    }

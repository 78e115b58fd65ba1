"""A body that was set aside, read once more."""

import json
from typing import Any

import pytest
from tests.unit.ingest.bodies import RECEIVED_AT, body, change, text
from tests.unit.ingest.test_outbox import LAYOUT, RECORD_BYTES_MAX, TRACE, nested

from saath.errors import PoisonRecord
from saath.kafka.records import Output
from saath_ingest.redrive import records

LARGE = body(
    change("messages", messages=[text("wamid.A"), text("wamid.L", text={"body": "x" * 50_000})])
)


def read_again(data: Any, record_bytes_max: int = RECORD_BYTES_MAX) -> list[Output]:
    made = records(
        json.dumps(data).encode(),
        LAYOUT,
        traceparent=TRACE,
        record_bytes_max=record_bytes_max,
        received_at=RECEIVED_AT,
    )
    return list(made)


def test_with_a_larger_limit_all_of_it_is_published_with_its_ids() -> None:
    made = read_again(LARGE, record_bytes_max=100_000)

    assert [dict(record.headers)["ce_id"] for record in made] == [
        b"wamid.A:received",
        b"wamid.L:received",
    ]


def test_with_the_same_limit_it_says_how_large_it_is_and_what_helps() -> None:
    with pytest.raises(
        PoisonRecord, match=r"would be 5\d+ bytes, over 20000; give a larger --record-bytes-max"
    ):
        read_again(LARGE)


@pytest.mark.parametrize("still", [b"not JSON", b"", b"[" * 200_000])
def test_what_nobody_can_read_waits_for_a_newer_ingest_too(still: bytes) -> None:
    with pytest.raises(PoisonRecord, match=r"the body is .*; only a newer ingest"):
        records(
            still,
            LAYOUT,
            traceparent=TRACE,
            record_bytes_max=RECORD_BYTES_MAX,
            received_at=RECEIVED_AT,
        )


def test_what_no_json_can_hold_waits_for_a_newer_ingest() -> None:
    odd = body({"field": "account_update", "value": {"event": "A", "deep": nested(400)}})

    with pytest.raises(PoisonRecord, match="only a newer ingest"):
        read_again(odd)

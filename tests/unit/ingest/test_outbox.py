"""What cannot be one record is set aside whole, and fails nothing."""

import hashlib
import json
from typing import Any

import pytest
from tests.unit.ingest.bodies import ACCOUNT, NUMBER, RECEIVED_AT, body, change, text

from saath.codec import decode
from saath.events import WebhookUnrecognised
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import TOPICS, partition_for
from saath_ingest.envelope import read
from saath_ingest.outbox import outbox, undecodable

LAYOUT = Layout({topic.name: 24 for topic in TOPICS})
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
RECORD_BYTES_MAX = 20_000


def records(data: Any) -> tuple[Output, ...]:
    return outbox(
        [placed for reading in read(data, RECEIVED_AT) for placed in reading.events],
        raw(data),
        LAYOUT,
        traceparent=TRACE,
        record_bytes_max=RECORD_BYTES_MAX,
        received_at=RECEIVED_AT,
    )


def raw(data: Any) -> bytes:
    return json.dumps(data).encode()


def nested(levels: int) -> Any:
    inside: Any = 1
    for _ in range(levels):
        inside = {"x": inside}
    return inside


def test_an_event_goes_to_its_numbers_partition_with_its_trace() -> None:
    [record] = records(body(change("messages", messages=[text()])))

    assert (
        record.topic.name,
        record.key,
        record.partition,
        dict(record.headers)["ce_traceparent"],
    ) == (
        "inbound.v1",
        NUMBER.encode(),
        partition_for(NUMBER, 24),
        TRACE.encode(),
    )


def test_what_is_too_large_for_a_record_is_set_aside_in_parts_and_its_neighbours_go_on() -> None:
    large = text("wamid.L", text={"body": "x" * 50_000})
    data = body(change("messages", messages=[text("wamid.A"), large, text("wamid.B")]))

    found = records(data)

    assert [record.topic.name for record in found] == [
        "inbound.v1", "accounts.v1", "inbound.v1", *["ingest.dlq.v1"] * 3,
    ]  # fmt: skip
    assert b"".join(record.value or b"" for record in found[3:]) == raw(data)
    assert all(len(record.value or b"") <= RECORD_BYTES_MAX for record in found)


def test_the_parts_of_a_body_name_each_other_and_stay_in_one_partition() -> None:
    data = body(change("messages", messages=[text(text={"body": "x" * 50_000})]))

    parts = [record for record in records(data) if record.topic.name == "ingest.dlq.v1"]

    digest = hashlib.sha256(raw(data)).hexdigest().encode()
    headers = [dict(part.headers) for part in parts]
    assert [(h["dlq_part"], h["dlq_parts"], h["dlq_sha256"], h["dlq_topic"]) for h in headers] == [
        (b"%d" % index, b"3", digest, b"inbound.v1") for index in (1, 2, 3)
    ]
    assert {(part.key, part.partition) for part in parts} == {
        (NUMBER.encode(), partition_for(NUMBER, 24))
    }


def test_a_notice_says_what_was_set_aside_without_what_it_says() -> None:
    notice = records(body(change("messages", messages=[text(text={"body": "x" * 50_000})])))[0]

    event = decode(notice.headers, notice.value)

    assert isinstance(event, WebhookUnrecognised)
    assert event.number == NUMBER
    assert event.reason.startswith("set aside in ingest.dlq.v1: its record would be 5")
    assert event.details == {
        "event_id": "wamid.A:received",
        "event_type": "io.saath.message.received.v1",
    }


def test_what_json_cannot_hold_is_set_aside_once_however_many_there_are() -> None:
    data = body(
        {"field": "account_update", "value": {"event": "A", "deep": nested(400)}},
        {"field": "account_update", "value": {"event": "B", "deep": nested(400)}},
    )

    found = records(data)

    assert [(record.topic.name, record.key) for record in found] == [
        ("accounts.v1", ACCOUNT.encode()),
        ("accounts.v1", ACCOUNT.encode()),
        ("ingest.dlq.v1", ACCOUNT.encode()),
    ]


@pytest.mark.parametrize("levels", [50, 150, 190, 200, 220, 250, 300])
def test_whatever_depth_is_published_can_be_read_again(levels: int) -> None:
    data = body({"field": "account_update", "value": {"event": "A", "deep": nested(levels)}})

    published = [record for record in records(data) if record.topic.name != "ingest.dlq.v1"]

    assert [decode(record.headers, record.value).type for record in published]


def test_a_body_that_nobody_can_read_is_itself_in_numbered_parts() -> None:
    garbage = bytes(range(256)) * 200

    parts = undecodable(
        garbage,
        "the body is not JSON",
        LAYOUT,
        record_bytes_max=RECORD_BYTES_MAX,
        received_at=RECEIVED_AT,
    )

    headers = [dict(part.headers) for part in parts]
    assert b"".join(part.value or b"" for part in parts) == garbage
    assert [(h["dlq_part"], h["dlq_parts"]) for h in headers] == [
        (b"%d" % index, b"3") for index in (1, 2, 3)
    ]
    assert {(part.topic.name, part.key, part.partition) for part in parts} == {
        ("ingest.dlq.v1", b"unknown", partition_for("unknown", 24))
    }


def test_json_that_is_no_webhook_is_one_record_of_an_unknown_account() -> None:
    [record] = records([1, 2, 3])

    assert (record.topic.name, record.key) == ("accounts.v1", b"unknown")

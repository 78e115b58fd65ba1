"""A record larger than a topic takes: a client that compresses can write it, and it blocks nobody."""

import json

import pytest
from tests.unit.sender.facts import NUMBER, PHONE, TEMPLATE
from tests.unit.sender.test_sender import PARTITION, Partition, outcomes

from saath.kafka.client import MAX_REQUEST_BYTES
from saath.kafka.records import Record
from saath.topics import OUTBOUND
from saath_sender.admission import DLQ

RECORD_BYTES_MAX = 1024 * 1024


def large(size: int, number: str = NUMBER) -> bytes:
    template = TEMPLATE["template"] | {"filler": "x" * size}  # type: ignore[operator] # a dict
    messages = [{"type": "template", "template": template}]
    rest = {"number": number, "to": PHONE, "class": "utility"}
    return json.dumps({"id": "r", "messages": messages, **rest}).encode()


@pytest.mark.parametrize("size", [500_000, 1_040_000, 10_000_000])
@pytest.mark.parametrize("number", [NUMBER, "1"])
def test_whatever_its_size_every_record_written_because_of_it_fits(size: int, number: str) -> None:
    p = Partition()
    p.outbound(OUTBOUND, large(size, number))
    p.replied()
    outputs = [*p.commit(), *(o for _ in p.run(0.5) for o in p.commit()), *p.commit()]

    sizes = {o.topic.name: len(o.value or b"") + len(o.key or b"") for o in outputs}
    assert sizes.pop(DLQ.name, 0) < MAX_REQUEST_BYTES - 10_000
    assert max(sizes.values()) < RECORD_BYTES_MAX - 10_000


def test_a_request_that_is_too_large_is_refused_and_the_next_one_goes() -> None:
    p = Partition()
    p.outbound(OUTBOUND, large(10_000_000))
    p.replied()
    outputs = p.commit()
    [letter] = [o for o in outputs if o.topic == DLQ]

    assert (outcomes(outputs), p.send()) == (["MessageRefused"], ["t_1"])
    assert dict(letter.headers)["dlq_reason"] == b"a request has at most 524288 bytes"
    assert (letter.value, int(dict(letter.headers)["dlq_left_out_bytes"]) > 10_000_000) == (
        b"",
        True,
    )


def test_a_request_for_another_partition_is_not_moved_with_headers_that_no_topic_takes() -> None:
    p = Partition()
    headers = (("x", b"x" * 3_000_000),)
    record = Record(OUTBOUND, PARTITION, 0, 0, b"1", large(10, "1"), headers)
    p.handler.outbound_read(record, p.now)

    assert [o for o in p.commit() if o.topic is OUTBOUND] == []

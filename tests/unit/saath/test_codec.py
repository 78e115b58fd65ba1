"""Events to bytes and back, and what is refused on the way."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.saath.events_made_up import events, of_model

from saath.codec import decode, decode_command, decode_request, encode
from saath.errors import PoisonRecord
from saath.events import EVENTS, Event, SendRequest

PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@pytest.mark.parametrize("event_type", EVENTS)
@given(data=st.data())
@settings(parent=PATIENT, max_examples=15)
def test_every_event_comes_back_as_it_was(event_type: str, data: st.DataObject) -> None:
    event: Event = data.draw(of_model(EVENTS[event_type]))

    headers, value = encode(event, partition_key="k", traceparent="00-a-b-01")

    assert decode(headers, value) == event


@given(events())
@PATIENT
def test_headers_are_those_of_cloudevents_binary_mode(event: Event) -> None:
    headers, value = encode(event, partition_key="k")

    named = {name: text.decode() for name, text in headers}
    written = json.loads(value)
    assert len(named) == len(headers)
    assert {"ce_specversion", "ce_source", "ce_type", "ce_time", "content-type"} <= named.keys()
    assert (named["ce_type"], named["ce_partitionkey"]) == (written["type"], "k")


@given(events())
@PATIENT
def test_a_structured_cloudevent_says_the_same(event: Event) -> None:
    envelope = {"specversion": "1.0", "type": event.type, "data": json.loads(encode(event)[1])}
    headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]

    assert decode(headers, json.dumps(envelope).encode()) == event


@pytest.mark.parametrize(
    ("headers", "value", "reason"),
    [
        ([], b"{}", "no ce_type header: not a CloudEvent in Kafka's binary mode"),
        ([("ce_type", b"\xff")], b"{}", "unknown event type '\ufffd'"),
        (
            [("ce_type", b"io.saath.turn.withdrawn.v1")],
            None,
            "io.saath.turn.withdrawn.v1 without a value",
        ),
        (
            [("ce_type", b"io.saath.turn.withdrawn.v1")],
            b'{"id": "a", "time": "2026-01-05T12:00:00Z", "turn_id": "t", "bot": "b"}',
            "io.saath.turn.withdrawn.v1: /reason: Field required",
        ),
        ([("content-type", b"application/cloudevents+json")], b"[]", "a JSON object was expected"),
        ([("content-type", b"application/cloudevents+json")], b"{", "not JSON"),
    ],
)
def test_a_record_that_is_no_event_of_ours_is_refused_with_its_reason(
    headers: list[tuple[str, bytes]], value: bytes | None, reason: str
) -> None:
    with pytest.raises(PoisonRecord) as refused:
        decode(headers, value)

    assert str(refused.value).startswith(reason)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_poison_record(value: bytes) -> None:
    structured = [("content-type", b"application/cloudevents+json")]
    readers = (decode_request, decode_command, lambda v: decode(structured, v))
    for read in readers:
        with pytest.raises(PoisonRecord):
            read(value)


def test_a_request_nested_too_deep_is_refused_like_any_other() -> None:
    with pytest.raises(PoisonRecord, match=r"^not JSON"):
        decode_request(b"[" * 100_000)


def test_a_request_is_read_bare_or_inside_a_cloudevent() -> None:
    bare = {"turn": "t1.x", "then": "done"}
    wrapped = {"specversion": "1.0", "type": "anything", "data": bare}

    both = [decode_request(json.dumps(body).encode()) for body in (bare, wrapped)]

    assert both == [SendRequest(turn="t1.x", then="done")] * 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"turn": "t1.x", "mesages": []}, "/mesages: Extra inputs are not permitted"),
        ({"then": "done"}, "/: Value error, a request without a turn must say id, number, to"),
        ({"turn": "t1.x"}, "/: Value error, a request must have messages, then or working"),
        ({"turn": "t1.x", "messages": [{"text": {}}]}, "/messages/0/type: Field required"),
    ],
)
def test_a_refused_request_is_told_where_it_is_wrong(body: object, reason: str) -> None:
    with pytest.raises(PoisonRecord) as refused:
        decode_request(json.dumps(body).encode())

    assert str(refused.value).startswith(reason)


def test_a_refusal_never_repeats_what_was_written() -> None:
    secret = "my card is 4111 1111"

    with pytest.raises(PoisonRecord) as refused:
        decode_request(json.dumps({"turn": 1, "to": secret, "messages": secret}).encode())

    assert "4111" not in str(refused.value)

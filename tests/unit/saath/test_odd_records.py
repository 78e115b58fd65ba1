"""What a stranger's producer may write: it is refused with a reason, or read, and breaks nothing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from saath.codec import decode, decode_command, decode_request, encode
from saath.errors import PoisonRecord
from saath.events import HistoryCompleted
from saath.kafka.records import traceparent_of

EVENT = HistoryCompleted(id="h1", time=datetime(2026, 1, 5, tzinfo=UTC), number="1", messages=2)


def request(body: Any) -> bytes:
    # json.dumps writes half of an emoji as an escape, as JavaScript's JSON.stringify does.
    content = {"type": "text", "text": {"body": body}}
    return json.dumps({"turn": "t1.x", "messages": [content]}).encode()


@pytest.mark.parametrize("body", ["cut \ud83d", "\udc4d", {"\ud83d": 1}])
def test_half_a_surrogate_pair_is_refused_because_no_utf8_can_hold_it(body: Any) -> None:
    with pytest.raises(PoisonRecord, match="half of a surrogate pair"):
        decode_request(request(body))


def test_half_a_surrogate_pair_written_as_bytes_is_refused_too() -> None:
    raw = request("X").replace(b'"X"', b'"\xed\xa0\xbd"')

    with pytest.raises(PoisonRecord, match="half of a surrogate pair"):
        decode_request(raw)


def test_half_a_surrogate_pair_is_refused_in_a_command() -> None:
    said = {"id": "1", "number": "1", "command": "release", "phone": "1", "by": "Asha \ud83d"}

    with pytest.raises(PoisonRecord, match="half of a surrogate pair"):
        decode_command(json.dumps(said).encode())


def test_a_whole_emoji_is_read_escaped_or_not() -> None:
    escaped, plain = request("👍"), request("X").replace(b"X", "👍 퐀".encode())

    texts = [decode_request(raw).messages[0].text for raw in (escaped, plain)]

    assert texts == ["👍", "👍 퐀"]


@pytest.mark.parametrize("body", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_have_is_refused(body: float) -> None:
    with pytest.raises(PoisonRecord, match=r"not JSON: -?(NaN|Infinity) is no number"):
        decode_request(request(body))


def test_headers_without_a_value_are_as_good_as_none() -> None:
    headers: list[tuple[str, Any]] = [("ce_traceparent", None), ("x", None)]
    written, value = encode(EVENT)

    event = decode([*headers, *written], value)

    assert (event, traceparent_of(headers)) == (EVENT, None)


def test_a_type_header_without_a_value_names_no_type() -> None:
    headers: list[tuple[str, Any]] = [("ce_type", None), ("content-type", None)]

    with pytest.raises(PoisonRecord, match="no ce_type header"):
        decode(headers, b"{}")

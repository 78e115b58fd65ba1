"""JSON that could be read and never be written again must be refused when it is read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from saath.codec import decode, decode_request, encode
from saath.errors import PoisonRecord
from saath.events import TurnMessage, TurnOffered

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def request(template: str) -> str:
    messages = f'[{{"type":"template","template":{template}}}]'
    return f'{{"id":"r","number":"1","to":"+1650","class":"utility","messages":{messages}}}'


def nested(depth: int) -> bytes:
    return request('{"a":' * depth + "1" + "}" * depth).encode()


def readable(depth: int) -> bool:
    try:
        return bool(decode_request(nested(depth)))
    except PoisonRecord:
        return False


def test_what_is_nested_too_deep_to_be_written_again_is_refused() -> None:
    with pytest.raises(PoisonRecord, match=r"^not JSON: recursion limit exceeded"):
        decode_request(nested(200))


def test_the_deepest_that_is_read_can_be_written_again_in_a_turn() -> None:
    depth = next(n for n in range(200, 0, -1) if readable(n))
    deep = decode_request(nested(depth)).messages[0]
    said = TurnMessage(message_id="m", author="bot", time=NOW, content=deep)
    facts: dict[str, Any] = {"bot": "b", "epoch": 1, "reason": "r", "deadline": NOW, "turn": "t1.x"}
    turn = TurnOffered(id="t", time=NOW, messages=(said,), recent=(said,), **facts)

    assert decode(*encode(turn)) == turn


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_only_utf8_is_read(encoding: str) -> None:
    with pytest.raises(PoisonRecord, match=r"^not JSON"):
        decode_request(request('{"a": "X"}').encode(encoding))


def test_a_structured_cloudevent_is_held_to_the_same() -> None:
    headers = [("content-type", b"application/cloudevents+json")]

    with pytest.raises(PoisonRecord, match=r"^not JSON"):
        decode(headers, b'{"type": "x", "data": ' + b"[" * 250 + b"]" * 250 + b"}")


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        (request('{"a/b": [1, {"c": 1e400}]}'), "/messages/0/template/a~1b/1/c"),
        (request('{"c": -1E+999}'), "/messages/0/template/c"),
        (request('{"c": 1' + "0" * 400 + ".0}"), "/messages/0/template/c"),
        (f'{{"specversion": "1.0", "data": {request("1e400")}}}', "/messages/0/template"),
        (f'{{"specversion": "1.0", "x": 1e400, "data": {request("1")}}}', None),
    ],
)
def test_a_number_that_no_writer_of_json_can_write_again_is_refused_where_it_stands(
    written: str, pointer: str | None
) -> None:
    with pytest.raises(PoisonRecord, match=r"too large") as refused:
        decode_request(written.encode())

    assert refused.value.pointer == pointer


def test_a_number_too_large_that_is_nested_too_deep_to_be_found_is_refused_all_the_same() -> None:
    with pytest.raises(PoisonRecord):
        decode_request(request('{"a":' * 900 + "1e400" + "}" * 900).encode())


def test_a_large_number_that_can_be_written_again_is_read() -> None:
    content = decode_request(request('{"c": 1e300, "d": "1e400"}').encode()).messages[0]

    assert (content.model_extra or {})["template"] == {"c": 1e300, "d": "1e400"}

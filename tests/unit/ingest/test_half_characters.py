"""A text cut inside an emoji: however its half is written, the body is taken and can be written on."""

import json
from datetime import UTC, datetime

import pytest

from saath_ingest.decide import NESTED_TOO_DEEP, Accept, parse
from saath_ingest.envelope import read

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def body(message_id: bytes, text: bytes) -> bytes:
    message = b'{"id":"%s","from":"491511","type":"text","text":{"body":"%s"}}' % (message_id, text)
    value = b'{"metadata":{"phone_number_id":"12"},"messages":[%s]}' % message
    change = b'{"field":"messages","value":%s}' % value
    return b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[%s]}]}' % change


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\uDC4D", b"\xed\xa0\xbd", b"\xed\xb1\x8d"])
def test_half_an_emoji_is_replaced_wherever_it_stands(half: bytes) -> None:
    accepted = parse(body(b"wamid." + half, b"cut " + half))

    assert isinstance(accepted, Accept)
    [reading] = read(accepted.data, NOW)
    [placed] = reading.events
    written = json.loads(placed.event.model_dump_json())
    assert "�" in written["message_id"]
    assert "�" in written["content"]["text"]["body"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("half", ["\\ud83d", "\ud83d"])
def test_half_an_emoji_is_replaced_in_any_encoding_that_json_is_read_from(
    encoding: str, half: str
) -> None:
    written = body(b"wamid.HALF", b"cut").decode().replace("HALF", half)

    accepted = parse(written.encode(encoding, "surrogatepass"))

    assert isinstance(accepted, Accept)
    [reading] = read(accepted.data, NOW)
    assert reading.events[0].event.id == "wamid.�:received"


def test_whole_characters_are_left_alone() -> None:
    accepted = parse(body(b"wamid.1", "👍 \\ud83d\\udc4d 퐀".encode()))

    assert isinstance(accepted, Accept)
    [reading] = read(accepted.data, NOW)
    assert "👍 👍 퐀" in reading.events[0].event.model_dump_json()


def test_half_an_emoji_beside_a_deep_nest_is_refused_and_not_an_error_of_ours() -> None:
    assert parse(b'{"a":"\\ud83d","b":' + b"[" * 900 + b"]" * 900 + b"}") == NESTED_TOO_DEEP

"""A dead letter can be written, whatever was read."""

from datetime import UTC, datetime

from saath.kafka.client import MAX_REQUEST_BYTES
from saath.kafka.records import Output, Record, dead_letter
from saath.topics import COMMANDS, dlq_topic

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def letter(key: bytes | None, value: bytes | None, *headers: tuple[str, bytes | None]) -> Output:
    record = Record(COMMANDS, 0, 7, 0, key, value, headers)  # type: ignore[arg-type] # null header
    return dead_letter(record, dlq_topic("router"), "reason", NOW)


def test_key_value_and_headers_are_untouched() -> None:
    found = letter(b"k", None, ("h", b"1"), ("h", None))

    assert (found.key, found.value) == (b"k", None)
    assert [*found.headers[:2]] == [("h", b"1"), ("h", None)]


def test_a_record_of_nothing_at_all_has_an_empty_value_because_aiokafka_writes_no_other() -> None:
    assert letter(None, None).value == b""


def test_what_is_too_large_is_left_out_wherever_it_stands() -> None:
    million = b"x" * 1_000_000

    sizes = [
        sum(len(part or b"") for part in (found.key, found.value, *(v for _, v in found.headers)))
        for found in (
            letter(None, million * 3),
            letter(million * 3, None),
            letter(b"k", b"v", ("h", million), ("h", million), ("h", million)),
        )
    ]

    assert max(sizes) < 1_000 < MAX_REQUEST_BYTES

"""Dead letters, found again by their outsides, and made ready to be written again."""

import hashlib
from datetime import UTC, datetime

import pytest

from saath.errors import PoisonRecord
from saath.kafka.layout import Layout
from saath.kafka.letters import Letter, Slip, again, body, letters, marker, original, slip
from saath.kafka.records import Output, Record, dead_letter, may_act
from saath.topics import INBOUND, OUTBOUND, TOPICS, dlq_topic, partition_for

DLQ, INGEST_DLQ = dlq_topic("router"), dlq_topic("ingest")
LAYOUT = Layout({topic.name: 4 for topic in TOPICS})
FAILED_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
NUMBER = b"106540352242922"
HEADERS = (("ce_id", b"m1"), ("nothing", b""))
FIRST = Record(INBOUND, 3, 17, 0, NUMBER, b"what was said", HEADERS)


def put_away(record: Record, offset: int, reason: str = "it is odd") -> Record:
    """*record* as it stands on the router's dead-letter topic."""
    return as_record(dead_letter(record, DLQ, reason, FAILED_AT), offset)


def as_record(output: Output, offset: int) -> Record:
    return Record(
        output.topic, output.partition, offset, 0, output.key, output.value, output.headers
    )


def parts_of(whole: bytes, size: int) -> list[Record]:
    """*whole* in parts, as ingest sets it aside, at offsets 0, 1, …"""
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    digest = hashlib.sha256(whole).hexdigest().encode()
    return [
        Record(
            INGEST_DLQ,
            2,
            index,
            0,
            NUMBER,
            piece,
            (
                ("dlq_reason", b"too large"),
                ("dlq_topic", b"inbound.v1"),
                ("dlq_part", b"%d" % (index + 1)),
                ("dlq_parts", b"%d" % len(pieces)),
                ("dlq_sha256", digest),
                ("dlq_failed_at", b"2026-10-01T12:00:00+00:00"),
            ),
        )
        for index, piece in enumerate(pieces)
    ]


def slips(*records: Record) -> list[Slip]:
    return [slip(record) for record in records]


def one(*records: Record, service: str = "router") -> Letter:
    [letter] = letters(service, slips(*records))
    return letter


def test_a_letter_says_why_whence_and_how_large_but_not_what_it_says() -> None:
    letter = one(put_away(FIRST, 5))

    assert letter == Letter(
        service="router",
        partition=3,
        offsets=(5,),
        copies=frozenset({5}),
        parts=0,
        reason="it is odd",
        failed_at="2026-10-01T12:00:00+00:00",
        origin="inbound.v1",
        size_bytes=len(NUMBER) + len(b"what was said"),
    )
    assert "what was said" not in repr(slip(put_away(FIRST, 5)))


def test_the_parts_of_a_body_are_one_letter_whatever_stands_between_them() -> None:
    first, second, third = parts_of(b"abcdefgh", 3)
    between = as_record(dead_letter(FIRST, INGEST_DLQ, "odd", FAILED_AT), 7)

    found = letters("ingest", slips(first, between, second, third))

    assert [(letter.offsets, letter.parts, letter.complete) for letter in found] == [
        ((0, 1, 2), 3, True),
        ((7,), 0, True),
    ]


def test_a_body_that_was_set_aside_twice_is_one_letter_with_two_copies() -> None:
    parts = parts_of(b"abcdefgh", 4)
    copies = [
        as_record(Output(p.topic, 2, p.key, p.value, p.headers), p.offset + 10) for p in parts
    ]

    letter = one(*parts, *copies, service="ingest")

    assert (letter.offsets, letter.copies) == ((0, 1), frozenset({0, 1, 10, 11}))


def test_a_body_divided_twice_in_different_ways_is_two_letters() -> None:
    thirds, halves = parts_of(b"abcdef", 2), parts_of(b"abcdef", 3)
    moved = [
        as_record(Output(p.topic, 2, p.key, p.value, p.headers), p.offset + 10) for p in halves
    ]

    found = letters("ingest", slips(*thirds, *moved))

    assert [letter.offsets for letter in found] == [(0, 1, 2), (10, 11)]


def test_a_body_whose_first_part_is_gone_is_not_complete() -> None:
    assert not one(*parts_of(b"abcdefgh", 3)[1:], service="ingest").complete


def test_parts_make_the_body_again_or_say_that_they_do_not() -> None:
    parts = parts_of(b"abcdefgh", 3)

    assert body(parts) == b"abcdefgh"
    with pytest.raises(PoisonRecord, match="dlq_sha256"):
        body([parts[1], parts[0], parts[2]])


def test_a_letter_is_redriven_once_a_marker_stands_beside_it() -> None:
    record = put_away(FIRST, 5)
    mark = as_record(marker(one(record), "2026-10-02T08:00:00+00:00", act=True), 6)

    found = letters("router", slips(record, put_away(FIRST, 7), mark))

    assert [(letter.offsets, letter.redriven_at) for letter in found] == [
        ((5,), "2026-10-02T08:00:00+00:00"),
        ((7,), None),
    ]


def test_nobody_outside_can_write_a_marker() -> None:
    forged = Record(OUTBOUND, 3, 1, 0, b"redriven/5", None, (("dlq_redriven", b"5"),))

    found = letters("router", slips(put_away(FIRST, 5), put_away(forged, 6)))

    assert [letter.redriven_at for letter in found] == [None, None]


def test_the_original_is_as_it_was_and_where_its_key_belongs() -> None:
    assert original(put_away(FIRST, 5), LAYOUT) == Output(
        INBOUND, partition_for(NUMBER.decode(), 4), NUMBER, b"what was said", HEADERS
    )


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe"])
def test_without_a_key_that_can_be_read_it_goes_where_it_stood(key: bytes | None) -> None:
    record = Record(INBOUND, 3, 17, 0, key, b"x", ())

    found = original(put_away(record, 5), LAYOUT)

    assert (found.partition, found.key) == (3, key)


def test_what_came_from_no_topic_of_ours_cannot_be_written_again() -> None:
    record = Record(DLQ, 0, 1, 0, None, b"x", (("dlq_topic", b"else.v1"), ("dlq_reason", b"odd")))

    with pytest.raises(PoisonRecord, match=r"came from else\.v1, which is no topic of ours"):
        original(record, LAYOUT)


def test_what_was_too_large_to_be_kept_is_named_by_where_it_stands() -> None:
    large = Record(INBOUND, 3, 17, 0, NUMBER, b"x" * 3_000_000, HEADERS)

    with pytest.raises(
        PoisonRecord, match=r"too large to be kept here; it stands at inbound\.v1/3/17"
    ):
        original(put_away(large, 5), LAYOUT)


def test_what_is_redriven_says_whence_and_acts_only_when_told_to() -> None:
    record = put_away(FIRST, 5)
    letter, was = one(record), original(record, LAYOUT)

    quiet, loud = again(was, letter, act=False), again(was, letter, act=True)

    assert quiet.headers == (*HEADERS, ("saath_redriven", b"router.dlq.v1/3/5"))
    assert loud.headers == (*quiet.headers, ("saath_act", b"1"))
    assert [may_act(headers) for headers in (HEADERS, quiet.headers, loud.headers)] == [
        True, False, True,
    ]  # fmt: skip


def test_what_fails_again_and_is_redriven_again_says_so_once() -> None:
    once = again(original(put_away(FIRST, 5), LAYOUT), one(put_away(FIRST, 5)), act=True)
    failed_again = put_away(as_record(once, 40), 9)

    twice = again(original(failed_again, LAYOUT), one(failed_again), act=False)

    assert twice.headers[2:] == (("saath_redriven", f"router.dlq.v1/{once.partition}/9".encode()),)


def test_a_request_is_redriven_only_to_act() -> None:
    record = put_away(Record(OUTBOUND, 3, 17, 0, NUMBER, b"{}", ()), 5)

    with pytest.raises(PoisonRecord, match="say --act"):
        again(original(record, LAYOUT), one(record), act=False)

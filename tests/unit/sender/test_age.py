"""What is sent once: how long an id is remembered, and what is refused because it may be forgotten."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sender.facts import NOW, NUMBER, PHONE, TEMPLATE, TEXT, signed
from tests.unit.sender.test_intake import handler
from tests.unit.sender.test_sender import PARTITIONS, Partition, outcomes

from saath.codec import decode
from saath.events import MessageRefused
from saath.identity import uuid7, uuid7_seconds
from saath.kafka.records import ACTS, REDRIVEN, Record
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTCOMES, Topic
from saath_sender.age import TOO_OLD, WRITTEN_AT, moved, source_of
from saath_sender.intake import TOPICS, Intake
from saath_sender.settings import SenderSection

MINUTE = timedelta(minutes=1)
STAMP = int(NOW.timestamp() * 1000)


def made(ago: timedelta, n: int = 0) -> str:
    """An id of so long before ``NOW``."""
    return uuid7(int((NOW - ago).timestamp() * 1000), n)


@given(st.integers(0, (1 << 48) - 1), st.integers(0, (1 << 74) - 1))
def test_an_id_says_when_it_was_made(unix_ms: int, random_bits: int) -> None:
    assert uuid7_seconds(uuid7(unix_ms, random_bits)) == unix_ms / 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order-17",
        "t_4d2e",
        made(MINUTE)[:-1],
        made(MINUTE) + "0",
        made(MINUTE).replace("-", ""),
        "550e8400-e29b-41d4-a716-446655440000",
        "01234567-89ab-7def-c123-456789abcdef",
    ],
)
def test_another_id_says_nothing(text: str) -> None:
    assert uuid7_seconds(text) is None


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (made(timedelta(0)), True),
        (made(15 * MINUTE), True),
        (made(15 * MINUTE + timedelta(milliseconds=1)), False),
        (made(timedelta(days=30)), False),
        # A clock that is ahead is not for us to mend.
        (made(-60 * MINUTE), True),
        # What says nothing is taken as it always was.
        ("order-17", True),
    ],
)
def test_what_was_made_long_before_it_was_written_may_have_been_sent(name: str, left: bool) -> None:
    p = Partition()
    p.bulk(name)

    assert p.run(0.2) == ([name] if left else [])


def test_it_is_refused_by_name_and_so_is_each_of_its_messages() -> None:
    p = Partition()
    p.bulk(made(60 * MINUTE), messages=[TEMPLATE, TEMPLATE])
    found = [decode(o.headers, o.value) for o in p.commit() if o.topic is OUTCOMES]

    assert [(e.index, e.reason, e.pointer) for e in found if isinstance(e, MessageRefused)] == [
        (0, TOO_OLD, "/id"),
        (1, TOO_OLD, "/id"),
    ]
    assert TOO_OLD.startswith("too_old")


def test_a_turn_that_is_answered_late_by_its_own_id_is_not_too_old() -> None:
    p = Partition()
    p.replied(id=made(60 * MINUTE))

    assert p.run(0.2) == [made(60 * MINUTE)]


def test_what_merely_waited_in_kafka_is_not_too_old() -> None:
    p, names = Partition(), [made(timedelta(0), n) for n in range(6)]
    p.handler.open = False
    p.bulk(*names)
    p.commit()
    after = p.succeeded(seconds=2 * 3600)
    after.catch_up()

    assert after.run(1.0) == names


def test_a_repeat_that_waited_while_the_sender_was_down_is_known_still() -> None:
    p, name = Partition(), made(timedelta(0))
    p.bulk(name)
    first = p.run(0.2)
    p.commit()
    p.bulk(name)
    # It was written, and not read; two hours later there is a new owner.
    p.handler.books.positions[OUTBOUND_BULK.name] = 1
    p.state[b"~positions"] = b'{"outbound.bulk.v1":1}'
    after = p.succeeded(seconds=2 * 3600)
    after.commit()
    after.catch_up()

    assert (first, after.run(0.5)) == ([name], [])


def test_what_is_finished_is_forgotten_once_nothing_older_can_be_read() -> None:
    p, name = Partition(), made(timedelta(0))
    p.bulk(name)
    p.run(0.2)
    p.seconds += 3600
    p.commit()
    kept = p.handler.books.known(NUMBER, name)
    p.handler.books.read_to = p.now.wall.timestamp()
    p.commit()

    assert (kept is None, p.handler.books.known(NUMBER, name)) == (False, None)


def test_what_a_number_has_yet_to_read_again_may_be_a_repeat() -> None:
    p, name = Partition(), made(timedelta(0))
    p.bulk(name)
    p.run(0.2)
    p.seconds += 3600
    p.handler.books.read_to = p.now.wall.timestamp()
    p.handler.books.lane(OUTBOUND.name, NUMBER).unread_from = 0
    p.commit()

    assert p.handler.books.known(NUMBER, name) is not None


def test_a_turn_is_known_until_its_deadline_and_then_some() -> None:
    p, deadline = Partition(), NOW + 60 * MINUTE
    answer = {"turn": signed(turn="t_9", deadline=deadline), "messages": [TEXT]}
    p.asked(OUTBOUND, **answer)
    first = p.run(0.2)
    p.seconds += 59 * 60
    p.handler.books.read_to = p.now.wall.timestamp()
    p.commit()
    after = p.succeeded()
    after.handler.books.read_to = after.now.wall.timestamp()
    after.commit()
    after.asked(OUTBOUND, **answer)

    assert (first, after.run(0.2)) == (["t_9"], [])


def record(headers: Mapping[str, bytes], topic: Topic = OUTBOUND) -> Record:
    return Record(topic, 0, 7, STAMP, b"key", b"{}", tuple(headers.items()))


@pytest.mark.parametrize(
    ("said", "written_at"),
    [
        (None, NOW),
        (str(STAMP - 60_000).encode(), NOW - MINUTE),
        # Nobody makes a request younger than its record.
        (str(STAMP + 60_000).encode(), NOW),
        (b"yesterday", NOW),
        (b"9" * 400, NOW),
        (b"-1", NOW),
    ],
)
def test_what_was_moved_is_as_old_as_it_was(said: bytes | None, written_at: datetime) -> None:
    assert source_of(record({WRITTEN_AT: said} if said else {})).written_at == written_at


def test_moved_twice_it_is_as_old_as_the_first_time() -> None:
    once = moved(record({"a": b"b"}), NUMBER, PARTITIONS)
    twice = moved(record(dict(once.headers))._replace(timestamp_ms=STAMP + 9), NUMBER, PARTITIONS)

    assert once.headers == (("a", b"b"), (WRITTEN_AT, str(STAMP).encode()))
    assert twice == once


def test_a_request_in_the_wrong_partition_is_moved_with_its_age() -> None:
    p = Partition()
    other = next(
        str(n)
        for n in range(100)
        if moved(record({}), str(n), PARTITIONS)[1] != p.handler.partition
    )
    p.asked(OUTBOUND, id="r", number=other, to=PHONE, messages=[TEMPLATE], **{"class": "utility"})
    [forwarded] = [o for o in p.commit() if o.topic is OUTBOUND]

    assert dict(forwarded.headers) == {WRITTEN_AT: str(STAMP).encode()}


def test_whoever_redrives_a_request_and_says_that_it_may_act_vouches_for_it() -> None:
    redriven = {REDRIVEN: b"sender.dlq/0/1"}
    found = [source_of(record(h)).vouched for h in ({}, redriven, redriven | {ACTS: b"1"})]

    assert found == [False, False, True]


def test_where_ids_must_be_uuids_another_is_refused() -> None:
    p = Partition()
    p.handler.admission.at = replace(p.handler.at, rules=SenderSection(uuid7_required=True))
    p.bulk("order-17", made(timedelta(0)))
    p.replied()

    assert outcomes(p.commit()) == ["MessageRefused"]
    assert p.run(0.3) == ["t_1", made(timedelta(0))]


class Reader:
    """A reader that stands where it is told to."""

    def __init__(self, behind: Sequence[Topic]) -> None:
        self.behind = behind

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        return dict.fromkeys(topics, 5)

    async def position(self, topic: Topic) -> int:
        return 4 if topic in self.behind else 5


@pytest.mark.parametrize(
    ("behind", "read_to"), [((), "now"), ((OUTBOUND_BULK,), 7.0), (TOPICS, float("-inf"))]
)
def test_all_has_been_read_up_to_where_the_slowest_topic_was(
    behind: Sequence[Topic], read_to: object
) -> None:
    desk, before = handler(5), datetime.now(UTC).timestamp()
    reader = Reader(behind)
    intake = Intake(desk, reader, Reader(()), lambda: None)  # type: ignore[arg-type] # in memory
    intake._read_last[OUTBOUND_BULK] = 7.0

    asyncio.run(intake._note_how_far(reader))  # type: ignore[arg-type] # in memory

    found = desk.books.read_to
    assert ("now" if found >= before else found) == read_to


def test_an_id_of_a_clock_far_ahead_is_remembered_no_longer_than_any_and_keeps_no_other() -> None:
    p = Partition()
    p.bulk(made(timedelta(days=-3650)), "order-17")
    p.run(0.2)
    p.handler.books.read_to = (NOW + 2 * 15 * MINUTE + MINUTE).timestamp()
    p.commit()

    ledger = p.handler.books.ledger
    assert (ledger.requests(NUMBER), p.handler.books.known(NUMBER, "order-17")) == ([], None)


def test_where_every_id_must_say_when_it_was_made_one_of_the_future_says_nothing() -> None:
    p = Partition(rules=SenderSection(uuid7_required=True))
    ahead, too_far = made(-15 * MINUTE), made(-15 * MINUTE - timedelta(milliseconds=1))
    p.bulk(ahead, too_far)

    assert p.run(0.2) == [ahead]

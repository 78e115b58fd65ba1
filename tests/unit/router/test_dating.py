"""What is dated ahead of its time: logged with what it said, and believed for a minute of it."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.router.build import HOUR, at, backfilled, echoed, received, status
from tests.unit.router.partition import Partition, on, owned, types

from saath.codec import encode
from saath.dating import AHEAD_MAX, believed
from saath.events import Event, MessageReceived
from saath.topics import CONVERSATIONS, INBOUND

YEAR = 365 * 24 * HOUR
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
LATEST = AHEAD_MAX.total_seconds()


def test_a_message_that_is_dated_ahead_says_so_and_counts_from_now() -> None:
    (message, *_) = on(CONVERSATIONS, Partition().reads(received("m1", YEAR), now=5))

    assert (message.time, message.dated) == (at(5 + LATEST), at(YEAR))


@pytest.mark.parametrize("seconds", [-YEAR, 0, 5 + LATEST])
def test_what_is_dated_a_little_ahead_or_back_is_believed(seconds: float) -> None:
    (message, *_) = on(CONVERSATIONS, Partition().reads(received("m1", seconds), now=5))

    assert (message.time, message.dated) == (at(seconds), None)


def test_of_what_is_dated_ahead_the_earlier_is_not_later() -> None:
    times = [believed(received("m", s), at(0)).time for s in (LATEST - 1, LATEST, LATEST + 1, YEAR)]

    assert times == sorted(times)


def test_what_is_dated_ahead_makes_nothing_forgotten() -> None:
    partition = Partition()
    partition.reads(received("m1", 0), now=0)
    partition.reads(received("m2", YEAR), now=1)

    outputs = partition.reads(received("m1", 0), received("m2", YEAR), now=2)

    assert types(CONVERSATIONS, outputs) == []


def test_a_message_after_one_that_is_dated_ahead_is_answered() -> None:
    partition = Partition()
    partition.reads(received("m1", YEAR), now=0)

    (message, *_) = on(CONVERSATIONS, partition.reads(received("m2", 5), now=5))

    assert isinstance(message, MessageReceived)
    assert message.routed
    assert (message.routed.to, message.routed.rule) == ("bot", "bot_holds")


def test_a_person_whose_echo_is_dated_ahead_has_the_conversation_no_longer_than_others() -> None:
    (record,) = owned(Partition().reads(echoed("e1", YEAR), now=0))

    assert record.lease_until == at(LATEST + 12 * HOUR)


@pytest.mark.parametrize(
    "event", [received("m1", 0), echoed("e1", 0), status("read", "w1", 0), backfilled("h1", 0)]
)
def test_what_is_dated_to_the_end_of_all_time_is_no_poison(event: Event) -> None:
    dated = event.model_copy(update={"time": FOR_EVER})

    said = on(CONVERSATIONS, Partition().reads(dated, now=0))

    assert (said[0].time, said[0].dated) == (at(LATEST), FOR_EVER)


def test_what_waited_to_be_read_is_dated_by_when_it_was_written() -> None:
    partition = Partition()
    headers_and_value = partition.record(INBOUND, *encode(received("m1", YEAR)), 10)

    outputs = partition.batch([headers_and_value], at(300))

    assert on(CONVERSATIONS, outputs)[0].time == at(10) + timedelta(seconds=LATEST)

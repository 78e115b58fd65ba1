"""Nothing in memory grows for ever: a number that has long been silent is forgotten."""

import pytest
from tests.unit.sender.facts import NUMBER, PHONE
from tests.unit.sender.test_sender import Partition
from tests.unit.sender.test_shares import received

from saath.kafka.records import Record
from saath.topics import OUTBOUND_BULK
from saath_sender.choose import FORGET_EVERY_SECONDS
from saath_sender.results import Accepted, InDoubt, Pause, Result, SlowDown
from saath_sender.shelves import QUIET_SECONDS

LONG = QUIET_SECONDS + 2 * FORGET_EVERY_SECONDS


def known(p: Partition) -> set[str]:
    """The numbers that anything is remembered of."""
    p.handler.books.read_to = p.now.wall.timestamp()
    p.commit()
    pauses, doubts, ledger = p.handler.pausing._pauses, p.handler.doubts, p.handler.books.ledger
    return {*p.handler.books.numbers, *pauses._states, *doubts._heard, *ledger._closed}


@pytest.mark.parametrize("result", [Accepted("wamid.1"), SlowDown(3600.0)])
def test_a_number_that_has_sent_nothing_for_long_and_has_nothing_to_send_is_forgotten(
    result: Result,
) -> None:
    p = Partition()
    p.bulk("b0")
    p.send(result)
    p.seconds += 3601 if isinstance(result, SlowDown) else 0.0
    p.run(1.0)
    p.seconds += QUIET_SECONDS - FORGET_EVERY_SECONDS
    soon = known(p)
    p.seconds += LONG

    assert (soon, known(p)) == ({NUMBER}, set())


def test_customers_who_write_to_a_number_that_never_sends_fill_no_memory() -> None:
    p = Partition()
    p.from_meta(received())
    heard = known(p)
    p.seconds += LONG

    assert (heard, known(p)) == ({NUMBER}, set())


def test_a_key_that_is_no_number_of_ours_is_forgotten() -> None:
    p = Partition()
    stamp = int(p.now.wall.timestamp() * 1000)
    for n in range(50):
        p.handler.outbound_read(
            Record(OUTBOUND_BULK, 0, n, stamp, str(n).encode(), b"not JSON"), p.now
        )
    soon = known(p)
    p.seconds += LONG

    assert (len(soon) > 0, known(p)) == (True, set())


@pytest.mark.parametrize("result", [InDoubt("no answer"), Pause("everything", "locked", "person")])
def test_what_waits_keeps_its_number(result: Result) -> None:
    p = Partition()
    p.bulk("b0")
    p.send(result)
    p.seconds += 60.0
    work = p.handler.books.work(NUMBER)
    for _ in range(3):
        p.seconds += LONG
        p.commit()

    assert p.handler.books.work(NUMBER) is work


def test_a_number_that_is_slow_is_not_forgotten_before_it_has_its_pace_again() -> None:
    p = Partition()
    p.bulk("b0", to=PHONE)
    p.send(SlowDown(3 * LONG))
    p.seconds += 1.0
    [lane] = p.handler.books.work(NUMBER).lanes.values()
    [job] = lane.waiting.values()
    p.handler.books.give_back(job, p.seconds)
    p.handler.books.work(NUMBER).remove(job)
    lane.finish(job.origin.offset)
    p.seconds += LONG
    p.commit()

    assert p.handler.books.work(NUMBER).pace.next_at(p.seconds) > p.seconds + LONG

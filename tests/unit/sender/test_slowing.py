"""130429 slows a number: mildly at first, for less than a minute, and over a handover too."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import NUMBER
from tests.unit.sender.test_restart import new_owner
from tests.unit.sender.test_sender import Partition

from saath_sender.clock import Now
from saath_sender.results import SlowDown
from saath_sender.slowed import Slowed, decode_slowed, encode_slowed, parse_slowed_key, slowed_key


def slowed(seconds: float = 1.0) -> Partition:
    p = Partition()
    p.bulk("b0")
    p.send(SlowDown(seconds))
    p.commit()
    return p


def cap(p: Partition) -> int:
    p.commit()
    return p.handler.books.work(NUMBER).pace.effective_cap(p.seconds)


def kept(p: Partition) -> list[bytes]:
    return [key for key in p.state if key.startswith(b"slowed/")]


def test_a_record_of_it_is_read_back_as_it_was_written() -> None:
    record = Slowed(at=1.5, share=0.75, until=2.5)

    assert decode_slowed(encode_slowed(record)) == record
    assert [parse_slowed_key(key) for key in (slowed_key(NUMBER), f"pause/{NUMBER}/paid")] == [
        NUMBER,
        None,
    ]


@pytest.mark.parametrize(("seconds", "expected"), [(3.0, 16), (6.0, 17), (15.0, 20)])
def test_a_new_owner_goes_on_as_slowly_and_recovers_as_the_old_one_would_have(
    seconds: float, expected: int
) -> None:
    p = slowed()
    before, after = cap(p), new_owner(p, seconds)

    assert (before, cap(after)) == (15, expected)


def test_a_new_owner_waits_as_long_as_meta_has_asked_the_old_one_to() -> None:
    after = new_owner(slowed(60.0), seconds=20.0)
    after.commit()
    after.catch_up()
    after.handler.open = True

    assert (after.run(39.0), after.run(2.0)) == ([], ["b0"])


@pytest.mark.parametrize("owner", [lambda p: p, lambda p: new_owner(p, seconds=0.0)])
def test_it_is_forgotten_once_it_is_over(owner: Any) -> None:
    p = owner(slowed())
    during = kept(p)
    p.seconds += 15.0
    p.commit()

    assert (during, kept(p), cap(p)) == ([b"slowed/" + NUMBER.encode()], [], 20)


def test_what_was_under_way_together_is_written_down_once() -> None:
    p = Partition()
    for n in range(2):
        p.bulk(f"b{n}")
    p.commit()
    flights = p.fly()
    p.seconds += 0.05
    flights += p.fly()
    for flight in flights:
        p.chooser.answered(flight, SlowDown(1.0), p.now)

    assert sum(output.key == b"slowed/" + NUMBER.encode() for output in p.commit()) == 1


@pytest.mark.parametrize("owner", [lambda p: p, lambda p: new_owner(p, seconds=0.0)])
def test_a_wall_clock_that_is_set_back_makes_no_number_wait(owner: Any) -> None:
    p = owner(slowed())
    for hours in (0, 1, 2):
        p.chooser.begin(Now(p.seconds, p.now.wall - timedelta(hours=hours)))
    p.seconds += 1.0
    p.chooser.begin(Now(p.seconds, p.now.wall - timedelta(hours=3)))

    assert p.handler.books.work(NUMBER).pace.next_at(p.seconds) == p.seconds


def test_the_clock_of_the_machine_before_may_be_ahead() -> None:
    p = new_owner(slowed(), seconds=0.0)
    p.chooser.begin(Now(p.seconds, p.now.wall - timedelta(hours=1)))

    pace = p.handler.books.work(NUMBER).pace
    assert (pace.next_at(p.seconds), pace.effective_cap(p.seconds)) == (p.seconds + 1.0, 15)


def test_what_was_forgotten_is_not_restored() -> None:
    p = slowed()
    p.handler.books.restore(slowed_key(NUMBER).encode(), None)

    assert p.handler.books.slowed == {}

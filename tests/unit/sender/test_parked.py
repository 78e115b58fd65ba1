"""What of a lane is held for long, and known by its place alone."""

import tracemalloc

import pytest

from saath_sender.causes import Cause, InPause, InState
from saath_sender.parked import PARKED_BYTES, Parked
from saath_sender.scopes import Scope

PAID, MARKETING = InPause(Scope("paid")), InPause(Scope("marketing"))
GONE = InState("offboarded")
LATER = 2_000_000_000.0


def parked(*found: tuple[int, int, Cause]) -> Parked:
    """Offset, whom, and what holds it."""
    p = Parked()
    for offset, whom, cause in found:
        p.add(offset, whom, cause, LATER)
    return p


def read_again(p: Parked) -> list[int]:
    """All that is wanted, in the order in which it is read again."""
    found = []
    while (offset := p.wanted) is not None:
        p.take(offset)
        found.append(offset)
    return found


def test_what_a_cause_held_is_read_again_in_order_when_that_is_over_and_nothing_else() -> None:
    p = parked((5, 1, PAID), (3, 2, PAID), (4, 3, MARKETING), (9, 4, PAID))
    before = p.wanted
    p.open_where(lambda cause: cause == PAID)

    assert (before, read_again(p), p.offsets()) == (None, [3, 5, 9], [4])


def test_what_has_begun_anew_holds_the_rest_back_again() -> None:
    p = parked((3, 1, PAID), (5, 2, PAID))
    p.open_where(lambda _: True)
    p.take(3)
    p.open_where(lambda _: False)

    assert (p.wanted, p.first) == (None, 5)


def test_all_that_is_for_one_customer_is_called_whatever_holds_it() -> None:
    p = parked((3, 1, PAID), (4, 2, PAID), (5, 1, MARKETING), (6, 1, PAID))
    p.call(1)
    p.call(1)

    assert (read_again(p), p.offsets()) == ([3, 5, 6], [4])


def test_what_has_expired_is_called_and_what_was_taken_meanwhile_is_not() -> None:
    p = Parked()
    for offset, expires_at in enumerate((30.0, 10.0, 20.0, 10.0)):
        p.add(offset, offset, PAID, expires_at)
    p.take(3)
    p.expire(10.5)
    p.expire(21.0)

    assert (read_again(p), p.offsets()) == ([1, 2], [0])


@pytest.mark.parametrize(
    ("whom", "offset", "cause"),
    [(1, 4, MARKETING), (1, 3, None), (1, None, MARKETING), (2, 9, PAID), (3, 9, None)],
)
def test_what_stands_before_it_to_the_same_customer_says_what_it_waits_for(
    whom: int, offset: int | None, cause: Cause | None
) -> None:
    p = parked((7, 1, PAID), (3, 1, MARKETING), (5, 2, PAID))

    assert p.cause_before(whom, offset) == cause


def test_the_first_for_a_customer_gone_the_next_one_is_what_others_wait_for() -> None:
    p = parked((3, 1, PAID), (5, 1, MARKETING), (7, 1, PAID))
    seen = []
    for offset in (3, 5, 7):
        p.take(offset)
        seen.append(p.cause_before(1, 9))

    assert seen == [MARKETING, PAID, None]


def test_what_retention_took_is_forgotten() -> None:
    p = parked((3, 1, PAID), (5, 2, PAID), (7, 1, GONE))

    assert (p.drop_before(6), p.first, p.cause_before(1, None)) == (2, 7, GONE)


def test_parked_and_read_again_a_thousand_times_it_takes_no_more_memory() -> None:
    p = parked((1, 1, PAID), (9, 9, PAID))
    for _ in range(1000):
        p.call(9)
        p.take(p.wanted or 0)
        p.add(9, 9, PAID, LATER)

    assert max(len(p._expiring), len(p._called), len(p._groups[PAID].order)) < 100


def test_one_takes_as_much_memory_as_is_counted_for_it() -> None:
    count = 100_000
    p = Parked()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for n in range(count):
        p.add(10**9 + n, hash(f"+1650{n}"), PAID, LATER + n)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert 0.5 * PARKED_BYTES < taken / count <= PARKED_BYTES, taken / count


def test_a_customer_who_is_known_by_another_name_waits_for_the_first_of_both() -> None:
    p = parked((4, 1, PAID), (2, 2, MARKETING), (6, 2, PAID))
    p.rename(2, 1)
    p.call_next(1)

    assert (p.cause_before(1, 3), p.cause_before(2, None), p.wanted) == (MARKETING, None, 2)
    p.call(1)
    assert read_again(p) == [2, 4, 6]


def test_where_a_name_has_nothing_parked_nothing_is_renamed_or_called() -> None:
    p = parked((4, 1, PAID))
    p.rename(2, 1)
    p.rename(1, 1)
    p.call_next(2)

    assert (p.offsets(), p.wanted) == ([4], None)

"""The cap, against brute force. No clock: time is a number."""

from bisect import bisect_left
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from saath_sender.pace import Pace

MARGIN = 0.01


def most_in_any_second(left: Sequence[float]) -> int:
    """The most in any half-open second; one that starts at a departure holds the most."""
    times = sorted(left)
    return max((bisect_left(times, at + 1.0) - i for i, at in enumerate(times)), default=0)


def run(pace: Pace, delays: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """
    Choose as soon as allowed, and leave *delay* later, or later still if the door says so.

    *gaps* are idle times before each choice. What is delayed leaves between later ones.
    """
    now, left, under_way = 0.0, list[float](), list[tuple[float, float]]()
    for delay, gap in zip(delays, gaps, strict=True):
        now = max(now + gap, pace.next_at(now + gap))
        under_way.append((now + delay, pace.reserve(now)))
        left += _leave(pace, under_way, now)
    return left + _leave(pace, under_way, float("inf"))


def _leave(pace: Pace, under_way: list[tuple[float, float]], until: float) -> list[float]:
    left = []
    while under_way and min(under_way)[0] <= until:
        at, slot = under_way.pop(under_way.index(min(under_way)))
        wait = pace.wait(at)
        if wait > 0:
            under_way.append((at + wait, slot))
        else:
            pace.leave(slot, at)
            left.append(at)
    return left


seconds = st.floats(0, 3, allow_nan=False)
short = st.one_of(st.just(0.0), st.floats(0, 0.01), seconds)


@given(
    cap=st.integers(1, 40),
    steps=st.lists(st.tuples(short, st.one_of(st.just(0.0), seconds)), max_size=150),
)
def test_never_more_than_the_cap_leaves_in_any_second(
    cap: int, steps: list[tuple[float, float]]
) -> None:
    delays, gaps = [delay for delay, _ in steps], [gap for _, gap in steps]

    left = run(Pace(cap, MARGIN), delays, gaps)

    assert most_in_any_second(left) <= cap
    assert len(left) == len(steps)


def test_at_least_97_percent_of_the_cap_is_used_while_there_is_work() -> None:
    count = 2000

    left = run(Pace(20, MARGIN), [0.001] * count, [0.0] * count)

    assert (count - 1) / (left[-1] - left[0]) >= 0.97 * 20


def test_what_is_given_back_costs_nothing() -> None:
    pace = Pace(1, MARGIN)
    pace.give_back(pace.reserve(0.0))

    assert pace.next_at(0.0) == 0.0


def test_a_throttled_number_stops_for_a_second_and_recovers_in_a_minute() -> None:
    pace = Pace(20, MARGIN)
    pace.slow_down(100.0)

    caps = [pace.effective_cap(at) for at in (100.0, 130.0, 160.0)]

    assert (pace.next_at(100.0), caps) == (101.0, [10, 15, 20])


def test_refusals_of_what_was_under_way_together_slow_it_once() -> None:
    pace = Pace(20, margin=0.01)
    for at in (100.0, 100.2, 100.9):
        pace.slow_down(at)
    once = pace.effective_cap(100.9)
    pace.slow_down(101.5)

    assert (once, pace.effective_cap(101.5)) == (10, 5)


def test_it_is_chosen_no_earlier_than_it_may_leave_so_that_a_better_one_may_still_come() -> None:
    pace = Pace(2, MARGIN)
    for at in (0.0, 0.5):
        pace.leave(pace.reserve(at), at)

    assert pace.next_at(0.6) == 1.01

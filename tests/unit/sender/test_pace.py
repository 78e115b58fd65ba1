"""The cap, against brute force. No clock: time is a number."""

import random
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
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
# Of few, the second is full sooner.
caps = st.one_of(st.integers(1, 4), st.integers(1, 40))
short = st.one_of(st.just(0.0), st.floats(0, 0.01), seconds)


@given(
    cap=caps,
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


@pytest.mark.parametrize(("cap", "margin"), [(20, MARGIN), (5, MARGIN), (20, 0.5)])
def test_a_full_number_sends_evenly_so_that_whoever_comes_next_waits_for_one_slot(
    cap: int, margin: float
) -> None:
    chance = random.Random(1)
    delays = [chance.uniform(0, 0.002) for _ in range(400)]

    left = run(Pace(cap, margin), delays, [0.0] * len(delays))

    slot = (1 + margin) / cap
    assert max(after - before for before, after in pairwise(left)) < 1.5 * slot


def test_a_late_one_is_caught_up_with() -> None:
    late, sooner = Pace(20, MARGIN), Pace(20, MARGIN)
    for pace, delay in ((late, 0.04), (sooner, 0.0)):
        pace.leave(pace.reserve(0.0), 0.0)
        at = pace.next_at(0.0) + delay
        pace.leave(pace.reserve(at), at)

    assert [round(pace.next_at(0.0), 4) for pace in (late, sooner)] == [0.115, 0.0995]


def test_what_is_given_back_costs_nothing() -> None:
    pace = Pace(1, MARGIN)
    pace.give_back(pace.reserve(0.0))

    assert pace.next_at(0.0) == 0.0


@pytest.mark.parametrize("again", [1, 3])
def test_what_is_given_back_leaves_its_slot_to_the_next(again: int) -> None:
    pace = Pace(20, MARGIN)
    pace.leave(pace.reserve(0.0), 0.0)
    free = pace.next_at(0.0)
    for _ in range(again):
        pace.give_back(pace.reserve(free))

    assert pace.next_at(0.0) == pytest.approx(free)


def test_a_throttled_number_stops_for_a_second_and_has_its_pace_back_after_a_quarter_of_a_minute() -> (
    None
):
    pace = Pace(20, MARGIN)
    pace.slow_down(100.0)

    caps = [pace.effective_cap(at) for at in (100.0, 109.0, 114.9, 115.0)]

    assert (pace.next_at(100.0), caps) == (101.0, [15, 18, 19, 20])


def test_throttled_again_before_it_has_recovered_it_is_left_half_and_recovers_in_a_minute() -> None:
    pace, shares = Pace(20, MARGIN), list[float | None]()
    for at in range(100, 120, 2):
        shares.append(pace.slow_down(float(at)))

    caps = [pace.effective_cap(at) for at in (118.0, 145.0, 174.9, 175.0)]

    assert (shares[:3], shares[-1]) == (
        [0.75, pytest.approx((0.75 + 2 / 60) / 2), pytest.approx((0.75 + 6 / 60) / 4)],
        0.05,
    )
    assert caps == [1, 10, 19, 20]


def test_refusals_of_what_was_under_way_together_slow_it_once() -> None:
    pace = Pace(20, margin=0.01)
    for at in (100.0, 100.2, 100.9):
        pace.slow_down(at)
    once = pace.effective_cap(100.9)
    pace.slow_down(101.5)

    assert (once, pace.effective_cap(101.5)) == (15, 7)


def test_it_is_chosen_no_earlier_than_it_may_leave_so_that_a_better_one_may_still_come() -> None:
    pace = Pace(2, MARGIN)
    for at in (0.0, 0.5):
        pace.leave(pace.reserve(at), at)

    assert pace.next_at(0.6) == 1.01


# What may happen to a number, in any order: (what, a number that says which or how much).
happenings = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "choose", "door", "back", "slow", "hear", "cap", "wait"]),
        st.one_of(st.floats(0, 0.06), seconds),
    ),
    max_size=200,
)


@settings(deadline=None, max_examples=400)
@given(cap=caps, steps=happenings)
def test_whatever_happens_in_whatever_order_nothing_leaves_into_a_full_second(
    cap: int, steps: list[tuple[str, float]]
) -> None:
    pace, now, slots = Pace(cap, MARGIN), 0.0, list[float]()
    left, heard, wrong = list[float](), list[float](), list[tuple[int, int, int]]()
    for what, amount in steps:
        match what:
            case "choose":
                slots.append(pace.reserve(now))
            case "send" | "door" if slots and (what == "send" or pace.wait(now) <= 0):
                now += pace.wait(now)
                pace.leave(slots.pop(int(amount * 100) % len(slots)), now)
                left.append(now)
                ours = sum(at > now - 1 for at in left)
                theirs = sum(at > now - 1 for at in heard)
                allowed = pace.effective_cap(now)
                if ours > max(1, allowed - theirs):
                    wrong.append((ours, theirs, allowed))
            case "back" if slots:
                pace.give_back(slots.pop())
            case "slow":
                pace.slow_down(now, amount)
            case "hear":
                heard += [now] * int(amount * 10)
                for _ in range(int(amount * 10)):
                    pace.hear(now)
            case "cap":
                pace.cap = 1 + int(amount * 10)
            case _:
                now += amount

    assert wrong == []


def busy(pace: Pace, seconds: float, lateness: Iterator[float], arrivals: Sequence[float]) -> int:
    """
    A loop with work for all of it, whose timer is late and whose sends come to the door later still.

    How many left; customers write at *arrivals*.
    """
    now, count, hearing = 0.0, 0, deque(arrivals)
    while now < seconds:
        while hearing and hearing[0] <= now:
            pace.hear(hearing.popleft())
        if (at := pace.next_at(now)) > now:
            now = at + next(lateness)
            continue
        slot, door = pace.reserve(now), now + next(lateness) / 2
        while (wait := pace.wait(door)) > 0:
            door += wait + next(lateness)
        pace.leave(slot, door)
        now, count = door, count + 1
    return count


@pytest.mark.parametrize(("cap", "inbound"), [(1, 0), (5, 0), (20, 0), (5, 2), (20, 4), (20, 10)])
def test_at_least_97_percent_of_the_cap_is_used_with_a_timer_that_is_2_ms_late(
    cap: int, inbound: int
) -> None:
    chance, seconds = random.Random(1), 200
    lateness = iter(lambda: chance.uniform(0.001, 0.002), None)
    arrivals = sorted(chance.uniform(0, seconds) for _ in range(inbound * seconds))

    count = busy(Pace(cap, MARGIN), seconds, lateness, arrivals)

    assert count >= 0.97 * seconds * (cap - inbound)


def test_a_flood_of_customers_leaves_one_a_second() -> None:
    pace, left = Pace(20, MARGIN), list[float]()
    for tick in range(500):
        now = tick / 50
        pace.hear(now)
        if pace.next_at(now) <= now:
            pace.leave(pace.reserve(now), now)
            left.append(now)

    # Until the first second is full there is room; from then on one leaves as soon as the last is gone.
    assert [round(at, 2) for at in left if at > 0.5] == [
        round(0.26 + 1.02 * n, 2) for n in range(1, 10)
    ]


def test_a_burst_of_customers_is_over_after_a_second() -> None:
    pace = Pace(20, MARGIN)
    pace.leave(pace.reserve(0.0), 0.0)
    for _ in range(1000):
        pace.hear(0.5)

    assert (pace.next_at(0.6), pace.next_at(1.6)) == (1.01, 1.6)


def test_a_cap_that_is_lowered_holds_for_what_left_before_and_one_that_is_raised_at_once() -> None:
    pace = Pace(20, MARGIN)
    for n in range(20):
        pace.leave(pace.reserve(n / 20), n / 20)
    pace.cap = 5
    lowered = pace.next_at(1.0)
    pace.cap = 21
    raised = pace.next_at(1.0)

    # The fifth from the end left at 0.75.
    assert (lowered, raised) == (1.76, 1.0)


def test_of_what_is_under_way_the_oldest_makes_room_first() -> None:
    pace = Pace(2, MARGIN)
    for at in (0.0, 0.5):
        pace.reserve(at)

    assert pace.next_at(0.6) == 1.01


def test_what_is_given_back_out_of_turn_brings_nobody_forward() -> None:
    pace = Pace(20, MARGIN)
    first = pace.reserve(0.0)
    pace.reserve(pace.next_at(0.0))
    before = pace.next_at(0.0)
    pace.give_back(first)

    assert pace.next_at(0.0) == before

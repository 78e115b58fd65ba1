"""The sliding count, against the definition written out in full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saath_sandbox.limits import PairBudget, SlidingWindow

# Quarters are exact in binary, so "exactly one second apart" really is; and so coarse that
# it comes up all the time: the edge of the window is what this is about.
INSTANTS = st.integers(0, 4 * 4).map(lambda ticks: ticks / 4)


def busiest(arrivals: list[float], width: float = 1.0) -> int:
    """The definition: the fullest of all windows [t, t + width) that start at an arrival."""
    return max(
        (sum(start <= at < start + width for at in arrivals) for start in arrivals), default=0
    )


@given(st.lists(INSTANTS, max_size=80))
def test_the_peak_is_that_of_the_definition_in_whatever_order_arrivals_are_added(
    arrivals: list[float],
) -> None:
    window = SlidingWindow()

    for at in arrivals:
        window.add(at)

    assert window.peak == busiest(arrivals)


@given(st.lists(INSTANTS, max_size=80), st.integers(1, 20))
def test_admitting_while_there_is_room_never_lets_more_than_the_cap_into_a_second(
    arrivals: list[float], cap: int
) -> None:
    window, admitted = SlidingWindow(), []

    for at in arrivals:
        if window.busiest_with(at) <= cap:
            window.add(at)
            admitted.append(at)

    assert busiest(admitted) <= cap


@given(st.lists(INSTANTS, max_size=40), INSTANTS)
def test_nothing_is_refused_that_would_have_fitted(arrivals: list[float], at: float) -> None:
    window = SlidingWindow()
    for earlier in arrivals:
        window.add(earlier)

    with_it = [
        sum(start <= other < start + 1 for other in [*arrivals, at])
        for start in [*arrivals, at]
        if start <= at < start + 1
    ]

    assert window.busiest_with(at) == max(with_it)


@pytest.mark.parametrize(("second", "together"), [(1.0, 1), (0.984375, 2)])
def test_two_arrivals_exactly_a_second_apart_share_no_window(second: float, together: int) -> None:
    window = SlidingWindow()

    window.add(0.0)
    window.add(second)

    assert window.peak == together


def test_old_arrivals_are_forgotten_and_the_peak_is_kept() -> None:
    window = SlidingWindow()
    for index in range(3):
        window.add(index / 64)

    for second in range(100):
        window.add(100.0 + second)

    assert (window.peak, window.busiest_with(500.0)) == (3, 1)


def test_a_pair_has_a_burst_of_45_and_then_one_every_six_seconds() -> None:
    pair = PairBudget()

    at_once = sum(pair.take(0.0) for _ in range(60))
    later = [pair.take(at) for at in (5.0, 6.0, 6.5, 12.0)]

    assert (at_once, later) == (45, [False, True, False, True])

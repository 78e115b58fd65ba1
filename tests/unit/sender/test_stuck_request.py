"""One request that has to wait for long: the rest goes on past it, and the cursor stays small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sender.test_lanes import Owner, drain

from saath_sender import lanes
from saath_sender.causes import InState
from saath_sender.cursors import encode_cursor
from saath_sender.lanes import FINISHED_MAX, Lane, Limits


def past_a_stuck_one(count: int) -> Owner:
    """The first is never finished, all others are as soon as they are read."""
    owner = Owner(list(range(count)), Lane(Limits(500)), 0)
    for _ in range(count):
        owner.read_main()
        owner.finish(1) if len(owner.lane.waiting) > 1 else None
    return owner


def test_a_lane_goes_on_past_a_stuck_request_for_as_long_as_it_takes_and_its_cursor_is_small() -> (
    None
):
    owner = past_a_stuck_one(2 * FINISHED_MAX)

    cursor = owner.lane.cursor()
    assert cursor is not None
    assert (len(owner.done), len(encode_cursor(cursor)) < 10_000) == (2 * FINISHED_MAX - 1, True)


def test_a_lane_stops_where_what_is_finished_is_mixed_too_finely_with_what_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "FINISHED_MAX", 100)
    lane = Lane[int](Limits(500))
    read = 0
    while lane.read(read) == "loaded":
        lane.load(read, read, 1)
        if read % 2:
            lane.finish(read)
        else:
            lane.park(read, read, InState("offboarded"), 2e9)
        read += 1

    assert (read, lane.stopped, len(lane.finished)) == (200, True, 100)


def test_what_waits_behind_a_stuck_request_goes_on_when_that_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "FINISHED_MAX", 100)
    owner = past_a_stuck_one(150)
    owner.restart()
    owner.read_again()
    drain(owner)

    assert sorted(owner.done) == owner.log


steps = st.lists(
    st.tuples(st.sampled_from(["main", "again", "finish", "restart"]), st.integers(0, 50)),
    max_size=120,
)


@given(count=st.integers(0, 40), limit=st.integers(2, 6), steps=steps)
def test_nothing_is_lost_or_done_twice_however_little_may_be_finished_past_a_stuck_one(
    count: int, limit: int, steps: list[tuple[str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "FINISHED_MAX", 3)
        owner = Owner(list(range(count)), Lane(Limits(limit)), 0)
        for step, choice in steps:
            match step:
                case "main":
                    owner.read_main()
                case "again":
                    owner.read_again()
                case "finish":
                    owner.finish(choice)
                case _:
                    owner.restart()
        drain(owner)

    assert sorted(owner.done) == owner.log
    assert owner.lane.cursor() is None

"""What is finished beyond the first that is not, in as few words as it takes."""

from hypothesis import given
from hypothesis import strategies as st

from saath_sender.done import Done, done_of

MOST = 40


@given(
    unfinished=st.sets(st.integers(0, MOST)),
    offsets=st.sets(st.integers(0, MOST)),
    more=st.sets(st.integers(0, MOST)),
    known_to=st.none() | st.integers(0, MOST),
)
def test_what_is_put_together_says_the_same_of_everything_that_was_looked_at(
    unfinished: set[int], offsets: set[int], more: set[int], known_to: int | None
) -> None:
    done = Done(offsets - unfinished)
    known = sorted(o for o in unfinished if known_to is None or o < known_to)
    done.put_together(known, known_to)
    again = done_of(done.offsets, done.spans)
    again.offsets |= more - unfinished
    again.put_together(known, known_to)

    finished = (offsets | more) - unfinished
    told = {o for o in range(MOST + 1) if o in again}
    assert finished <= told
    # Between two that are finished nothing of the lane is unfinished: what stands there is another's.
    assert not told & unfinished


def test_spans_are_as_few_as_the_changes_from_one_to_the_other() -> None:
    done = Done({n for n in range(100) if n not in (10, 50)})
    done.put_together([10, 50], None)

    assert (done.spans, done.offsets) == ([(0, 9), (11, 49), (51, 99)], set())


def test_what_lies_beyond_what_was_looked_at_stays_as_it_is() -> None:
    done = Done({3, 4, 20, 22}, [(30, 40)])
    done.put_together([], 10)

    assert (done.spans, done.offsets) == ([(3, 4), (30, 40)], {20, 22})


def test_what_the_first_unfinished_says_anyway_is_forgotten() -> None:
    done = Done({3, 20}, [(1, 2), (5, 8), (10, 10), (12, 13)])
    done.forget(9)

    assert (done.offsets, done.spans) == ({20}, [(10, 10), (12, 13)])

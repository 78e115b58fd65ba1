"""A lane whose requests are parked and read again: any order of it, and any moment of restart."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sender.test_lanes import Owner

from saath_sender import done
from saath_sender.causes import InPause
from saath_sender.cursors import Cursor
from saath_sender.lanes import Lane, Limits, Memory
from saath_sender.parked import PARKED_BYTES
from saath_sender.scopes import Scope

PAID, MARKETING = InPause(Scope("paid")), InPause(Scope("marketing"))
LATER = 2e9


@dataclass
class Parking(Owner):
    """The same owner, who parks what it is told to, and never anything that others stand behind."""

    open: set[InPause] = field(default_factory=set)

    def park(self, choice: int) -> None:
        waiting = list(self.lane.waiting)
        if waiting:
            offset = waiting[choice % len(waiting)]
            self.lane.park(offset, choice, PAID if choice % 2 else MARKETING, LATER)

    def say(self, choice: int) -> None:
        cause = PAID if choice % 2 else MARKETING
        self.open ^= {cause}
        self.lane.parked.open_where(self.open.__contains__)

    def read_again(self) -> None:
        self.lane.parked.open_where(self.open.__contains__)
        if not self.lane.hungry:
            return
        start = self.lane.wanted_from or 0
        for offset in [o for o in self.log if start <= o < self.position]:
            match self.lane.read_again(offset):
                case "loaded":
                    self.lane.load(offset, offset, 1)
                case "behind":
                    return
        self.lane.caught_up()


STEPS = ["main", "again", "finish", "restart", "park", "park", "say"]
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 50)), max_size=150)


@given(
    gaps=st.lists(st.integers(1, 3), max_size=40),
    limit=st.integers(2, 6),
    most=st.integers(1, 9),
    steps=steps,
)
def test_nothing_is_lost_and_nothing_done_twice_whatever_is_parked_and_whenever_it_restarts(
    gaps: list[int], limit: int, most: int, steps: list[tuple[str, int]]
) -> None:
    log = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    owner = Parking(log, Lane(Limits(limit, parked=most)), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(done, "TOGETHER", 2)
        for step, choice in steps:
            match step:
                case "main":
                    owner.read_main()
                case "again":
                    owner.read_again()
                case "finish":
                    owner.finish(choice)
                case "park":
                    owner.park(choice)
                case "say":
                    owner.say(choice)
                case _:
                    owner.restart()
        owner.open = {PAID, MARKETING}
        for _ in range(8 * len(log) + 8):
            owner.read_main()
            owner.read_again()
            owner.finish(0)

    assert sorted(owner.done) == log
    assert owner.lane.cursor() is None


def test_what_is_parked_and_not_wanted_stays_and_what_is_comes_first_things_first() -> None:
    lane = Lane[int](Limits(10))
    for offset in range(6):
        lane.load(offset, offset, 1)
    for offset, cause in ((1, PAID), (2, MARKETING), (3, PAID), (5, PAID)):
        lane.park(offset, offset, cause, LATER)
    lane.parked.open_where(lambda cause: cause == PAID)
    # A reader that stands at 3 already when it becomes known that the pause is over.
    said = [lane.read_again(offset) for offset in (3, 5, 1, 2, 3, 5)]

    assert said == ["parked", "parked", "loaded", "parked", "loaded", "loaded"]


def test_a_lane_whose_work_is_held_back_reads_what_it_has_parked_all_the_same() -> None:
    lane = Lane[int](Limits(4, parked=2))
    for offset in range(3):
        lane.load(offset, offset, 1)
    for offset in (0, 1):
        lane.park(offset, offset, PAID, LATER)
    stopped = (lane.read(3), lane.stopped, lane.hungry)
    lane.parked.open_where(lambda _: True)

    assert stopped == ("behind", True, False)
    assert (lane.hungry, lane.wanted_from) == (True, 0)
    assert [lane.read_again(offset) for offset in range(4)] == [
        "loaded",
        "loaded",
        "finished",
        "loaded",
    ]


def test_no_more_of_what_is_parked_is_read_again_than_the_lane_may_hold() -> None:
    lane = Lane[int](Limits(2))
    for offset in range(3):
        lane.load(offset, offset, 1)
        lane.park(offset, offset, PAID, LATER)
    lane.parked.open_where(lambda _: True)
    said = []
    for offset in range(3):
        said.append(lane.read_again(offset))
        if said[-1] == "loaded":
            lane.load(offset, offset, 1)

    assert (said, lane.parked.offsets()) == (["loaded", "loaded", "behind"], [2])


def test_what_is_read_again_goes_before_what_stands_after_it() -> None:
    lane = Lane[int](Limits(10))
    for offset in (5, 9, 3, 7):
        lane.load(offset, offset, 1)

    assert [*lane.waiting] == [3, 5, 7, 9]


def test_where_what_is_parked_takes_its_half_of_the_memory_a_lane_parks_a_tenth() -> None:
    # Half of it is what twelve take.
    memory = Memory(2 * 12 * PARKED_BYTES)
    many, few = (Lane[int](Limits(100, memory=memory, parked=100)) for _ in range(2))
    for lane, count in ((many, 11), (few, 1)):
        for offset in range(count):
            lane.load(offset, offset, 1)
            lane.park(offset, offset, PAID, LATER)
    seen = (many.stopped, few.stopped, few.read(50))
    many.skip_to(1)

    assert (seen, many.stopped) == ((True, False, "loaded"), False)


def test_the_cursor_names_the_first_that_is_parked_and_spans_of_what_is_finished_beyond() -> None:
    lane = Lane[int](Limits(5000))
    for offset in range(3000):
        lane.load(offset, offset, 1)
    lane.park(10, 10, PAID, LATER)
    for offset in range(3000):
        if offset not in (10, 2500):
            lane.finish(offset)
    cursor = lane.cursor()
    assert cursor is not None
    restored = Lane[int].restored(Limits(10), cursor)

    assert (cursor.next, cursor.spans[0], cursor.parked) == (10, (11, 2010), 1)
    assert [o for o in range(3000) if not restored.is_finished(o)] == [10, 2500]


def test_a_lane_that_is_all_parked_has_a_cursor_and_is_remembered() -> None:
    lane = Lane[int](Limits(10))
    lane.load(4, 4, 1)
    lane.park(4, 4, PAID, LATER)

    assert (lane.clean, lane.cursor()) == (False, Cursor(4, parked=1))

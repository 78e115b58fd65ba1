"""Lanes and their cursors: any order of finishing, any moment of restart."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from saath_sender.cursors import Cursor
from saath_sender.lanes import Lane, Limits, Memory


@dataclass
class Owner:
    """One lane's owner, as the partition drives it; *log* are the offsets of this number."""

    log: list[int]
    lane: Lane[int]
    position: int
    done: list[int] = field(default_factory=list)

    def read_main(self) -> None:
        offset = next((o for o in self.log if o >= self.position), None)
        if offset is not None:
            if self.lane.read(offset) == "loaded":
                self.lane.load(offset, offset, 1)
            self.position = offset + 1

    def read_again(self) -> None:
        if not (self.lane.behind and self.lane.roomy):
            return
        start = self.lane.unread_from or 0
        for offset in [o for o in self.log if start <= o < self.position]:
            match self.lane.read_again(offset):
                case "loaded":
                    self.lane.load(offset, offset, 1)
                case "behind":
                    return
        self.lane.caught_up()

    def finish(self, choice: int) -> None:
        waiting = list(self.lane.waiting)
        if waiting:
            offset = waiting[choice % len(waiting)]
            self.done.append(offset)
            self.lane.finish(offset)

    def restart(self) -> None:
        """What is left after a crash is the position and the cursor."""
        cursor = self.lane.cursor()
        limits = self.lane.limits
        self.lane = Lane.restored(limits, cursor) if cursor else Lane(limits)


def drain(owner: Owner) -> None:
    for _ in range(4 * len(owner.log) + 4):
        owner.read_main()
        owner.read_again()
        owner.finish(0)


steps = st.lists(
    st.tuples(st.sampled_from(["main", "again", "finish", "restart"]), st.integers(0, 50)),
    max_size=120,
)


@given(gaps=st.lists(st.integers(1, 3), max_size=40), limit=st.integers(2, 6), steps=steps)
def test_nothing_is_lost_and_nothing_done_twice_whenever_it_restarts(
    gaps: list[int], limit: int, steps: list[tuple[str, int]]
) -> None:
    log = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    owner = Owner(log, Lane(Limits(limit)), 0)
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

    assert sorted(owner.done) == log
    assert owner.lane.cursor() is None


@given(limit=st.integers(2, 6), count=st.integers(0, 30))
def test_a_lane_never_holds_more_than_its_limit(limit: int, count: int) -> None:
    owner = Owner(list(range(count)), Lane(Limits(limit)), 0)
    for _ in range(count):
        owner.read_main()

    assert len(owner.lane.waiting) == min(limit, count)


def test_a_cursor_names_the_first_unfinished_and_what_is_finished_beyond_it() -> None:
    owner = Owner([3, 5, 9, 12], Lane(Limits(10)), 0)
    for _ in range(4):
        owner.read_main()
    owner.lane.finish(3)
    owner.lane.finish(9)

    assert owner.lane.cursor() == Cursor(5, (9,))


def test_a_lane_holds_so_many_bytes_at_most_but_one_request_however_large() -> None:
    lane = Lane[int](Limits(10, bytes=100))
    said = []
    for offset, size in enumerate((60, 60, 60)):
        said.append(lane.read(offset))
        if said[-1] == "loaded":
            lane.load(offset, offset, size)
    large = Lane[int](Limits(10, bytes=100))
    large.load(0, 0, 5000)

    assert (said, large.full) == (["loaded", "loaded", "behind"], True)


def test_where_memory_is_short_a_lane_reads_ahead_a_tenth_and_an_empty_one_something() -> None:
    memory = Memory(1000)
    paused, busy, empty = (Lane[int](Limits(50, memory=memory)) for _ in range(3))
    for lane in (paused, busy):
        offset = 0
        while lane.read(offset) == "loaded":
            lane.load(offset, offset, 40)
            offset += 1
    loaded = (len(paused.waiting), len(busy.waiting), empty.read(0))
    for offset in [*paused.waiting]:
        paused.finish(offset)

    assert loaded == (25, 5, "loaded")
    assert (memory.held, memory.short, paused.roomy) == (200, False, True)

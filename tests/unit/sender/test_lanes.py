"""Lanes and their cursors: any order of finishing, any moment of restart."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from saath_sender.lanes import Cursor, Lane


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
                self.lane.waiting[offset] = offset
            self.position = offset + 1

    def read_again(self) -> None:
        if not (self.lane.behind and self.lane.roomy):
            return
        start = self.lane.unread_from or 0
        for offset in [o for o in self.log if start <= o < self.position]:
            match self.lane.read_again(offset):
                case "loaded":
                    self.lane.waiting[offset] = offset
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
        limit = self.lane.limit
        self.lane = Lane.restored(limit, cursor) if cursor else Lane(limit)


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
    owner = Owner(log, Lane(limit), 0)
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
    owner = Owner(list(range(count)), Lane(limit), 0)
    for _ in range(count):
        owner.read_main()

    assert len(owner.lane.waiting) == min(limit, count)


def test_a_cursor_names_the_first_unfinished_and_what_is_finished_beyond_it() -> None:
    owner = Owner([3, 5, 9, 12], Lane(10), 0)
    for _ in range(4):
        owner.read_main()
    owner.lane.finish(3)
    owner.lane.finish(9)

    assert owner.lane.cursor() == Cursor(5, (9,))

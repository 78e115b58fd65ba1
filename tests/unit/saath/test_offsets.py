"""What may be committed: never past anything unfinished, however records end."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from saath.client.offsets import OffsetTracker, Progress


class Tracking(RuleBasedStateMachine):
    """Records begin in rising order with gaps, end in any order, and come again."""

    unfinished = Bundle("unfinished")

    def __init__(self) -> None:
        super().__init__()
        self.tracker = OffsetTracker()
        self.begun: list[int] = []
        self.finished: set[int] = set()
        self.positions: list[int] = []

    @rule(target=unfinished, gap=st.integers(0, 5))
    def begin(self, gap: int) -> int:
        offset = (self.begun[-1] + 1 if self.begun else 0) + gap
        assert self.tracker.begin(offset)
        self.begun.append(offset)
        return offset

    @rule(offset=consumes(unfinished))
    def finish(self, offset: int) -> None:
        self.tracker.finish(offset)
        self.finished.add(offset)

    @rule(data=st.data())
    def come_again(self, data: st.DataObject) -> None:
        if self.begun:
            assert not self.tracker.begin(data.draw(st.integers(0, self.begun[-1])))

    @invariant()
    def the_position_is_the_first_unfinished_or_the_end(self) -> None:
        waiting = [offset for offset in self.begun if offset not in self.finished]
        end = self.begun[-1] + 1 if self.begun else None
        assert self.tracker.position == (waiting[0] if waiting else end)

    @invariant()
    def the_position_never_goes_back(self) -> None:
        if self.tracker.position is not None:
            self.positions.append(self.tracker.position)
        assert self.positions == sorted(self.positions)


test_only_a_contiguous_run_of_finished_offsets_is_committed = Tracking.TestCase


def test_only_what_moved_is_committed_again() -> None:
    progress = Progress()
    progress.begin(0, 10)
    progress.begin(1, 20)
    first = progress.uncommitted()
    progress.committed(first)

    progress.finish(1, 20)

    assert (first, progress.uncommitted()) == ({0: 10, 1: 20}, {1: 21})


def test_a_lost_partition_is_forgotten_and_what_ends_of_it_later_is_nobodys() -> None:
    progress = Progress()
    progress.begin(0, 10)
    progress.begin(1, 20)

    lost = progress.keep({1})
    progress.finish(0, 10)

    assert (set(lost), progress.uncommitted()) == ({0}, {1: 20})


def test_a_partition_that_came_back_starts_afresh() -> None:
    progress = Progress()
    progress.begin(0, 10)
    progress.keep(())

    assert progress.begin(0, 5)
    assert progress.uncommitted() == {0: 5}

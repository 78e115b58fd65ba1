"""Up to where each partition is finished, when its records finish in any order. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


class OffsetTracker:
    """
    The offsets of one partition that were begun and not finished.

    Only a contiguous run of finished ones may be committed: what is committed is never read again.
    """

    def __init__(self) -> None:
        self._open: dict[int, None] = {}  # in the order begun, which is rising
        self._next: int | None = None

    def begin(self, offset: int) -> bool:
        """Note that *offset* is in hand; false when it was before, as after a rebalance."""
        if self._next is not None and offset < self._next:
            return False
        self._open[offset] = None
        self._next = offset + 1
        return True

    def finish(self, offset: int) -> None:
        """Note that *offset* need not be read again."""
        self._open.pop(offset, None)

    @property
    def position(self) -> int | None:
        """The offset to commit: the first that is not finished; ``None`` before any was begun."""
        return next(iter(self._open), self._next)


@dataclass(slots=True)
class Progress:
    """The trackers of the partitions that are ours, and what was committed of them."""

    _trackers: dict[int, OffsetTracker] = field(default_factory=dict)
    _committed: dict[int, int] = field(default_factory=dict)

    def begin(self, partition: int, offset: int) -> bool:
        """Note that a record is in hand; false when it was before."""
        return self._trackers.setdefault(partition, OffsetTracker()).begin(offset)

    def finish(self, partition: int, offset: int) -> None:
        """Note that a record need not be read again."""
        if tracker := self._trackers.get(partition):
            tracker.finish(offset)

    def keep(self, ours: Collection[int]) -> frozenset[int]:
        """Forget the partitions that are not among *ours*; return those that were lost."""
        lost = frozenset(self._trackers.keys() - ours)
        for partition in lost:
            del self._trackers[partition]
            self._committed.pop(partition, None)
        return lost

    def uncommitted(self) -> dict[int, int]:
        """The offsets to commit: those that have moved since the last time."""
        positions = {p: tracker.position for p, tracker in self._trackers.items()}
        return {
            p: offset
            for p, offset in positions.items()
            if offset is not None and offset != self._committed.get(p)
        }

    def committed(self, positions: Mapping[int, int]) -> None:
        """Note that the broker has *positions*."""
        self._committed.update(positions)

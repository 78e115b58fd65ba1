"""
What of one lane is finished beyond the first that is not: offsets, and spans of them. Pure.

A span says that nothing of the lane between its ends is unfinished; other numbers' records may stand
there too. So what goes on for hours past something that is held stays small, in memory and on disk.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]

# So many offsets are put together at a time: it takes a look at all that is unfinished.
TOGETHER = 1000


@dataclass(slots=True)
class Done:
    """``spans`` are in order, and do not touch each other's insides."""

    offsets: set[int] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)
    _together_at: int = TOGETHER

    def __contains__(self, offset: int) -> bool:
        return offset in self.offsets or self._in_a_span(offset)

    def __len__(self) -> int:
        """How many offsets and spans it takes to say it."""
        return len(self.offsets) + len(self.spans)

    @property
    def many(self) -> bool:
        """True when there are so many offsets that it is worth while to make spans of them."""
        return len(self.offsets) >= self._together_at

    def add(self, offset: int) -> None:
        """It is finished, too."""
        self.offsets.add(offset)

    def clear(self) -> None:
        """All of the lane is finished, and there is nothing beyond."""
        self.offsets.clear()
        self.spans.clear()

    def forget(self, first: int) -> None:
        """Nothing before *first* is unfinished."""
        if self.offsets:
            self.offsets = {offset for offset in self.offsets if offset > first}
        while self.spans and self.spans[0][1] < first:
            del self.spans[0]

    def put_together(self, unfinished: Sequence[int], known_to: int | None) -> None:
        """
        Make spans of the offsets.

        *unfinished* is all of the lane, in order, before *known_to*; beyond that nobody has looked.
        """
        end = float("inf") if known_to is None else known_to
        near = [(offset, offset) for offset in self.offsets if offset < end]
        far = [offset for offset in self.offsets if offset >= end]
        spans: list[Span] = []
        for first, last in sorted([*near, *self.spans]):
            if spans and first <= end and not _any_between(unfinished, spans[-1][1], first):
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))
        self.spans, self.offsets = spans, set(far)
        self._together_at = len(far) + TOGETHER

    def _in_a_span(self, offset: int) -> bool:
        at = bisect_right(self.spans, (offset, float("inf")))
        return at > 0 and offset <= self.spans[at - 1][1]


def done_of(offsets: Iterable[int], spans: Iterable[Span]) -> Done:
    """As the last owner wrote it down."""
    return Done(set(offsets), sorted(spans))


def _any_between(unfinished: Sequence[int], after: int, before: int) -> bool:
    at = bisect_left(unfinished, after)
    return at < len(unfinished) and unfinished[at] < before

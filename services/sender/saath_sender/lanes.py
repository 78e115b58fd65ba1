"""
A lane: one number's requests on one topic, in order. Pure.

A cursor is not a prefix: what is finished beyond the first unfinished one is remembered too, so a
request that has to wait pins nobody. A lane holds so many at most; the rest stays in Kafka and is
read again, from where the lane stopped reading, when there is room.
"""

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Read = Literal["loaded", "finished", "behind"]

# How far a lane goes on past one that is stuck (a customer that Meta throttles, a slow retry): at
# 20 a second this is over 8 minutes, and a cursor of 100 KB in every transaction.
FINISHED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """All below ``next`` is finished, and these beyond it. A lane without a cursor is all finished."""

    next: int
    finished: tuple[int, ...] = ()


@dataclass(slots=True)
class Lane(Generic[T]):
    """``waiting`` is what is loaded and unfinished, by offset; ``unread_from`` what is to be read again."""

    limit: int
    waiting: dict[int, T] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    unread_from: int | None = None

    @classmethod
    def restored(cls, limit: int, cursor: Cursor) -> "Lane[T]":
        """A lane as its last owner left it: all of it is to be read again."""
        return cls(limit, finished=set(cursor.finished), unread_from=cursor.next)

    @property
    def behind(self) -> bool:
        """True while a part of the lane is in Kafka only."""
        return self.unread_from is not None

    @property
    def roomy(self) -> bool:
        """True when it is worth while to read some more again: reading a few at a time is dear."""
        return len(self.waiting) <= self.limit // 2 and not self._spread

    @property
    def clean(self) -> bool:
        """True when nothing is unfinished: the lane need not be remembered."""
        return not self.waiting and not self.behind

    def read(self, offset: int) -> Read:
        """
        The main reader has come to *offset*: say what to do with it.

        ``loaded``: put it into ``waiting``. ``behind``: leave it, it will be read again, because
        what stands before it has not been loaded or because the lane is full.
        """
        if self.behind:
            return "behind"
        if offset in self.finished:
            return "finished"
        if self._full:
            self.unread_from = offset
            return "behind"
        return "loaded"

    def read_again(self, offset: int) -> Read:
        """The same for a reader that started at ``unread_from`` or before it, and skipped nothing."""
        if self.unread_from is None or offset < self.unread_from:
            return "finished"
        if offset not in self.finished and self._full:
            return "behind"
        self.unread_from = offset + 1
        return "finished" if offset in self.finished else "loaded"

    def is_finished(self, offset: int) -> bool:
        """Whether *offset*, which was read before, is done."""
        first = self._first_unfinished()
        return first is None or offset < first or offset in self.finished

    def caught_up(self) -> None:
        """The second reader has come to where the main reader stands."""
        self.unread_from = None
        self._forget()

    def skip_to(self, offset: int) -> None:
        """What stands before *offset* and was to be read again is no more."""
        if self.unread_from is not None and self.unread_from < offset:
            self.unread_from = offset
            self._forget()

    def finish(self, offset: int) -> None:
        """*offset* is done, in whatever order."""
        first = self._first_unfinished()
        self.waiting.pop(offset, None)
        self.finished.add(offset)
        if first is None or offset <= first:
            self._forget()

    def cursor(self) -> Cursor | None:
        """Where to read on after a restart; ``None`` when all that was read is finished."""
        first = self._first_unfinished()
        return None if first is None else Cursor(first, tuple(sorted(self.finished)))

    @property
    def _full(self) -> bool:
        return len(self.waiting) >= self.limit or self._spread

    @property
    def _spread(self) -> bool:
        """Too much is finished behind one that is not."""
        return bool(self.waiting) and len(self.finished) >= FINISHED_MAX

    def _first_unfinished(self) -> int | None:
        loaded = next(iter(self.waiting), None)
        if loaded is None or self.unread_from is None:
            return self.unread_from if loaded is None else loaded
        return min(loaded, self.unread_from)

    def _forget(self) -> None:
        """Drop what the cursor's ``next`` says anyway."""
        first = self._first_unfinished()
        if first is None:
            self.finished.clear()
        elif self.finished:
            self.finished = {offset for offset in self.finished if offset > first}

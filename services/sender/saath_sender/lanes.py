"""
A lane: one number's requests on one topic, in order. Pure.

A cursor is not a prefix: what is finished beyond the first unfinished one is remembered too, so a
request that has to wait pins nobody. A lane holds so many at most, and so many bytes; the rest stays
in Kafka and is read again, from where the lane stopped reading, when there is room.
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
class Memory:
    """
    What all lanes of a partition hold together, in bytes, against the most that they should.

    Beyond that nobody reads ahead more than a tenth of what a lane may hold: one number's backlog, or
    that of many that are paused, keeps no other's from being read.
    """

    limit: int
    held: int = 0

    @property
    def short(self) -> bool:
        """True when there is no more of it."""
        return self.held >= self.limit


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a lane may hold."""

    records: int
    bytes: int = 2 * 1024 * 1024
    memory: Memory = field(default_factory=lambda: Memory(64 * 1024 * 1024))


@dataclass(slots=True)
class Lane(Generic[T]):
    """``waiting`` is what is loaded and unfinished, by offset; ``unread_from`` what is to be read again."""

    limits: Limits
    waiting: dict[int, T] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    unread_from: int | None = None
    _bytes: int = 0
    _sizes: dict[int, int] = field(default_factory=dict)

    @classmethod
    def restored(cls, limits: Limits, cursor: Cursor) -> "Lane[T]":
        """A lane as its last owner left it: all of it is to be read again."""
        return cls(limits, finished=set(cursor.finished), unread_from=cursor.next)

    @property
    def behind(self) -> bool:
        """True while a part of the lane is in Kafka only."""
        return self.unread_from is not None

    @property
    def roomy(self) -> bool:
        """True when it is worth while to read some more again: reading a few at a time is dear."""
        return self._holds_less_than(0.5)

    @property
    def full(self) -> bool:
        """True when it may not hold more."""
        return not self._holds_less_than(1.0)

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
        if self.full:
            self.unread_from = offset
            return "behind"
        return "loaded"

    def read_again(self, offset: int) -> Read:
        """The same for a reader that started at ``unread_from`` or before it, and skipped nothing."""
        if self.unread_from is None or offset < self.unread_from:
            return "finished"
        if offset not in self.finished and self.full:
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
        if self.waiting.pop(offset, None) is not None:
            size = self._sizes.pop(offset)
            self._bytes -= size
            self.limits.memory.held -= size
        self.finished.add(offset)
        if first is None or offset <= first:
            self._forget()

    def cursor(self) -> Cursor | None:
        """Where to read on after a restart; ``None`` when all that was read is finished."""
        first = self._first_unfinished()
        return None if first is None else Cursor(first, tuple(sorted(self.finished)))

    def load(self, offset: int, item: T, size: int) -> None:
        """Hold what was read at *offset*, which takes *size* bytes."""
        self.waiting[offset], self._sizes[offset] = item, size
        self._bytes += size
        self.limits.memory.held += size

    def _holds_less_than(self, share: float) -> bool:
        limits = self.limits
        share = share / 10 if limits.memory.short else share
        if not self.waiting:
            return True
        few = len(self.waiting) < limits.records * share and self._bytes < limits.bytes * share
        return few and not self._spread

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

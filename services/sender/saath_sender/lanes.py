"""
A lane: one number's requests on one topic, in order. Pure.

A cursor is not a prefix: what is finished beyond the first unfinished one is remembered too, so a
request that has to wait pins nobody. A lane holds so many at most, and so many bytes; the rest stays
in Kafka and is read again, from where the lane stopped reading, when there is room. What is held for
long is parked, and read again when that is over; so the lane reads on past it.
"""

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from saath_sender.causes import Cause
from saath_sender.cursors import Cursor
from saath_sender.done import Done, done_of
from saath_sender.parked import PARKED_BYTES, Parked

T = TypeVar("T")

Read = Literal["loaded", "finished", "behind", "parked"]

# How finely what is finished may be mixed with what is not: each change from one to the other is in
# the cursor, and so many of them are 200 KB in every transaction.
FINISHED_MAX = 10_000


@dataclass(slots=True)
class Memory:
    """
    What all lanes of a partition hold together, in bytes, against the most that they should.

    Beyond that nobody reads ahead more than a tenth of what a lane may hold: one number's backlog, or
    that of many that are paused, keeps no other's from being read. ``parked`` is what is parked takes
    besides, half as much at the most; beyond that a lane parks a tenth as many.
    """

    limit: int
    held: int = 0
    parked: int = 0

    @property
    def short(self) -> bool:
        """True when there is no more of it."""
        return self.held >= self.limit

    @property
    def parked_short(self) -> bool:
        """True when what is parked takes as much as it may."""
        return 2 * self.parked >= self.limit


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a lane may hold."""

    records: int
    bytes: int = 2 * 1024 * 1024
    memory: Memory = field(default_factory=lambda: Memory(64 * 1024 * 1024))
    parked: int = 100_000


@dataclass(slots=True)
class Lane(Generic[T]):
    """
    ``waiting`` is what is loaded and unfinished, by offset and in order; ``parked`` what is neither.

    All before ``unread_from`` is one of the two, or finished; from there on it is to be read again.
    """

    limits: Limits
    waiting: dict[int, T] = field(default_factory=dict)
    finished: Done = field(default_factory=Done)
    unread_from: int | None = None
    parked: Parked = field(default_factory=Parked)
    _bytes: int = 0
    _sizes: dict[int, int] = field(default_factory=dict)

    @classmethod
    def restored(cls, limits: Limits, cursor: Cursor) -> "Lane[T]":
        """A lane as its last owner left it: all of it is to be read again."""
        finished = done_of(cursor.finished, cursor.spans)
        return cls(limits, finished=finished, unread_from=cursor.next)

    @property
    def behind(self) -> bool:
        """True while the main reader has passed what the lane does not know."""
        return self.unread_from is not None

    @property
    def wanted_from(self) -> int | None:
        """Where the second reader has to begin for this lane; ``None`` where it has nothing to read."""
        found = [at for at in (self.parked.wanted, self.unread_from) if at is not None]
        return min(found, default=None)

    @property
    def hungry(self) -> bool:
        """True when there is something to read again, and room for it."""
        unread = self.behind and not self.stopped
        return not self._holds_so_much_as(1.0) and (unread or self.parked.wanted is not None)

    @property
    def roomy(self) -> bool:
        """True when it is worth while to read some more again: reading a few at a time is dear."""
        return self.hungry and not self._holds_so_much_as(0.5)

    @property
    def crowded(self) -> bool:
        """True when what is held for long must make room. It is less than what keeps it from reading."""
        return self._holds_so_much_as(0.25)

    @property
    def full(self) -> bool:
        """True when it may not hold more."""
        return self.stopped or self._holds_so_much_as(1.0)

    @property
    def stopped(self) -> bool:
        """True when so many are parked, or so much is finished between them, that it reads no further."""
        if self.spread or not self.parked:
            return self.spread
        limits = self.limits
        most = limits.parked / 10 if limits.memory.parked_short else limits.parked
        return len(self.parked) >= most

    @property
    def spread(self) -> bool:
        """Too much is finished behind one that is not."""
        return len(self.finished) >= FINISHED_MAX and bool(self.waiting or self.parked)

    @property
    def clean(self) -> bool:
        """True when nothing is unfinished: the lane need not be remembered."""
        return not (self.waiting or self.behind or self.parked)

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
        """
        The same for a reader that started at ``wanted_from`` or before it, and skipped nothing.

        ``parked``: it stays so. What is wanted of it is loaded in order: what stands before it is first.
        """
        if offset in self.parked:
            return self._read_parked(offset)
        if self.unread_from is None or offset < self.unread_from:
            return "finished"
        if offset not in self.finished and self.full:
            return "behind"
        self.unread_from = offset + 1
        return "finished" if offset in self.finished else "loaded"

    def has(self, offset: int) -> bool:
        """Whether *offset* was read and is not done, as far as is known."""
        return offset in self.waiting or offset in self.parked

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
        self.limits.memory.parked -= PARKED_BYTES * self.parked.drop_before(offset)
        if self.unread_from is not None and self.unread_from < offset:
            self.unread_from = offset
        self._forget()

    def finish(self, offset: int) -> None:
        """*offset* is done, in whatever order."""
        first = self._first_unfinished()
        self._unload(offset)
        self.finished.add(offset)
        if first is None or offset <= first:
            self._forget()
        if self.finished.many:
            unfinished = sorted([*self.waiting, *self.parked.offsets()])
            self.finished.put_together(unfinished, self.unread_from)

    def cursor(self) -> Cursor | None:
        """Where to read on after a restart; ``None`` when all that was read is finished."""
        first, done = self._first_unfinished(), self.finished
        if first is None:
            return None
        parked = len(self.parked)
        return Cursor(first, tuple(sorted(done.offsets)), tuple(done.spans), parked, self.stopped)

    def load(self, offset: int, item: T, size: int) -> None:
        """Hold what was read at *offset*, which takes *size* bytes."""
        last = next(reversed(self.waiting), offset)
        self.waiting[offset], self._sizes[offset] = item, size
        if offset < last:
            self.waiting = dict(sorted(self.waiting.items()))
        self._bytes += size
        self.limits.memory.held += size

    def park(self, offset: int, whom: int, cause: Cause, expires_at: float) -> None:
        """*cause* holds what is loaded from *offset*, for long: it makes room."""
        self._unload(offset)
        self.parked.add(offset, whom, cause, expires_at)
        self.limits.memory.parked += PARKED_BYTES

    def _read_parked(self, offset: int) -> Read:
        if offset != self.parked.wanted:
            return "parked"
        if self._holds_so_much_as(1.0):
            return "behind"
        self.parked.take(offset)
        self.limits.memory.parked -= PARKED_BYTES
        return "loaded"

    def _unload(self, offset: int) -> None:
        if self.waiting.pop(offset, None) is not None:
            size = self._sizes.pop(offset)
            self._bytes -= size
            self.limits.memory.held -= size

    def _holds_so_much_as(self, share: float) -> bool:
        """An empty one never does: it may always take one request, however large."""
        limits = self.limits
        share = share / 10 if limits.memory.short else share
        many = len(self.waiting) >= limits.records * share or self._bytes >= limits.bytes * share
        return bool(self.waiting) and many

    def _first_unfinished(self) -> int | None:
        found = (next(iter(self.waiting), None), self.unread_from, self.parked.first)
        return min((each for each in found if each is not None), default=None)

    def _forget(self) -> None:
        """Drop what the cursor's ``next`` says anyway."""
        first = self._first_unfinished()
        if first is None:
            self.finished.clear()
        else:
            self.finished.forget(first)

"""
What of one lane is held back for long: known by its place in Kafka and by whom it is for. Pure.

A request at work takes kilobytes; one that waits for a pause to end need not be at work. It is read
again when what holds it is over, when its time is, or when its customer's conversation has changed.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from saath_sender.causes import Cause

# What one takes here, as measured and rounded up; see the test.
PARKED_BYTES = 256
# A heap may hold as many again that are parked no more, and a few.
STALE = 64
_OFFSET_BITS = 44


@dataclass(slots=True)
class _Group:
    """What one cause holds: whom each offset is for, and the offsets as a heap. ``open``: it is over."""

    whom: dict[int, int] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    open: bool = False


@dataclass(slots=True)
class Parked:
    """
    One lane's. ``whom`` names a customer by a number.

    Two customers who have the same number by chance wait for one another, which does no harm.
    """

    _groups: dict[Cause, _Group] = field(default_factory=dict)
    _of: dict[int, int | list[int]] = field(default_factory=dict)
    _expiring: list[int] = field(default_factory=list)
    _called: list[int] = field(default_factory=list)
    _calling: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return sum(len(group.whom) for group in self._groups.values())

    def __bool__(self) -> bool:
        return bool(self._groups)

    def __contains__(self, offset: int) -> bool:
        return any(offset in group.whom for group in self._groups.values())

    def add(self, offset: int, whom: int, cause: Cause, expires_at: float) -> None:
        """*cause* holds what stands at *offset*; it expires then, in unix seconds."""
        group = self._groups.setdefault(cause, _Group())
        group.whom[offset] = whom
        heappush(group.order, offset)
        heappush(self._expiring, int(expires_at) << _OFFSET_BITS | offset)
        others = self._of.get(whom)
        if others is None:
            self._of[whom] = offset
        elif isinstance(others, list):
            insort(others, offset)
        else:
            self._of[whom] = sorted((others, offset))
        self._tidy(group)

    def take(self, offset: int) -> None:
        """It is read again: it stands here no more."""
        self._calling.discard(offset)
        while self._called and self._called[0] not in self._calling:
            heappop(self._called)
        for cause, group in self._groups.items():
            whom = group.whom.pop(offset, None)
            if whom is not None:
                self._leave(whom, offset)
                if not group.whom:
                    del self._groups[cause]
                return

    def whom_at(self, offset: int) -> int | None:
        """Whom it is for, if it stands here."""
        found = (group.whom.get(offset) for group in self._groups.values())
        return next((whom for whom in found if whom is not None), None)

    @property
    def first(self) -> int | None:
        """The first of all."""
        # Asked for each message that ends, and as a rule nothing is parked.
        return min(map(_first, self._groups.values())) if self._groups else None

    @property
    def wanted(self) -> int | None:
        """The first that is to be read again."""
        if not self._groups:
            return None
        found = [_first(group) for group in self._groups.values() if group.open]
        return min([*found, *self._called[:1]], default=None)

    def cause_before(self, whom: int, offset: int | None) -> Cause | None:
        """
        What holds something to *whom*, standing before *offset* if that is given; ``None`` for nothing.
        """
        others = self._of.get(whom)
        first = others[0] if isinstance(others, list) else others
        if first is None or (offset is not None and first >= offset):
            return None
        return next(cause for cause, group in self._groups.items() if first in group.whom)

    def offsets(self) -> list[int]:
        """All of them, in order."""
        return sorted(offset for group in self._groups.values() for offset in group.whom)

    def open_where(self, over: Callable[[Cause], bool]) -> list[Cause]:
        """
        What is held by what is *over* is to be read again; what was over may have begun anew.

        Returns what was not over before.
        """
        before = {cause for cause, group in self._groups.items() if group.open}
        for cause, group in self._groups.items():
            group.open = over(cause)
        return [c for c, group in self._groups.items() if group.open and c not in before]

    def call(self, whom: int) -> None:
        """All that is for *whom* is to be read again: what holds it may not hold it any more."""
        self._call(_listed(self._of.get(whom)))

    def rename(self, whom: int, known_as: int) -> None:
        """A customer has another name from now on."""
        if whom == known_as or (found := self._of.pop(whom, None)) is None:
            return
        theirs, others = _listed(found), _listed(self._of.get(known_as))
        self._of[known_as] = sorted([*theirs, *others])
        for offset in theirs:
            group = next(g for g in self._groups.values() if offset in g.whom)
            group.whom[offset] = known_as

    def call_next(self, whom: int) -> None:
        """What was before it is over, and held it too: the first for *whom* is to be read again."""
        self._call(_listed(self._of.get(whom))[:1])

    def expire(self, now: float) -> None:
        """Whatever has expired is to be read again, to be ended."""
        over = []
        while self._expiring and self._expiring[0] >> _OFFSET_BITS < now:
            over.append(heappop(self._expiring) & ((1 << _OFFSET_BITS) - 1))
        self._call([offset for offset in over if offset in self])

    def drop_before(self, offset: int) -> int:
        """Retention took what stands before *offset*: forget it, and say how many that were."""
        gone = {
            each: whom
            for group in self._groups.values()
            for each, whom in group.whom.items()
            if each < offset
        }
        for each in gone:
            self.take(each)
        for whom in {*gone.values()}:
            self.call_next(whom)
        return len(gone)

    def _call(self, offsets: list[int]) -> None:
        for offset in offsets:
            if offset not in self._calling:
                self._calling.add(offset)
                heappush(self._called, offset)

    def _leave(self, whom: int, offset: int) -> None:
        others = self._of[whom]
        if isinstance(others, list) and len(others) > 1:
            others.remove(offset)
        else:
            del self._of[whom]

    def _tidy(self, group: _Group) -> None:
        """What is parked again stands in the heaps twice; not more often."""
        if len(group.order) > 2 * len(group.whom) + STALE:
            group.order = sorted(group.whom)
        if len(self._expiring) > 2 * len(self) + STALE:
            offset_of = (1 << _OFFSET_BITS) - 1
            self._expiring = sorted({e for e in self._expiring if e & offset_of in self})


def _listed(found: int | list[int] | None) -> list[int]:
    """One is kept without a list, which takes less."""
    return found if isinstance(found, list) else [] if found is None else [found]


def _first(group: _Group) -> int:
    """A group that is empty is none, so there is one."""
    while group.order[0] not in group.whom:
        heappop(group.order)
    return group.order[0]

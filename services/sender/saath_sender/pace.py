"""
The cap, kept by a log of what left: at most ``cap`` in any sliding second. Pure: time is given.

A bucket of 20 lets 39 through in one second; a limiter of one in 50 ms loses 7 % to its own timer.
This loses the margin, 1 %.
"""

from collections.abc import Sequence

CAP_MAX = 1000
# Starts are spread evenly over the second, for whoever comes next waits for no more than one of them
# then. In slots: what of one is spared, how close two starts may be where one was late, and how much
# lateness is made up for.
SPREAD, CLOSEST, LATE_MAX = 0.985, 0.5, 1.0
# Meta counts as we do, so what it does not take is a little too much, at first; said again before the
# number has recovered, it is far too much. A sixtieth of the cap comes back each second.
FIRST_STEP, NEXT_STEP, SLOWEST = 0.75, 0.5, 0.05
RECOVERS_IN_SECONDS = 60.0


class Pace:
    """
    One number's pace.

    ``next_at`` says when the next send may be chosen; ``reserve`` chooses it; ``wait`` and ``leave``
    are asked when its bytes are about to leave, which may be later than planned: only what leaves
    counts, and whatever was late waits until there is room for it again. What ``hear`` is told of
    fills the second too, as far as one of ours is left in it. Times never go back.
    """

    def __init__(self, cap: int, margin: float) -> None:
        self.cap = cap
        self._second = 1 + margin
        self._left: list[float] = []
        # The same, and what was heard, in one order of time.
        self._counted: list[float] = []
        self._reserved: list[float] = []
        # When the last one was to start, and how long after it the next: it may have been a little later.
        self._planned, self._step = float("-inf"), 0.0
        self._slowed: tuple[float, float] | None = None
        self._not_before = float("-inf")

    def next_at(self, now: float) -> float:
        """When the next one may start, if nothing starts before that."""
        return max(now, self._open_at(now))

    def reserve(self, now: float) -> float:
        """Count one that is about to leave; give its return value to what follows."""
        slot, at = self._second / self.effective_cap(now), self._open_at(now)
        # Whoever comes later than that was not late: there was nothing to send.
        self._planned = at if now - at <= LATE_MAX * slot else now
        self._step = SPREAD * slot
        self._reserved.append(now)
        return now

    def wait(self, now: float) -> float:
        """How long what is reserved must still wait at the door; 0 when it may leave now."""
        return max(0.0, self._room_at(self.effective_cap(now), ()) - now)

    def leave(self, slot: float, now: float) -> None:
        """It leaves now."""
        self._reserved.remove(slot)
        self._left.append(now)
        self._count(now)

    def left_since(self, at: float) -> int:
        """How many left after *at*."""
        return sum(left > at for left in reversed(self._left))

    def give_back(self, slot: float) -> None:
        """It does not leave after all."""
        if slot == self._reserved[-1]:
            self._planned -= self._step
        self._reserved.remove(slot)

    def hear(self, now: float) -> None:
        """A customer wrote, and Meta counts that as it counts what we send."""
        self._count(now)

    def slow_down(self, now: float, pause: float = 1.0) -> float | None:
        """
        Meta says that it is too fast (130429): the share of the cap that is left to it, growing from now on.

        What was under way when Meta said so first may be refused too; that is the same one time, and
        ``None``.
        """
        if now < self._not_before:
            return None
        before = self._share(now)
        share = max(SLOWEST, before * (FIRST_STEP if before == 1.0 else NEXT_STEP))
        self.go_on(now, share, now + pause)
        return share

    def go_on(self, since: float, share: float, not_before: float) -> None:
        """It has had this share of its cap since then, and nothing leaves before *not_before*."""
        self._slowed, self._not_before = (since, share), not_before

    def quiet(self, now: float, seconds: float) -> bool:
        """Whether it may be forgotten: all its cap is free, and nothing has filled it for so long."""
        busy = self._reserved or now < self._not_before or self._share(now) < 1.0
        return not busy and (not self._counted or now - self._counted[-1] >= seconds)

    def effective_cap(self, now: float) -> int:
        """The cap, less what Meta made us give up of it; never under one."""
        return self.cap if self._slowed is None else max(1, int(self.cap * self._share(now)))

    def _open_at(self, now: float) -> float:
        cap = self.effective_cap(now)
        room, latest = self._room_at(cap, self._reserved), self._reserved or self._left
        if not latest:
            return room
        slot = self._second / cap
        return max(room, self._planned + SPREAD * slot, latest[-1] + CLOSEST * slot)

    def _room_at(self, cap: int, first: Sequence[float]) -> float:
        """When there is room for one more, if what is reserved leaves *first*."""
        full = self._full_until(self._counted, cap, first)
        # Customers take of the second what they will, but the last one of it.
        at = min(full, self._full_until(self._left, 1, first))
        return max(at, self._not_before)

    def _full_until(self, times: Sequence[float], cap: int, first: Sequence[float]) -> float:
        free = cap - len(first)
        if free <= 0:
            return first[-cap] + self._second
        return times[-free] + self._second if len(times) >= free else float("-inf")

    def _count(self, now: float) -> None:
        self._counted.append(now)
        for times in (self._left, self._counted):
            if len(times) > 2 * CAP_MAX:
                del times[:-CAP_MAX]

    def _share(self, now: float) -> float:
        if self._slowed is None:
            return 1.0
        since, share = self._slowed
        share += (now - since) / RECOVERS_IN_SECONDS
        if share >= 1.0:
            self._slowed = None
        return min(1.0, share)

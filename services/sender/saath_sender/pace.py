"""
The cap, kept by a log of what left: at most ``cap`` in any sliding second. Pure: time is given.

A bucket of 20 lets 39 through in one second; a limiter of one in 50 ms loses 7 % to its own timer.
This loses the margin, 1 %.
"""

from collections import deque

CAP_MAX = 1000
# Starts are spread over the second, with a tenth to spare so that a late one can be caught up with.
SPREAD = 0.9
SLOWEST = 0.05
RECOVERS_IN_SECONDS = 60.0


class Pace:
    """
    One number's pace.

    ``next_at`` says when the next send may be chosen; ``reserve`` chooses it; ``wait`` and ``leave``
    are asked when its bytes are about to leave, which may be later than planned: only what leaves
    counts, and whatever was late waits until there is room for it again.
    """

    def __init__(self, cap: int, margin: float) -> None:
        self.cap = cap
        self._margin = margin
        self._left: deque[float] = deque(maxlen=CAP_MAX)
        self._reserved: list[float] = []
        self._slowed: tuple[float, float] | None = None
        self._not_before = float("-inf")

    def next_at(self, now: float) -> float:
        """When the next one may start, if nothing starts before that."""
        cap = self.effective_cap(now)
        times = sorted((*self._left, *self._reserved)) if self._reserved else self._left
        at = max(now, self._not_before)
        if times:
            at = max(at, times[-1] + SPREAD / cap)
        if len(times) >= cap:
            at = max(at, times[-cap] + 1 + self._margin)
        return at

    def reserve(self, now: float) -> float:
        """Count one that is about to leave; give its return value to what follows."""
        self._reserved.append(now)
        return now

    def wait(self, now: float) -> float:
        """How long what is reserved must still wait at the door; 0 when it may leave now."""
        cap = self.effective_cap(now)
        at = max(now, self._not_before)
        if len(self._left) >= cap:
            at = max(at, self._left[-cap] + 1 + self._margin)
        return at - now

    def leave(self, slot: float, now: float) -> None:
        """It leaves now."""
        self._reserved.remove(slot)
        self._left.append(now)

    def left_since(self, at: float) -> int:
        """How many left after *at*."""
        return sum(left > at for left in reversed(self._left))

    def give_back(self, slot: float) -> None:
        """It does not leave after all."""
        self._reserved.remove(slot)

    def slow_down(self, now: float, pause: float = 1.0) -> None:
        """
        Meta says that it is too fast (130429): half the pace from now on, recovering slowly.

        What was under way when Meta said so first may be refused too; that is the same one time.
        """
        if now < self._not_before:
            return
        self._slowed = (now, max(SLOWEST, self._share(now) / 2))
        self._not_before = now + pause

    def effective_cap(self, now: float) -> int:
        """The cap, less what Meta made us give up of it; never under one."""
        return max(1, int(self.cap * self._share(now)))

    def _share(self, now: float) -> float:
        if self._slowed is None:
            return 1.0
        since, share = self._slowed
        share += (1 - share) * (now - since) / RECOVERS_IN_SECONDS
        if now - since >= RECOVERS_IN_SECONDS:
            self._slowed = None
            return 1.0
        return share

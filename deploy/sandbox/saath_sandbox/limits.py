"""
Meta's limits, counted. Pure: arrivals in, verdicts out; no clock of its own.

What "in any sliding second" means here: for every real t, the arrivals a with
t <= a < t + 1. The window is half-open, so two arrivals exactly one second
apart are never in the same one. It is enough to look at the windows that start
at an arrival: any other window can be slid right to its first arrival without
losing one.
"""

from bisect import bisect_left, bisect_right

# A body may be read a little after its headers, so arrivals are added nearly in order.
# Ten seconds is far more than that takes, and at 1,000 a second still only 10,000 floats.
REMEMBERED_SECONDS = 10.0


class SlidingWindow:
    """Counts arrivals in half-open windows [t, t + width), see the module's first words."""

    def __init__(self, width_seconds: float = 1.0) -> None:
        self.width_seconds = width_seconds
        self.peak = 0
        self._times: list[float] = []

    def busiest_with(self, at: float) -> int:
        """How many arrivals the fullest window that contains *at* would hold, *at* included."""
        times, width = self._times, self.width_seconds
        # Windows that contain `at` start at `at` or at an earlier arrival s with at < s + width.
        first = bisect_right(times, at, key=lambda start: start + width)
        position = bisect_right(times, at)
        starts = [*times[first:position], at]
        return max(
            bisect_left(times, start + width) - first - index + 1
            for index, start in enumerate(starts)
        )

    def add(self, at: float) -> None:
        """Count an arrival. Late by up to `REMEMBERED_SECONDS` is still counted rightly."""
        self.peak = max(self.peak, self.busiest_with(at))
        times = self._times
        times.insert(bisect_right(times, at), at)
        if times[0] < times[-1] - 2 * REMEMBERED_SECONDS:
            del times[: bisect_left(times, times[-1] - REMEMBERED_SECONDS)]


class PairBudget:
    """
    What one number may still send to one customer: a burst, then one every few seconds.

    Meta: 45 at once, borrowed from the future at one per 6 seconds.
    """

    def __init__(self, burst: int = 45, refill_seconds: float = 6.0) -> None:
        self.burst = burst
        self.refill_seconds = refill_seconds
        self._left = float(burst)
        self._at = float("-inf")

    def take(self, at: float) -> bool:
        """Take one if there is one, at time *at*."""
        self._left = self.left(at)
        self._at = max(self._at, at)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def left(self, at: float) -> float:
        """How many could be taken at once at time *at*."""
        if self._left >= self.burst:
            return self._left
        grown = max(0.0, at - self._at) / self.refill_seconds
        return min(float(self.burst), self._left + grown)

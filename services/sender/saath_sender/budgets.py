"""
The pair budget: how much one customer may be sent by one number (131056 beyond it). Pure.

Meta lets 45 through at once and one in 6 s on average, which is a leaky bucket. It is spent by what
leaves, in the body's own write, where nothing may be awaited: what stays has cost nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass

BURST = 45
EVERY_SECONDS = 6.0
# A full bucket is empty after 270 s, in which one number at Meta's cap reaches 5,400 customers. Where a
# partition's numbers reach more than this, who was sent nothing for the longest starts anew.
PAIRS_MAX = 20_000
BACKOFF_MAX = 4**4


@dataclass(slots=True, eq=False)
class Pair:
    """One number and one customer. ``empty_at``: when all that was sent will have drained."""

    empty_at: float = float("-inf")
    refusals: int = 0
    not_before: float = float("-inf")

    def ready(self, now: float) -> bool:
        """Whether they may be sent one more now."""
        return now >= self.not_before and self.empty_at - now <= (BURST - 1) * EVERY_SECONDS

    def take(self, now: float) -> None:
        """One leaves."""
        self.empty_at = max(self.empty_at, now) + EVERY_SECONDS

    def refused(self, now: float) -> None:
        """Meta says 131056: wait 1, 4, 16, 64… s, for this pair only."""
        self.not_before = now + min(BACKOFF_MAX, 4**self.refusals)
        self.refusals += 1

    def accepted(self) -> None:
        """Meta took one: the next refusal is a first one again."""
        self.refusals = 0


class PairBudgets:
    """The budgets of all pairs of one partition, the least recently used forgotten first."""

    def __init__(self, pairs_max: int = PAIRS_MAX) -> None:
        self._pairs: OrderedDict[tuple[str, str], Pair] = OrderedDict()
        self._max = pairs_max

    def ready(self, number: str, recipient: str, now: float) -> bool:
        """Whether *recipient* may be sent one more now."""
        pair = self._pairs.get((number, recipient))
        return pair is None or pair.ready(now)

    def of(self, number: str, recipient: str) -> Pair:
        """The budget that *recipient* is sent from."""
        pair = self._pairs.setdefault((number, recipient), Pair())
        self._pairs.move_to_end((number, recipient))
        if len(self._pairs) > self._max:
            self._pairs.popitem(last=False)
        return pair

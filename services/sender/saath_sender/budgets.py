"""
The pair budget: how much one customer may be sent by one number (131056 beyond it).

Meta lets 45 through at once and one in 6 s on average, which is a leaky bucket.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

BURST = 45
DRAINS_IN_SECONDS = 270.0
# A full bucket is empty after 270 s; a partition's numbers do not reach more customers in that time.
PAIRS_MAX = 20_000
BACKOFF_MAX = 4**4


@dataclass(slots=True)
class _Pair:
    bucket: AsyncLimiter = field(default_factory=lambda: AsyncLimiter(BURST, DRAINS_IN_SECONDS))
    refusals: int = 0
    not_before: float = 0.0


class PairBudgets:
    """The budgets of all pairs of one partition, the least recently used forgotten first."""

    def __init__(self, pairs_max: int = PAIRS_MAX) -> None:
        self._pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()
        self._max = pairs_max

    def ready(self, number: str, recipient: str, now: float) -> bool:
        """Whether *recipient* may be sent one more now. Needs a running event loop."""
        pair = self._pairs.get((number, recipient))
        return pair is None or (now >= pair.not_before and pair.bucket.has_capacity())

    async def take(self, number: str, recipient: str) -> None:
        """One is sent; where there is room, this does not wait."""
        await self._pair(number, recipient).bucket.acquire()

    def refused(self, number: str, recipient: str, now: float) -> None:
        """Meta says 131056: wait 1, 4, 16, 64… s, for this pair only."""
        pair = self._pair(number, recipient)
        pair.not_before = now + min(BACKOFF_MAX, 4**pair.refusals)
        pair.refusals += 1

    def accepted(self, number: str, recipient: str) -> None:
        """Meta took one: the next refusal is a first one again."""
        if pair := self._pairs.get((number, recipient)):
            pair.refusals = 0

    def _pair(self, number: str, recipient: str) -> _Pair:
        pair = self._pairs.setdefault((number, recipient), _Pair())
        self._pairs.move_to_end((number, recipient))
        if len(self._pairs) > self._max:
            self._pairs.popitem(last=False)
        return pair

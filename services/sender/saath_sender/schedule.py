"""When each number has something due. Pure: time is given."""

from heapq import heappop, heappush
from itertools import count

from saath_sender.jobs import NumberWork


class Schedule:
    """
    The numbers of one partition in the order in which something of theirs may leave.

    A number stands here at most once. Its time is looked up again when it comes, so whatever makes it
    later need not be told here; what makes it earlier does.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, NumberWork]] = []
        self._at: dict[NumberWork, float] = {}
        self._turn = count()

    def put(self, work: NumberWork, at: float) -> None:
        """Look at *work* at this time, or before it where that was said already."""
        if at < self._at.get(work, float("inf")):
            self._at[work] = at
            heappush(self._heap, (at, next(self._turn), work))

    def due(self, now: float) -> list[NumberWork]:
        """All whose time has come, each once; they are forgotten here."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, _, work = heappop(self._heap)
            if self._at.get(work) == at:
                del self._at[work]
                found.append(work)
        return found

    def next_at(self) -> float | None:
        """When the next one's time comes."""
        return self._heap[0][0] if self._heap else None

"""Which conversation's time comes next. Pure: it holds moments, and no clock."""

import heapq
from datetime import datetime


class Alarms:
    """
    One moment a conversation, the earliest first.

    One that moves to later stays where it is, and is set anew when it comes up: a conversation in which
    much is written would otherwise leave a trail of moments that mean nothing any more.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._moments: dict[str, tuple[datetime, datetime]] = {}  # when it comes up, when it is due

    def set(self, name: str, due: datetime | None) -> None:
        """*name* is due then; ``None`` for not at all."""
        if due is None:
            self._moments.pop(name, None)
            return
        comes_up, _ = self._moments.get(name, (None, None))
        if comes_up is None or due < comes_up:
            heapq.heappush(self._heap, (due, name))
            comes_up = due
        self._moments[name] = (comes_up, due)

    def next_due(self) -> datetime | None:
        """The earliest moment of all."""
        while self._heap:
            comes_up, name = self._heap[0]
            known, due = self._moments.get(name, (None, comes_up))
            if known == comes_up == due:
                return due
            heapq.heappop(self._heap)
            if known == comes_up:
                heapq.heappush(self._heap, (due, name))
                self._moments[name] = (due, due)
        return None

    def pop(self, until: datetime) -> str | None:
        """Take out what is due first, where it is due at *until*."""
        due = self.next_due()
        if due is None or due > until:
            return None
        _, name = heapq.heappop(self._heap)
        del self._moments[name]
        return name

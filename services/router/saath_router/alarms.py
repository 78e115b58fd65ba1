"""Which conversation's time comes next. Pure: it holds moments, and no clock."""

import heapq
from datetime import datetime

from saath_router.journal import Journal

Entry = tuple[datetime, str]


class Alarms:
    """
    One moment a conversation, the earliest first.

    One that moves to later stays where it is, and is set anew when it comes up: a conversation in which
    much is written would otherwise leave a trail of moments that mean nothing any more.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal()
        self._heap: list[Entry] = []
        self._comes_up: dict[str, Entry] = {}
        self._later: dict[str, datetime] = {}  # when it is due, where that is after it comes up

    def set(self, name: str, due: datetime | None) -> None:
        """*name* is due then; ``None`` for not at all."""
        # What is pushed meanwhile may stay in the heap: by identity, it means nothing any more.
        self._journal.will_change(self._later, name)
        self._journal.will_change(self._comes_up, name)
        self._later.pop(name, None)
        if due is None:
            self._comes_up.pop(name, None)
            return
        entry = self._comes_up.get(name)
        if entry is None or due < entry[0]:
            self._push((due, name))
        elif due > entry[0]:
            self._later[name] = due

    def next_due(self) -> datetime | None:
        """The earliest moment of all."""
        while self._heap:
            entry = self._heap[0]
            due, name = entry
            # By identity: it may have been let go of, and set anew for the same moment.
            current = self._comes_up.get(name) is entry
            if current and name not in self._later:
                return due
            heapq.heappop(self._heap)
            if current:
                self._push((self._later.pop(name), name))
        return None

    def pop(self, until: datetime) -> str | None:
        """Take out what is due first, where it is due at *until*."""
        due = self.next_due()
        if due is None or due > until:
            return None
        _, name = heapq.heappop(self._heap)
        del self._comes_up[name]
        return name

    def _push(self, entry: Entry) -> None:
        heapq.heappush(self._heap, entry)
        self._comes_up[entry[1]] = entry

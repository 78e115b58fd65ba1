"""
All lanes of one partition, by number and topic, and which of their cursors are to be written.

A lane that is done is forgotten; its number stays a while, for its pace's sake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from saath_sender.cursors import Cursor, encode_cursor, lane_key
from saath_sender.jobs import LANE_ORDER, Job, NumberWork
from saath_sender.lanes import Lane, Limits
from saath_sender.ledger import Origin
from saath_sender.pace import Pace

# A second would do for the cap; the gauges tell of a number for so much longer.
QUIET_SECONDS = 15 * 60.0


@dataclass(slots=True, eq=False)
class Shelves:
    """One partition's. ``numbers`` is the work of each."""

    limits: Limits
    cap_margin: float
    numbers: dict[str, NumberWork] = field(default_factory=dict)
    _changed: set[tuple[str, str]] = field(default_factory=set)
    _written: set[tuple[str, str]] = field(default_factory=set)

    def work(self, number: str) -> NumberWork:
        """All work of *number*."""
        if number not in self.numbers:
            self.numbers[number] = NumberWork(Pace(1, self.cap_margin))
        return self.numbers[number]

    def lane(self, topic: str, number: str) -> Lane[Job]:
        """The lane of *number* on *topic*."""
        lanes = self.work(number).lanes
        # Asked several times for each message, and to make one that is not wanted takes 4 µs.
        if (lane := lanes.get(topic)) is None:
            lane = lanes[topic] = Lane(self.limits)
        return lane

    def forget_quiet(self, now: float) -> None:
        """Forget the numbers that have nothing to do, and whose pace has long nothing to remember."""
        for number, work in [*self.numbers.items()]:
            if work.idle and work.pace.quiet(now, QUIET_SECONDS):
                del self.numbers[number]

    def lanes(self, topic: str) -> dict[str, Lane[Job]]:
        """The lanes of *topic* that are remembered, by number."""
        found = {number: work.lanes.get(topic) for number, work in self.numbers.items()}
        return {number: lane for number, lane in found.items() if lane}

    def restore(self, topic: str, number: str, cursor: Cursor | None) -> None:
        """Take over a lane's cursor from the changelog."""
        if topic not in LANE_ORDER:
            return
        if cursor is None:
            self.work(number).lanes.pop(topic, None)
            self._written.discard((topic, number))
        else:
            self.work(number).lanes[topic] = Lane.restored(self.limits, cursor)
            self._written.add((topic, number))

    def touch(self, topic: str, number: str) -> None:
        """The lane has changed: its cursor is written with the next transaction."""
        self._changed.add((topic, number))

    def call_next(self, topic: str, number: str, whom: int) -> None:
        """Something to them is over or lets others pass: what waited for it is looked at, or read again."""
        work = self.work(number)
        work.look_at = 0.0
        if lane := work.lanes.get(topic):
            lane.parked.call_next(whom)

    def cursors(self) -> Iterator[tuple[str, bytes | None]]:
        """What the next transaction writes of them, key and value."""
        for topic, number in sorted(self._changed):
            cursor = self.lane(topic, number).cursor()
            if cursor is None and (topic, number) not in self._written:
                continue
            yield lane_key(topic, number), encode_cursor(cursor) if cursor else None
            (self._written.add if cursor else self._written.discard)((topic, number))
        self._changed.clear()

    def is_behind(self, number: str) -> bool:
        """Whether any of *number* is to be read again, so that a repeat may be among it."""
        work = self.numbers.get(number)
        return work is not None and any(lane.behind or lane.parked for lane in work.lanes.values())

    def is_over(self, number: str, origin: Origin) -> bool:
        """Whether the record at *origin* is done."""
        work = self.numbers.get(number)
        lane = work.lanes.get(origin.topic) if work else None
        return lane is None or lane.is_finished(origin.offset)

    def tidy(self) -> None:
        """Forget lanes that are done."""
        for work in self.numbers.values():
            done = [topic for topic, lane in work.lanes.items() if lane.clean]
            for topic in done:
                del work.lanes[topic]

"""
How a number stands with its sender: its record, its pauses, and what waits in each lane.

Read by hand of a person from ``numbers``, the sender's changelog, the outbound topics and ``outcomes``;
of no group, and nothing is written. What cannot be read within the time is said to be unread.
"""

import json
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from saath.codec import decode
from saath.errors import PoisonRecord, RetryLater
from saath.events import MessageAccepted, NumberRecorded
from saath.kafka.changelog import POSITIONS_KEY, read_positions
from saath.kafka.layout import Layout
from saath.kafka.records import Record
from saath.kafka.search import Searcher, Stretch
from saath.topics import (
    NUMBERS,
    OUTBOUND,
    OUTBOUND_BULK,
    OUTBOUND_PEOPLE,
    OUTCOMES,
    Topic,
    partition_for,
    state_topic,
)

LANES = (OUTBOUND_PEOPLE, OUTBOUND, OUTBOUND_BULK)
SENT_WITHIN = timedelta(hours=1)
STATE = state_topic("sender")


@dataclass(frozen=True, slots=True)
class PauseSeen:
    """A pause as the sender has written it down."""

    scope: str
    reason: str
    code: int | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LaneSeen:
    """
    What waits on one topic: how many requests, and since when the oldest.

    ``whole``: all of it was read. ``unsure``: records beside these whose key names no number. ``parked``: so
    many of them are held for long and let others past; ``stopped``: they are too many to read past.
    """

    topic: str
    waiting: int
    oldest: datetime | None
    whole: bool
    unsure: int = 0
    parked: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A number as it stood at ``at``. ``sent`` and ``last_sent`` are of the last hour."""

    number: str
    at: datetime
    recorded: NumberRecorded | None
    sender_known: bool
    pauses: tuple[PauseSeen, ...]
    in_doubt: int
    lanes: tuple[LaneSeen, ...]
    sent: int
    last_sent: datetime | None
    sent_whole: bool


@dataclass(slots=True)
class _Books:
    """What the sender's changelog says of one number."""

    pauses: dict[str, PauseSeen] = field(default_factory=dict)
    cursors: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    doubts: set[str] = field(default_factory=set)
    positions: dict[str, int] = field(default_factory=dict)


class Standings:
    """Reads how a number stands, in so many seconds at most."""

    def __init__(self, searcher: Searcher, layout: Layout, seconds: float) -> None:
        self._searcher, self._layout = searcher, layout
        self._seconds, self._over = seconds, time.monotonic() + seconds

    async def of(self, number: str, now: datetime) -> Standing:
        """
        How *number* stands.

        Raises:
            RetryLater: there was no time to read what the sender has written of it.
        """
        books = await self._books(number)
        sent, last_sent, sent_whole = await self._sent(number, now)
        return Standing(
            number,
            now,
            await self._recorded(number),
            bool(books.positions),
            tuple(books.pauses[scope] for scope in sorted(books.pauses)),
            len(books.doubts),
            tuple([await self._lane(topic, number, books) for topic in LANES]),
            sent,
            last_sent,
            sent_whole,
        )

    async def _recorded(self, number: str) -> NumberRecorded | None:
        found: NumberRecorded | None = None
        async with aclosing(self._records(NUMBERS, number)) as records:
            async for record in records:
                if record.key == number.encode():
                    event = _event(record)
                    found = event if isinstance(event, NumberRecorded) else found
                    found = found if record.value else None
        return found

    async def _books(self, number: str) -> _Books:
        books = _Books()
        stretches = await self._stretches(STATE, number)
        async with aclosing(self._searcher.records(stretches)) as records:
            async for record in records:
                _take(books, number, record)
                if time.monotonic() > self._over:
                    raise RetryLater(
                        f"{STATE.name} was not read within {self._seconds:g} s; give it more: --seconds"
                    )
        return books

    async def _sent(self, number: str, now: datetime) -> tuple[int, datetime | None, bool]:
        count, last = 0, None
        where = [(OUTCOMES, self._partition(OUTCOMES, number))]
        stretches = await self._searcher.stretches(where, now - SENT_WITHIN)
        async with aclosing(self._searcher.records(stretches)) as records:
            async for record in records:
                if time.monotonic() > self._over:
                    return count, last, False
                if record.key == number.encode() and isinstance(_event(record), MessageAccepted):
                    count, last = count + 1, record.appended_at
        return count, last, True

    async def _lane(self, topic: Topic, number: str, books: _Books) -> LaneSeen:
        """All behind the cursor that is not finished; and what the sender has not come to yet."""
        cursor = _in_sets(books.cursors.get(topic.name, {}))
        start = int(cursor.get("next", books.positions.get(topic.name, 0)))
        parked, stopped = int(cursor.get("parked", 0)), bool(cursor.get("stopped"))
        waiting, unsure, oldest = 0, 0, None
        stretches = [
            Stretch(s.topic, s.partition, max(s.start, start), s.end)
            for s in await self._stretches(topic, number)
            if start < s.end
        ]
        async with aclosing(self._searcher.records(stretches)) as records:
            async for record in records:
                if time.monotonic() > self._over:
                    return LaneSeen(topic.name, waiting, oldest, False, unsure, parked, stopped)
                key = (record.key or b"").decode(errors="replace")
                if key == number and not is_finished(cursor, record.offset):
                    waiting, oldest = waiting + 1, oldest or record.appended_at
                elif not key.isdecimal():
                    unsure += 1
        return LaneSeen(topic.name, waiting, oldest, True, unsure, parked, stopped)

    async def _records(self, topic: Topic, number: str) -> AsyncGenerator[Record, None]:
        stretches = await self._stretches(topic, number)
        async with aclosing(self._searcher.records(stretches)) as records:
            async for record in records:
                yield record

    async def _stretches(self, topic: Topic, number: str) -> list[Stretch]:
        return await self._searcher.stretches([(topic, self._partition(topic, number))])

    def _partition(self, topic: Topic, number: str) -> int:
        return partition_for(number, self._layout.of(topic))


def _in_sets(cursor: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is finished of a lane may be many thousands, and is asked for each record."""
    return {**cursor, "finished": frozenset(cursor.get("finished", ()))}


def is_finished(cursor: Mapping[str, Any], offset: int) -> bool:
    """Whether a lane's cursor says of what stands at *offset*, beyond its ``next``, that it is done."""
    spans = cursor.get("spans", ())
    at = bisect_right(spans, offset, key=lambda span: span[0])
    return offset in cursor["finished"] or (at > 0 and offset <= spans[at - 1][1])


def _take(books: _Books, number: str, record: Record) -> None:
    """One record of the changelog, where it speaks of *number*."""
    key = (record.key or b"").decode(errors="replace")
    if record.key == POSITIONS_KEY:
        books.positions = read_positions(record.value)
        return
    value = json.loads(record.value) if record.value else None
    match key.split("/", 2):
        case ["pause", name, scope] if name == number:
            _put(books.pauses, scope, value and _pause(scope, value))
        case ["lane", topic, name] if name == number:
            _put(books.cursors, topic, value)
        case [name, _, _] if name == number:
            doubtful = value is not None and value.get("kind") == "doubt"
            (books.doubts.add if doubtful else books.doubts.discard)(key)


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        found.pop(name, None)
    else:
        found[name] = value


def _pause(scope: str, value: Mapping[str, Any]) -> PauseSeen:
    since, until = (datetime.fromtimestamp(value[name], UTC) for name in ("since", "until"))
    return PauseSeen(scope, value["reason"], value["code"], since, until)


def _event(record: Record) -> object:
    try:
        return decode(record.headers, record.value)
    except PoisonRecord:
        return None

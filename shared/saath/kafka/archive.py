"""Conversations as the public topics tell of them: one read whole, one found, all of a number."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import ConversationMerged, Event, OwnershipRecorded
from saath.kafka.layout import Layout
from saath.kafka.records import Record
from saath.kafka.search import Searcher, Stretch
from saath.story import Logged, in_order, is_named
from saath.story.names import needle
from saath.topics import CONVERSATIONS, HANDOFFS, OUTCOMES, OWNERS, TURNS, partition_for

# Where a conversation's events stand, all at the partition of its id.
TOLD_ON = (CONVERSATIONS, TURNS, HANDOFFS)
# Where an id may be found; on the last also what the router could not place.
SEARCHED = (*TOLD_ON, OUTCOMES)
DAY = timedelta(days=1)

# What is being read, how many records of it, and of how many.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Told:
    """
    All there is of a conversation, in order; with what was joined with it.

    ``record`` is the latest on ``owners``; ``asked`` the conversation that was asked for.
    """

    conversation: str
    asked: str
    log: tuple[Logged, ...]
    record: OwnershipRecorded | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """The public topics, read by hand of a person."""

    searcher: Searcher
    layout: Layout
    progress: Progress

    async def conversation(self, name: str, since: datetime | None = None) -> Told | None:
        """
        A conversation by its id; the one it was joined with, where it is no more.

        ``None`` where nothing is known of it.
        """
        asked, parts = name, dict[str, list[Logged]]()
        record: OwnershipRecorded | None = None
        while name not in parts:
            parts[name] = await self._of(name, since)
            record = await self._record(name, parts[name])
            name = (record and record.redirect) or _into(parts[name], name) or name
        joined = _joined(parts[name])
        for other in joined:  # which may have been joined with others before
            if other not in parts:
                parts[other] = await self._of(other, since)
                joined += _joined(parts[other])
        if record is None and not any(parts.values()):
            return None
        log = in_order(logged for part in parts.values() for logged in part)
        return Told(name, asked, log, record)

    async def find(self, asked: str, since: datetime, now: datetime) -> Logged | None:
        """Where an id is spoken of, looked for in the newest day first; no further back than *since*."""
        told, unplaced = needle(asked).encode(), None
        for days in count():
            before = None if days == 0 else now - days * DAY
            begin = max(since, now - (days + 1) * DAY)
            if days and begin >= now - days * DAY:
                return unplaced
            everywhere = [(t, p) for t in SEARCHED for p in range(self.layout.of(t))]
            stretches = await self.searcher.stretches(everywhere, begin, before)
            if not stretches and not await self.searcher.stretches(everywhere, None, begin):
                return unplaced  # nothing is older, however far back it is asked for
            async with aclosing(self._events(stretches, f"{begin:%-d %b}", told)) as found:
                async for logged in found:
                    if not is_named(logged.event, asked):
                        continue
                    if logged.event.conversation:
                        return logged
                    unplaced = unplaced or logged
        return unplaced

    async def owned(self, number: str) -> dict[str, OwnershipRecorded]:
        """The latest ownership of each conversation of *number*."""
        found: dict[str, OwnershipRecorded] = {}
        at = [(OWNERS, partition_for(number, self.layout.of(OWNERS)))]
        async with aclosing(self._records(await self.searcher.stretches(at), "owners")) as records:
            async for record in records:
                _keep(found, record)
        return {name: owned for name, owned in found.items() if owned.number == number}

    async def lately(self, number: str, since: datetime) -> dict[str, list[Logged]]:
        """What was put down of each conversation of *number* since then, in order."""
        everywhere = [(CONVERSATIONS, p) for p in range(self.layout.of(CONVERSATIONS))]
        stretches = await self.searcher.stretches(everywhere, since)
        found: dict[str, list[Logged]] = {}
        async with aclosing(self._events(stretches, "the log", number.encode())) as events:
            async for logged in events:
                if logged.event.number == number and logged.event.conversation:
                    found.setdefault(logged.event.conversation, []).append(logged)
        return found

    async def _of(self, name: str, since: datetime | None) -> list[Logged]:
        where = [(topic, partition_for(name, self.layout.of(topic))) for topic in TOLD_ON]
        stretches = await self.searcher.stretches(where, since)
        async with aclosing(self._events(stretches, "the log", name.encode())) as events:
            return [logged async for logged in events if logged.event.conversation == name]

    async def _record(self, name: str, log: Iterable[Logged]) -> OwnershipRecorded | None:
        """The latest on ``owners``: of its number's partition, where the log names the number."""
        number = next((logged.event.number for logged in log if logged.event.number), None)
        count = self.layout.of(OWNERS)
        partitions = range(count) if number is None else [partition_for(number, count)]
        stretches = await self.searcher.stretches([(OWNERS, p) for p in partitions])
        found: dict[str, OwnershipRecorded] = {}
        async with aclosing(self._records(stretches, "owners")) as records:
            async for record in records:
                if record.key == name.encode():
                    _keep(found, record)
        return found.get(name)

    async def _events(
        self, stretches: list[Stretch], what: str, told: bytes
    ) -> AsyncGenerator[Logged, None]:
        """The events in which *told* stands; what cannot be read tells nothing."""
        async with aclosing(self._records(stretches, what)) as records:
            async for record in records:
                if told in (record.value or b""):
                    event = _event(record)
                    if event is not None:
                        yield _logged(record, event)

    async def _records(self, stretches: list[Stretch], what: str) -> AsyncGenerator[Record, None]:
        def progress(read: int, of: int) -> None:
            self.progress(what, read, of)

        async with aclosing(self.searcher.records(stretches, progress)) as records:
            async for record in records:
                yield record


def _keep(found: dict[str, OwnershipRecorded], record: Record) -> None:
    name = (record.key or b"").decode(errors="replace")
    event = _event(record)
    if record.value is None:
        found.pop(name, None)
    elif isinstance(event, OwnershipRecorded):
        found[name] = event


def _event(record: Record) -> Event | None:
    try:
        return decode(record.headers, record.value)
    except PoisonRecord:
        return None


def _logged(record: Record, event: Event) -> Logged:
    at = record.appended_at
    return Logged(event, at, record.topic.name, record.partition, record.offset)


def _into(log: Iterable[Logged], name: str) -> str | None:
    for logged in log:
        if isinstance(logged.event, ConversationMerged) and logged.event.merged == name:
            return logged.event.into
    return None


def _joined(log: Iterable[Logged]) -> list[str]:
    return [e.merged for e in (logged.event for logged in log) if isinstance(e, ConversationMerged)]

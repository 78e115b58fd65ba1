"""The event log, for whoever wants to know: typed events, each at least once, in order."""

import time
from collections import deque
from typing import Self

import structlog

from saath.client.connection import ClientSettings, client_id, given_or_loaded
from saath.client.offsets import Progress
from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import Event
from saath.kafka.group import GroupReader
from saath.kafka.records import Record
from saath.topics import CONVERSATIONS, Topic

log = structlog.get_logger()

READ_AT_ONCE = 500
COMMIT_EVERY_SECONDS = 1.0


class Subscriber:
    """
    Reads the log of conversations, only what is committed, for ever.

    ``async with Subscriber("crm", MessageReceived) as events: async for event in events: …``

    A *group* remembers how far it has got; its first reading begins at the oldest event. An event is
    finished when the next one is asked for, and committed after that, so an event whose handling
    failed comes again: with an upsert by ``event.id`` that is effectively once. Without a group
    nothing is remembered: it reads from now on, or *from_beginning*. With no *types* every event is
    given; one of a type that this version does not know is passed over.
    """

    def __init__(
        self,
        group: str | None,
        *types: type[Event],
        settings: ClientSettings | None = None,
        from_beginning: bool = False,
        topic: Topic = CONVERSATIONS,
    ) -> None:
        self._group, self._types, self._topic = group, types or (Event,), topic
        self._settings, self._from_beginning = settings, from_beginning or group is not None
        self._reader: GroupReader | None = None
        self._progress = Progress()
        self._buffer: deque[Record] = deque()
        self._given: Record | None = None
        self._commit_at = 0.0

    async def __aenter__(self) -> Self:
        """
        Connect. Without a group, everything written after this is read.

        Raises:
            RetryLater: no broker answers.
            Misconfigured: a setting is misspelt, or the topic is not there.
        """
        settings = given_or_loaded(self._settings)
        name = client_id(self._group or "saath-subscriber")
        reader = GroupReader(
            settings.kafka, settings.topics, name, self._topic, self._group, self._from_beginning
        )
        self._reader = await reader.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reader is None:
            return
        await self._commit(self._reader)
        await self._reader.__aexit__()
        self._reader, self._given, self._progress = None, None, Progress()
        self._buffer.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event, waited for as long as it takes; the one before it is finished now."""
        if self._reader is None:
            await self.__aenter__()
        reader = self._reader
        assert reader is not None  # noqa: S101 # opened just now
        if self._given is not None:
            self._progress.finish(self._given.partition, self._given.offset)
            self._given = None
        while True:
            if time.monotonic() >= self._commit_at:
                await self._commit(reader)
            event = self._next_of(self._buffer)
            if event is not None:
                return event
            self._buffer.extend(await reader.read(READ_AT_ONCE))
            self._progress.keep(reader.assigned or frozenset())

    def _next_of(self, records: deque[Record]) -> Event | None:
        while records:
            record = records.popleft()
            if not self._is_ours(record):
                continue
            event = self._event(record)
            if event is not None:
                self._given = record
                return event
            self._progress.finish(record.partition, record.offset)
        return None

    def _is_ours(self, record: Record) -> bool:
        """False where a rebalance gave it to another, or took us back to what was given already."""
        ours = self._reader.assigned if self._reader else None
        return record.partition in (ours or ()) and self._progress.begin(
            record.partition, record.offset
        )

    def _event(self, record: Record) -> Event | None:
        if record.value is None:
            return None  # erased
        try:
            event = decode(record.headers, record.value)
        except PoisonRecord as error:
            log.info(
                "record.skipped",
                partition=record.partition,
                offset=record.offset,
                reason=str(error),
            )
            return None
        return event if isinstance(event, self._types) else None

    async def _commit(self, reader: GroupReader) -> None:
        self._commit_at = time.monotonic() + COMMIT_EVERY_SECONDS
        positions = self._progress.uncommitted()
        if await reader.commit(positions):
            self._progress.committed(positions)

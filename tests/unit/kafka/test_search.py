"""How far back a search looks: not before there was any time, and not for days in which nothing stands."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.structs import OffsetAndTimestamp, TopicPartition

from saath.codec import encode
from saath.events import ConversationMerged, Event
from saath.kafka.archive import Archive
from saath.kafka.layout import Layout
from saath.kafka.records import Record
from saath.kafka.search import Searcher, Stretch
from saath.topics import CONVERSATIONS, TOPICS, Topic

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Reader:
    """A partition of ten records, all of the first day of 1970; as aiokafka's consumer answers."""

    async def beginning_offsets(self, wheres: Sequence[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(wheres, 0)

    async def end_offsets(self, wheres: Sequence[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(wheres, 10)

    async def offsets_for_times(self, asked: Mapping[Any, int]) -> dict[Any, Any]:
        if any(ms < 0 for ms in asked.values()):
            raise ValueError("The target time cannot be negative.")
        return {w: OffsetAndTimestamp(0, 0) if ms == 0 else None for w, ms in asked.items()}


class Counting(Searcher):
    """Finds nothing, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def stretches(
        self,
        partitions: Iterable[tuple[Topic, int]],
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[Stretch]:
        self.asked += 1
        old = since is None or since < NOW - timedelta(days=3)
        return [Stretch(t, p, 0, 1) for t, p in partitions] if old and self.asked < 50 else []

    async def records(
        self, stretches: Sequence[Stretch], progress: Any = None
    ) -> AsyncGenerator[Record, None]:
        for stretch in stretches[:0]:
            yield Record(stretch.topic, 0, 0, 0, None, None, ())


async def test_from_before_1970_is_from_the_beginning() -> None:
    found = await Searcher(Reader(), "").stretches(
        [(CONVERSATIONS, 0)], since=datetime(1960, 1, 1, tzinfo=UTC)
    )

    assert found == [Stretch(CONVERSATIONS, 0, 0, 10)]


class Log(Searcher):
    """One partition of the event log, the same however often it is read."""

    def __init__(self, *events: Event) -> None:
        self.events = events

    async def stretches(
        self,
        partitions: Iterable[tuple[Topic, int]],
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[Stretch]:
        return [Stretch(t, p, 0, len(self.events)) for t, p in partitions if t is CONVERSATIONS]

    async def records(
        self, stretches: Sequence[Stretch], progress: Any = None
    ) -> AsyncGenerator[Record, None]:
        for stretch in stretches:
            for at, event in enumerate(self.events):
                headers, value = encode(event)
                key = event.id.encode()
                yield Record(stretch.topic, 0, at, at, key, value, tuple(headers))


def joined(gone: str, kept: str) -> list[Event]:
    """Said in both of them."""
    return [
        ConversationMerged(
            id=f"{gone}-{where}", time=NOW, conversation=where, into=kept, merged=gone, epoch=1
        )
        for where in (gone, kept)
    ]


async def test_a_conversation_is_told_with_what_was_joined_with_what_was_joined_with_it() -> None:
    searcher = Log(*joined("c_1", "c_2"), *joined("c_2", "c_3"))
    archive = Archive(searcher, Layout({t.name: 1 for t in TOPICS}), lambda *_: None)

    told = await archive.conversation("c_1")

    assert told is not None
    assert (told.conversation, told.asked) == ("c_3", "c_1")
    assert [logged.event.id for logged in told.log] == ["c_1-c_1", "c_1-c_2", "c_2-c_2", "c_2-c_3"]
    again = await archive.conversation("c_3")
    assert again is not None
    assert again.log == told.log


async def test_a_search_ends_where_nothing_older_stands() -> None:
    searcher = Counting()
    archive = Archive(searcher, Layout({t.name: 1 for t in TOPICS}), lambda *_: None)

    found = await archive.find("nobody", datetime(1960, 1, 1, tzinfo=UTC), NOW)

    assert (found, 50 <= searcher.asked < 60) == (None, True)

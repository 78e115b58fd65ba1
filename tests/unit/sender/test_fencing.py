"""What must be read before a bot may speak: all that people have asked for too, once we are open."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from tests.unit.sender.facts import TOKENS, number

from saath.kafka.partition_reader import PartitionReader
from saath.topics import OUTBOUND_PEOPLE, Topic
from saath_sender.fencing import FenceReader
from saath_sender.handler import SenderHandler
from saath_sender.installation import Installation
from saath_sender.settings import SenderSection

END = 7


class Reader:
    """Stands *behind* the end of its topics by so many records; the first question ends the run."""

    def __init__(self, stopping: asyncio.Event, behind: int = 0) -> None:
        self._stopping, self._behind = stopping, behind
        self.asked: set[str] = set()

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        self._stopping.set()
        self.asked |= {topic.name for topic in topics}
        return dict.fromkeys(topics, END)

    async def position(self, topic: Topic) -> int:
        return END - self._behind


@pytest.mark.parametrize(
    ("is_open", "behind", "fresh"),
    [(True, 0, True), (True, 1, False), (False, 1, True)],
)
async def test_it_is_fresh_when_people_s_requests_are_read_too(
    is_open: bool, behind: int, fresh: bool
) -> None:
    stopping = asyncio.Event()
    rules = SenderSection(fence_seconds=0.05)
    handler = SenderHandler(Installation(TOKENS.read, lambda _: number(), 24, rules), 0)
    handler.open = is_open
    asker = Reader(stopping)

    def a(reader: Any) -> PartitionReader:
        return cast("PartitionReader", reader)

    await FenceReader(
        handler,
        a(Reader(stopping)),
        a(asker),
        requests=a(Reader(stopping, behind)),
        needed=lambda: True,
        changed=lambda: None,
    ).keep_fresh(stopping)

    assert (handler.fresh_until > 0, OUTBOUND_PEOPLE.name in asker.asked) == (fresh, is_open)

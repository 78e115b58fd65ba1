"""A new owner waits for the old one's last word before it shuts it out, and not for ever."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from tests.unit.sender.facts import NOW

from saath.kafka.partition_reader import PartitionReader
from saath.kafka.records import Record
from saath.topics import Topic
from saath_sender.books import RELEASED_KEY, STATE
from saath_sender.handover import wait_for_release

WORD, TAKEN_UP = (RELEASED_KEY, b"1790000000.0"), (RELEASED_KEY, None)
BEGUN = (b"100000000000001/r/0", b"{}")


class Tail:
    """The end of a changelog, given out in portions as they come."""

    def __init__(self, *portions: Sequence[tuple[bytes, bytes | None]]) -> None:
        self._portions = [*portions]
        self._at = 0
        self.fetched = 0

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        return dict.fromkeys(topics, len(self._portions[0]) if self._portions else 0)

    async def seek(self, positions: Mapping[Topic, int]) -> dict[Topic, int]:
        return dict(positions)

    async def position(self, _: Topic) -> int:
        return self._at

    async def fetch(self, **_: Any) -> list[Record]:
        await asyncio.sleep(0)
        self.fetched += 1
        portion = self._portions.pop(0) if self._portions else []
        self._at += len(portion)
        at = int(NOW.timestamp() * 1000)
        return [Record(STATE, 0, n, at, key, value, ()) for n, (key, value) in enumerate(portion)]


async def waited(tail: Tail, seconds: float = 30) -> bool:
    reader = cast("PartitionReader", tail)
    return await wait_for_release(reader, seconds, asyncio.Event())


@pytest.mark.parametrize(
    ("portions", "fetched"),
    [
        ([], 0),  # nobody was here before
        ([[BEGUN, WORD]], 1),  # it left long ago
        ([[BEGUN], [], [BEGUN, WORD]], 3),  # it leaves now
        ([[WORD, TAKEN_UP, BEGUN], [WORD]], 2),  # the word of one before it does not count
    ],
)
async def test_it_goes_on_as_soon_as_the_last_owner_has_let_go(
    portions: list[list[tuple[bytes, bytes | None]]], fetched: int
) -> None:
    tail = Tail(*portions)

    assert (await waited(tail), tail.fetched) == (True, fetched)


async def test_one_that_was_killed_says_nothing_and_is_not_waited_for_for_ever() -> None:
    assert await waited(Tail([BEGUN]), seconds=0) is False


async def test_a_tenure_that_ends_waits_for_nobody() -> None:
    stopping = asyncio.Event()
    stopping.set()

    assert await wait_for_release(cast("PartitionReader", Tail([BEGUN])), 30, stopping) is False

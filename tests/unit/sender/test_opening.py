"""When a new owner may send: what the old one began may still leave, and what it sent counts for the cap."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from tests.unit.sender.facts import TOKENS, number
from tests.unit.sender.test_sender import PARTITION, PARTITIONS

from saath.graph import GraphClient, GraphSettings
from saath.kafka.changelog import POSITIONS_KEY, Restore
from saath.kafka.membership import Tenure
from saath.kafka.partition_reader import PartitionReader
from saath.kafka.records import Output, Record
from saath.kafka.transactions import TransactionalWriter
from saath.settings import KafkaSettings
from saath.topics import Topic
from saath_sender.books import LEASE_KEY, RELEASED_KEY, STATE, Books
from saath_sender.gauges import Gauges
from saath_sender.handler import SenderHandler
from saath_sender.installation import Installation
from saath_sender.lanes import Limits
from saath_sender.partition import Desk, Outside
from saath_sender.settings import SenderSection
from saath_sender.shelves import Shelves

RULES = SenderSection(lease_seconds=2, cap_margin_seconds=0.25)
FENCED_AT = 100.0


class Shelf:
    """A partition whose topics are empty, but for what the last owner wrote into its state."""

    def __init__(self, state: Mapping[bytes, bytes]) -> None:
        self._state = state

    async def restore(self, topic: Topic, apply: Restore) -> int:
        records = self._state if topic is STATE else {}
        for key, value in records.items():
            apply(key, value)
        return len(records)

    async def seek(self, positions: Mapping[Topic, int]) -> dict[Topic, int]:
        return dict(positions)

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        return dict.fromkeys(topics, 0)

    async def position(self, _: Topic) -> int:
        return 0

    async def fetch(self, **_: Any) -> list[Record]:
        return []


def a_desk(state: Mapping[bytes, bytes], writer: TransactionalWriter, tenure: Tenure) -> Desk:
    shelf = cast("PartitionReader", Shelf(state))
    graph, gauges = GraphClient(GraphSettings()), Gauges(by_number=True)
    outside = Outside(KafkaSettings(), "", "tests", graph, lambda _: None, gauges)
    at = Installation(TOKENS.read, lambda _: number(), PARTITIONS, RULES)
    return Desk(SenderHandler(at, PARTITION), writer, [shelf] * 4, outside, tenure)


@pytest.mark.parametrize(
    ("state", "waits_seconds"),
    [
        # Nobody has ever sent from here; the old owner died; it left a clean desk.
        ({}, 0.0),
        ({POSITIONS_KEY: b"{}"}, 2 + 1 + 0.25),
        ({POSITIONS_KEY: b"{}", RELEASED_KEY: b"1790000000.0"}, 1 + 0.25),
        # Its lease was longer than ours is, or shorter.
        ({POSITIONS_KEY: b"{}", LEASE_KEY: b"7.0"}, 7 + 1 + 0.25),
        ({POSITIONS_KEY: b"{}", LEASE_KEY: b"0.5"}, 2 + 1 + 0.25),
    ],
)
async def test_a_new_owner_waits_for_the_old_ones_lease_and_for_the_last_second_it_sent_in(
    state: dict[bytes, bytes], waits_seconds: float
) -> None:
    writer = cast("TransactionalWriter", None)  # nothing is written before it opens
    desk = a_desk(state, writer, Tenure(PARTITION))

    assert await desk.restore(FENCED_AT) == FENCED_AT + waits_seconds


def test_an_owner_says_how_long_its_lease_is_before_anything_of_its_is_begun() -> None:
    books = Books(PARTITION, PARTITIONS, Shelves(Limits(10), 0.01))
    books.say_lease(2.0)
    written, _ = books.take()
    books.say_lease(2.0)
    again, _ = books.take()

    assert [o.value for o in written if o.key == LEASE_KEY] == [b"2.0"]
    assert not [o for o in again if o.key == LEASE_KEY]


class Pen:
    """What an owner writes."""

    def __init__(self) -> None:
        self.keys: dict[bytes | None, bytes | None] = {}

    async def write(self, outputs: Sequence[Output]) -> list[int]:
        self.keys |= {output.key: output.value for output in outputs}
        return [0] * len(outputs)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        # Nobody was here before it; the one before it left a clean desk; the one before it died.
        ({}, True),
        ({POSITIONS_KEY: b"{}", RELEASED_KEY: b"1790000000.0"}, True),
        ({POSITIONS_KEY: b"{}"}, False),
    ],
)
async def test_an_owner_that_never_opened_hands_on_the_word_of_the_one_before_it(
    state: dict[bytes, bytes], says: bool
) -> None:
    pen = Pen()
    tenure = Tenure(PARTITION)
    desk = a_desk(state, cast("TransactionalWriter", pen), tenure)
    await desk.restore(FENCED_AT)
    tenure.stopping.set()
    await desk.work(opens_at=FENCED_AT)

    assert (pen.keys.get(RELEASED_KEY) is not None) == says

"""Which inputs of a partition are read when, and in what order their records are decided."""

from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from saath.kafka.inputs import BATCH_MAX, IDLE_MS, InputReader, Inputs
from saath.topics import BACKFILL, COMMANDS, CONTACTS, INBOUND, Topic

INPUTS = Inputs(INBOUND, others=(COMMANDS,), slow=(BACKFILL,), slow_max=2, lazy=(CONTACTS,))


@dataclass
class Consumer:
    """Has records by topic, and remembers what it was asked for."""

    waiting: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[set[str], int, int]] = field(default_factory=list)

    async def getmany(
        self, *wheres: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        self.asked.append(({where.topic for where in wheres}, timeout_ms, max_records))
        found = {}
        for where in wheres:
            dates = self.waiting.get(where.topic, [])[:max_records]
            self.waiting[where.topic] = self.waiting.get(where.topic, [])[max_records:]
            if dates:
                found[where] = [raw(where, at, date) for at, date in enumerate(dates)]
        return found


def raw(where: TopicPartition, offset: int, date: int) -> Any:
    return ConsumerRecord(where.topic, where.partition, offset, date, 1, b"k", b"v", None, 1, 1, ())


def reader(live: Consumer, slow: Consumer, inputs: Inputs = INPUTS) -> InputReader:
    return InputReader(inputs, 3, "t.", live, slow)


def names(*topics: Topic) -> set[str]:
    return {topic.full_name("t.") for topic in topics}


async def test_live_records_stand_in_the_order_of_their_dates_and_slow_ones_after_them() -> None:
    live = Consumer({"t.inbound.v1": [10, 30], "t.commands.v1": [20]})
    slow = Consumer({"t.backfill.v1": [1, 2, 3]})

    found = await reader(live, slow).next()

    assert [(record.topic, record.timestamp_ms) for record in found] == [
        (INBOUND, 10),
        (COMMANDS, 20),
        (INBOUND, 30),
        (BACKFILL, 1),
        (BACKFILL, 2),
    ]


async def test_slow_inputs_have_a_consumer_of_their_own_and_nobody_waits_at_it() -> None:
    live, slow = Consumer(), Consumer({"t.backfill.v1": [1]})

    await reader(live, slow).next()

    assert slow.asked == [(names(BACKFILL), 0, 2)]
    assert all(not topics & names(BACKFILL) for topics, *_ in live.asked)


async def test_live_records_are_waited_for_only_where_nothing_slow_is_there() -> None:
    live, slow = Consumer(), Consumer({"t.backfill.v1": [1]})
    it = reader(live, slow)

    await it.next()
    await it.next()

    assert [timeout for _, timeout, _ in live.asked] == [0, IDLE_MS]


async def test_lazy_inputs_are_looked_at_first_and_then_now_and_then() -> None:
    live = Consumer()
    it = reader(live, Consumer())

    await it.next()
    await it.next()

    everything = names(INBOUND, COMMANDS, CONTACTS)
    assert [topics for topics, *_ in live.asked] == [everything, names(INBOUND, COMMANDS)]


async def test_lazy_inputs_are_looked_at_again_at_once_where_there_is_more() -> None:
    live = Consumer({"t.contacts.v1": [1] * (BATCH_MAX + 1)})
    it = reader(live, Consumer())

    first, second = await it.next(), await it.next()

    assert (len(first), len(second)) == (BATCH_MAX, 1)

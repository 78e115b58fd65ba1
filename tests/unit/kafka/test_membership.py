"""What a member starts when the group's word changes while it waits. No broker: the group is played."""

import asyncio

from aiokafka import TopicPartition

from saath.kafka.membership import Membership, Tenure
from saath.settings import KafkaSettings


class Played:
    """A member whose tasks take their time to end; *started* names what was begun."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.may_end = asyncio.Event()
        self.member = Membership(KafkaSettings(), "tests", "group", "topic", self.run)

    async def run(self, tenure: Tenure) -> None:
        self.started.append(tenure.partition)
        await tenure.stopping.wait()
        await self.may_end.wait()

    def given(self, *partitions: int) -> None:
        self.member._assigned.on_partitions_assigned(TopicPartition("topic", p) for p in partitions)

    async def take(self) -> None:
        self.member._assigned.changed.clear()
        await self.member._take(None)  # the group is not asked
        await asyncio.sleep(0)

    async def end(self) -> None:
        self.may_end.set()
        await self.member._stop([0, 1, 2])


async def test_a_partition_that_went_elsewhere_while_another_one_ended_is_not_started() -> None:
    played = Played()
    played.given(0)
    await played.take()
    played.given(1)
    taking = asyncio.create_task(played.take())
    await asyncio.sleep(0)
    played.given(2)
    played.may_end.set()
    await taking
    await played.take()
    await played.end()

    assert played.started == [0, 2]


async def test_nothing_is_started_while_the_group_is_being_divided_anew() -> None:
    played = Played()
    played.given(0)
    await played.take()
    played.given(1)
    taking = asyncio.create_task(played.take())
    await asyncio.sleep(0)
    played.member._assigned.on_partitions_revoked([])
    played.may_end.set()
    await taking
    meanwhile = [*played.started]
    played.given(1)
    await played.take()
    await played.end()

    assert (meanwhile, played.started) == ([0], [0, 1])

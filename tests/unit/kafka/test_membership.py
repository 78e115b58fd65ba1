"""What a member starts when the group's word changes while it waits. No broker: the group is played."""

import asyncio

from aiokafka import TopicPartition
from structlog.testing import capture_logs

from saath.kafka.changelog import telling
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


async def test_the_probe_says_how_much_is_restored_of_what_is_furthest_behind() -> None:
    played = Played()
    played.given(0, 1, 2)
    await played.take()
    tenures = [played.member._running[p].tenure for p in (0, 1, 2)]
    said = []
    for partition, restored in ((0, 0.9), (1, 0.404), (2, 0.5)):
        telling(tenures[partition])(restored)
    said.append(played.member.problem())
    for tenure in tenures[1:]:
        tenure.ready.set()
    said.append(played.member.problem())
    tenures[0].ready.set()
    said.append(played.member.problem())
    await played.end()

    assert said == [
        "partition 1: 40 % of its state is restored, and 2 others are not ready",
        "partition 0: 90 % of its state is restored",
        None,
    ]


def test_a_long_restore_is_in_the_log_now_and_then() -> None:
    times = iter([0.0, 1.0, 2.9, 3.0, 3.1, 5.9, 6.0, 6.0])
    progress = telling(Tenure(7), lambda: next(times))
    with capture_logs() as logs:
        for share in (0.1, 0.29, 0.333, 0.34, 0.6, 0.666):
            progress(share)

    assert [(line["event"], line["partition"], line["done"]) for line in logs] == [
        ("partition.restoring", 7, 0.33),
        ("partition.restoring", 7, 0.67),
    ]
